//! Workers that were taken over: whatever they say, and whenever they are silent, the parent stays well.

use std::sync::Arc;
use std::time::{Duration, Instant};

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{AbortHandle, BootOptions, CallError, Limits, NoHost};
use twinwall_walled::{Machine, Program, Snapshot};

use super::processes::memory_of_this_process;
use super::support::{ECHO, Scribe, call, call_of, image, program_of, small, state};

fn hostile() -> Arc<Program> {
    program_of(env!("CARGO_BIN_EXE_twinwall-hostile-worker"))
}

fn limits() -> Limits {
    Limits { deadline: 20_000_000_000, host_calls: 50, host_bytes: 1 << 20, outbox_bytes: 1 << 16, ..small() }
}

fn hostile_machine(behaviour: &str, limits: Limits) -> Result<Machine, CallError> {
    let attachments = [(behaviour.as_bytes(), false)];
    Snapshot::load(hostile(), image(), &attachments, limits, false, &state())?.machine()
}

/// A call of a worker that does this.
fn provoke(behaviour: &str) -> (CallError, Machine, usize) {
    provoke_within(behaviour, limits())
}

fn provoke_within(behaviour: &str, limits: Limits) -> (CallError, Machine, usize) {
    let mut machine = hostile_machine(behaviour, limits).expect("it starts well");
    let mut host = Scribe::new(|_: &[u8]| Ok(vec![1; 100]));
    let outcome = machine.call(&call_of(ECHO, b"x", false), &mut host, &mut Vec::new());
    (outcome.expect_err(behaviour), machine, host.calls.len())
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_good_one_is_believed() {
    let mut machine = hostile_machine("good", limits()).expect("it starts");
    for _ in 0..2 {
        assert_eq!(call(&mut machine, ECHO, b"x"), Ok(b"well".to_vec()));
    }
    assert_eq!(machine.statistics().replaced, 0);
    // What it claims is shown, and nothing else.
    assert_eq!(machine.statistics().exits, u64::MAX);
    assert_eq!(machine.statistics().calls, 2);
    // Memory is what pools share a budget by: no more of it than there can be.
    let most = 34 << 20;
    assert!(machine.statistics().opened_bytes < most && machine.statistics().memory_bytes < most);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_breaks_the_protocol_ends_the_worker() {
    let before = memory_of_this_process();
    for behaviour in [
        "long",
        "longer than a result",
        "long host call",
        "long record",
        "unknown kind",
        "frame of a parent",
        "unasked",
        "state unasked",
        "unknown code",
        "code of the parent",
        "unknown flag",
        "short",
        "unknown record",
        "long message",
        "long backtrace",
        "long result",
        "nonsense",
    ] {
        let (error, machine, _) = provoke(behaviour);
        assert_eq!(error.code, ErrorCode::BadReply, "{behaviour}: {error}");
        assert!(machine.is_spent(), "{behaviour}");
    }
    assert!(memory_of_this_process() < before + (64 << 20), "no claimed length was believed");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn limits_hold_without_the_worker() {
    for (behaviour, text, most) in [
        ("many host calls", "more than 50 host calls", 50),
        ("large host calls", "passed more than 1048576 bytes", 17),
        ("many records", "more than 65536 bytes of output", 0),
        ("large records", "more than 65536 bytes of output", 0),
    ] {
        let (error, machine, calls) = provoke(behaviour);
        assert_eq!(error.code, ErrorCode::Limit, "{behaviour}: {error}");
        assert!(error.message.contains(text), "{behaviour}: {error}");
        assert!(calls <= most, "{behaviour}: {calls} calls");
        assert!(machine.is_spent(), "{behaviour}");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn silence_ends_with_the_deadline() {
    for behaviour in ["silence", "drip", "no such behaviour"] {
        let started = Instant::now();
        let (error, mut machine, _) = provoke_within(behaviour, Limits { deadline: 200_000_000, ..limits() });
        assert_eq!(error.code, ErrorCode::Deadline, "{behaviour}: {error}");
        assert!(started.elapsed() < Duration::from_secs(20), "{behaviour}");
        assert!(machine.is_spent());
        machine.restore();
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn silence_without_a_deadline_ends_with_an_abort() {
    let mut machine =
        hostile_machine("silence", Limits { deadline: u64::MAX, ..limits() }).expect("it starts");
    let abort = AbortHandle::new();
    let other = abort.clone();
    let aborter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(50));
        other.abort(CallError::new(ErrorCode::Aborted, "enough"));
    });
    // The input is more than a socket holds: it hangs where it is sent.
    let input = vec![0; 1 << 16];
    let outcome = machine.call_abortable(&call_of(ECHO, &input, false), &mut NoHost, &mut Vec::new(), &abort);
    aborter.join().expect("no panic");
    assert_eq!(outcome, Err(CallError::new(ErrorCode::Aborted, "enough")));
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_goes_away_is_said_to_have() {
    for (behaviour, text) in [("half", "has ended with status 0"), ("exit", "has ended with status 7")] {
        let (error, machine, _) = provoke(behaviour);
        assert_eq!(error.code, ErrorCode::Internal, "{behaviour}: {error}");
        assert!(error.message.contains(text), "{behaviour}: {error}");
        assert!(machine.is_spent());
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_it_says_unasked_is_not_the_next_answer() {
    let mut machine = hostile_machine("noise after the end", limits()).expect("it starts");
    let first = machine.process();
    assert_eq!(call(&mut machine, ECHO, b"x"), Ok(b"well".to_vec()));
    std::thread::sleep(Duration::from_millis(20));
    assert_eq!(call(&mut machine, ECHO, b"x"), Ok(b"well".to_vec()));
    assert_ne!(machine.process(), first, "it was replaced");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn texts_are_made_whole() {
    let (error, machine, _) = provoke("no text");
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::GuestError, "\u{fffd}\u{fffd}\u{fffd}"));
    assert!(!machine.is_spent());
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn states_are_checked() {
    for behaviour in ["state of many", "state that is long", "state of too much", "state elsewhere"] {
        let mut machine = hostile_machine(behaviour, limits()).expect("it starts");
        machine.call(&call_of(ECHO, b"x", false), &mut NoHost, &mut Vec::new()).expect("a session");
        let error = machine.save().expect_err(behaviour);
        assert_eq!(error.code, ErrorCode::BadReply, "{behaviour}: {error}");
        assert!(machine.is_spent());
        let behaviour = format!("boot {behaviour}");
        let attachments = [(behaviour.as_bytes(), false)];
        let options = BootOptions { limits: limits(), attachments: &attachments, ..BootOptions::default() };
        let error = Snapshot::boot(hostile(), image(), &options, &mut NoHost).expect_err(&behaviour);
        assert!(matches!(error.code, ErrorCode::BadReply | ErrorCode::BadSnapshot), "{behaviour}: {error}");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn who_starts_badly_is_no_worker() {
    for (behaviour, text) in [("version", "another release"), ("nonsense at once", "broke its protocol")] {
        let error = hostile_machine(behaviour, limits()).expect_err(behaviour);
        assert_eq!(error.code, ErrorCode::BadReply, "{behaviour}: {error}");
        assert!(error.message.contains(text), "{behaviour}: {error}");
    }
}
