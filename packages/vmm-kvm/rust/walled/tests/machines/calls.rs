//! A machine behind the process wall does what one in the process does.

use std::time::Duration;

use twinwall_abi::outbox::Entry;
use twinwall_abi::{ErrorCode, RecordKind};
use twinwall_vmm_kvm::{
    AbortHandle, BootOptions, CallError, Host, Image, Limits, NoHost, SavedState, TimeLimit,
};
use twinwall_walled::{Machine, Snapshot};

use super::support::{
    ASK, COUNT, ECHO, FUNCTION, LOOP, PRINT, Scribe, TALK, assert_usable, call, call_of, guest_file, image,
    machine, program, small, snapshot, wait_for_end, words,
};

const LIMITS: [Limits; 1] = [Limits {
    memory_bytes: 1 << 20,
    input_bytes: 1 << 16,
    output_bytes: 1 << 16,
    outbox_bytes: 4096,
    host_calls: 20,
    host_bytes: 4096,
    deadline: 30_000_000_000,
    cpu_time: u64::MAX,
    fuel: u64::MAX,
}];

/// What a call gave, and what its host saw.
type Seen = (Result<Vec<u8>, CallError>, Vec<(u32, Vec<u8>)>, Vec<(RecordKind, Vec<u8>)>, [u64; 4]);

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn calls_give_what_they_give_without_the_wall() {
    let file = guest_file();
    let limits = LIMITS[0];
    let plain_image = std::sync::Arc::new(Image::load(&file).expect("an image"));
    let options = BootOptions { limits, ..BootOptions::default() };
    let plain = twinwall_vmm_kvm::Snapshot::boot(plain_image, &options, &mut NoHost).expect("it boots");
    let mut plain = plain.machine().expect("a machine");
    let mut walled = machine(limits);
    let large = vec![7; 60_000];
    let calls: Vec<(u32, Vec<u8>)> = vec![
        (ECHO, Vec::new()),
        (ECHO, b"hello".to_vec()),
        (ECHO, large),
        (ECHO, vec![0; (1 << 16) + 1]),
        (ASK, b"question".to_vec()),
        (ASK, b"refused".to_vec()),
        (ASK, vec![1; 3000]),
        (TALK, words(&[10])),
        (TALK, words(&[21])),
        (PRINT, words(&[3, 100])),
        (PRINT, words(&[50, 200])),
        (LOOP, Vec::new()),
        (COUNT, Vec::new()),
        (9, Vec::new()),
    ];
    for (function, input) in calls {
        let mut seen: Vec<Seen> = Vec::new();
        for wall in [false, true] {
            let mut host = Scribe::new(answer);
            let mut output = Vec::new();
            let call = call_of(function, &input, true);
            let short = Limits { deadline: 100_000_000, ..limits };
            let limits = if function == LOOP { short } else { limits };
            let outcome = if wall {
                walled.configure(limits);
                walled.call(&call, &mut host, &mut output)
            } else {
                plain.configure(limits);
                plain.call(&call, &mut host, &mut output)
            };
            let counts = if wall { walled.statistics() } else { plain.statistics() };
            let counts = [counts.host_calls, counts.host_bytes, counts.outbox_bytes, counts.calls];
            seen.push((outcome.map(|_| output), host.calls, host.records, counts));
        }
        assert_eq!(seen[0], seen[1], "function {function} with {} bytes", input.len());
    }
}

fn answer(arguments: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    if arguments == b"refused" { Err(ErrorCode::HostFunction) } else { Ok(arguments.repeat(2)) }
}

fn count(machine: &mut Machine, restore: bool) -> u64 {
    let mut output = Vec::new();
    machine.call(&call_of(COUNT, &[], restore), &mut NoHost, &mut output).expect("it counts");
    u64::from_le_bytes(output.try_into().expect("eight bytes"))
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn state_is_kept_until_a_restore() {
    let mut machine = machine(small());
    for round in 0..3 {
        assert_eq!(machine.unrestored_bytes(), 0, "round {round}");
        assert_eq!(count(&mut machine, false), 1);
        assert_eq!(count(&mut machine, false), 2);
        assert!(machine.unrestored_bytes() > 0);
        let process = machine.process();
        machine.restore();
        assert_eq!(machine.process(), process, "the worker stays");
    }
    assert_eq!(count(&mut machine, true), 1);
    assert_eq!(count(&mut machine, true), 1);
    machine.replace().expect("another worker");
    assert_eq!(count(&mut machine, true), 1);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_result_that_does_not_fit_is_kept_or_refused() {
    let mut machine = machine(small());
    let mut room = [0; 4];
    let mut exact = call_of(ECHO, b"longer than that", false);
    let length = machine.call(&exact, &mut NoHost, &mut room).expect("it is kept");
    assert_eq!((length, room), (16, [0; 4]));
    assert_eq!(machine.take_output(), b"longer than that");
    exact.exact = true;
    let error = machine.call(&exact, &mut NoHost, &mut room).expect_err("it is refused");
    assert_eq!(error.code, ErrorCode::Limit);
    assert_eq!(error.message, "the result has 16 bytes, the output has room for 4");
    assert_eq!(machine.unrestored_bytes(), 0, "it went back to its snapshot");
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn time_runs_out() {
    let mut machine = machine(small());
    // Processor time is counted where it is limited.
    machine.configure(Limits { deadline: 20_000_000, cpu_time: 60_000_000_000, ..small() });
    let error = call(&mut machine, LOOP, &[]).expect_err("a loop");
    assert_eq!((error.code, error.detail), (ErrorCode::Deadline, 0));
    assert!(machine.statistics().cpu_time > 0, "the worker ended it, and told so, not the parent");
    assert!(machine.is_spent());
    machine.configure(Limits { deadline: u64::MAX, cpu_time: 20_000_000, ..small() });
    let error = call(&mut machine, LOOP, &[]).expect_err("a loop");
    assert_eq!((error.code, error.detail), (ErrorCode::Deadline, 1));
    machine.configure(small());
    assert_usable(&mut machine);
    assert_eq!(machine.statistics().replaced, 2);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_ends_a_guest_and_a_host_function() {
    let mut machine = machine(Limits { deadline: u64::MAX, ..small() });
    let process = machine.process().expect("a worker");
    let abort = AbortHandle::new();
    let other = abort.clone();
    let aborter = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        other.abort(CallError::new(ErrorCode::Aborted, "enough"))
    });
    let error = machine
        .call_abortable(&call_of(LOOP, &[], true), &mut NoHost, &mut Vec::new(), &abort)
        .expect_err("it was aborted");
    assert_eq!(error, CallError::new(ErrorCode::Aborted, "enough"));
    assert!(aborter.join().expect("no panic"));
    // Its guest would loop for ever.
    wait_for_end(process);
    assert_usable(&mut machine);
    let again = machine.call_abortable(&call_of(ECHO, &[], true), &mut NoHost, &mut Vec::new(), &abort);
    assert_eq!(again, Err(CallError::new(ErrorCode::Aborted, "enough")), "a handle is for one call");

    let abort = AbortHandle::new();
    let (other, mut asked) = (abort.clone(), 0);
    let mut host = Scribe::new(|_: &[u8]| {
        asked += 1;
        other.abort(CallError::new(ErrorCode::Disposed, "closed"));
        Ok(Vec::new())
    });
    let call = call_of(TALK, &words(&[1000]), false).input.to_vec();
    let error = machine
        .call_abortable(&call_of(TALK, &call, false), &mut host, &mut Vec::new(), &abort)
        .expect_err("it was aborted");
    assert_eq!(error.code, ErrorCode::Disposed);
    drop(host);
    assert_eq!(asked, 1);
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_host_that_panics_costs_the_worker() {
    struct Broken;
    impl Host for Broken {
        fn call(&mut self, _: u32, _: &[u8], _: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
            panic!("a host function panics");
        }
        fn record(&mut self, _: Entry<'_>, _: TimeLimit) {}
    }
    let mut machine = machine(small());
    let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        machine.call(&call_of(ASK, b"?", false), &mut Broken, &mut Vec::new())
    }));
    assert!(outcome.is_err());
    assert_usable(&mut machine);
    assert_eq!(machine.statistics().replaced, 1);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_session_can_be_saved_and_gone_on_with() {
    let mut machine = machine(small());
    let clean = machine.save().expect("the snapshot's state");
    for _ in 0..3 {
        count(&mut machine, false);
    }
    let state = machine.save().expect("a state");
    assert_ne!(state, clean);
    assert_eq!(count(&mut machine, false), 4, "it goes on");
    for recycle in [false, true] {
        let loaded = Snapshot::load(program(), image(), &[], small(), recycle, &state).expect("it loads");
        let mut warm = loaded.machine().expect("a worker");
        assert_eq!(count(&mut warm, true), 4);
        assert_eq!(count(&mut warm, true), 4);
        assert_eq!(loaded.save().expect("a state").registers, state.registers);
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn states_that_no_guest_can_have_are_refused() {
    let state = snapshot(small(), false).save().expect("a state");
    let mut forged: Vec<SavedState> = Vec::new();
    for (index, address) in [(0, 0x1000), (0, u64::MAX - 4095), (1, 0)] {
        let mut other = state.clone();
        other.runs[index].address = address;
        forged.push(other);
    }
    let mut short = state.clone();
    short.runs.pop();
    forged.push(short);
    for state in forged {
        let error = Snapshot::load(program(), image(), &[], small(), true, &state).expect_err("it is forged");
        assert_eq!(error.code, ErrorCode::BadSnapshot);
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_boot_has_limits_and_a_host_too() {
    let mut host = Scribe::new(answer);
    let options = BootOptions { limits: small(), ..BootOptions::default() };
    let snapshot = Snapshot::boot(program(), image(), &options, &mut host).expect("it boots");
    assert!(host.calls.is_empty());
    let mut machine = snapshot.machine().expect("a worker");
    let mut host = Scribe::new(answer);
    let mut output = Vec::new();
    machine.call(&call_of(ASK, b"ab", true), &mut host, &mut output).expect("it asks");
    assert_eq!((output, host.calls), (b"abab".to_vec(), vec![(FUNCTION, b"ab".to_vec())]));
    // A program that is none.
    let nonsense = std::sync::Arc::new(twinwall_walled::Program::new(b"no program").expect("memory"));
    let error = Snapshot::boot(nonsense, image(), &options, &mut NoHost).expect_err("no program");
    assert_eq!(error.code, ErrorCode::Internal);
}
