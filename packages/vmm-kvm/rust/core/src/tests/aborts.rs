//! Calls that another thread ends, at every moment of theirs.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::Entry;

use super::{assert_usable, machine, rounds};
use crate::error::CallError;
use crate::host::{Host, NoHost, TimeLimit};
use crate::machine::{Call, Limits, Machine};
use crate::probe::Behaviour;
use crate::self_test::{patient, probe_call};
use crate::tests::ring3::Attacker;
use crate::{AbortHandle, tests};

const FOR_EVER: Limits = Limits {
    memory_bytes: 64 << 20,
    input_bytes: 4096,
    output_bytes: 4096,
    outbox_bytes: 64 << 10,
    host_calls: u64::MAX,
    host_bytes: u64::MAX,
    deadline: u64::MAX,
    cpu_time: u64::MAX,
    fuel: u64::MAX,
};

fn reason(code: ErrorCode) -> CallError {
    CallError::new(code, "the test ends the call")
}

fn call_abortable(machine: &mut Machine, behaviour: Behaviour, handle: &AbortHandle) -> ErrorCode {
    let result = machine.call_abortable(&probe_call(behaviour), &mut NoHost, &mut [0; 0], handle);
    result.map_or_else(|error| error.code, |_| ErrorCode::None)
}

/// A thread that aborts the handles it is sent, each so much later.
fn aborter() -> (mpsc::Sender<(AbortHandle, Duration)>, thread::JoinHandle<()>) {
    let (sender, receiver) = mpsc::channel::<(AbortHandle, Duration)>();
    let alone = thread::available_parallelism().is_ok_and(|count| count.get() == 1);
    let thread = thread::spawn(move || {
        for (handle, delay) in receiver {
            let until = Instant::now() + delay;
            // Waiting awake is precise, but on the only processor it keeps the call from beginning.
            if alone {
                thread::sleep(delay);
            }
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            handle.abort(reason(ErrorCode::Aborted));
        }
    });
    (sender, thread)
}

/// Time of a call that does nothing.
fn shortest_call(machine: &mut Machine) -> Duration {
    let times = (0..16).map(|_| {
        let started = Instant::now();
        assert_eq!(call_abortable(machine, Behaviour::Nothing, &AbortHandle::new()), ErrorCode::None);
        started.elapsed()
    });
    times.min().unwrap_or_default()
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_before_the_call_costs_nothing() {
    let mut machine = machine(FOR_EVER);
    let handle = AbortHandle::new();
    assert_eq!(handle.reason(), None);
    assert!(handle.abort(reason(ErrorCode::Aborted)));
    assert!(!handle.abort(reason(ErrorCode::Disposed)), "only the first reason counts");
    for _ in 0..3 {
        assert_eq!(call_abortable(&mut machine, Behaviour::Loop, &handle), ErrorCode::Aborted);
    }
    assert_eq!(machine.statistics().replaced, 0);
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_before_the_call_ends_the_session() {
    let mut machine = machine(FOR_EVER);
    let input = 7_u64.to_le_bytes();
    let keep = Call { input: &input, restore: false, ..probe_call(Behaviour::Keep) };
    machine.call(&keep, &mut NoHost, &mut [0; 0]).expect("a call of a session");
    let handle = AbortHandle::new();
    handle.abort(reason(ErrorCode::Aborted));
    let call = Call { continues: true, restore: false, ..probe_call(Behaviour::Nothing) };
    let error = machine.call_abortable(&call, &mut NoHost, &mut [0; 0], &handle).expect_err("an abort");
    assert_eq!(error, reason(ErrorCode::Aborted));
    assert_usable(&mut machine);
}

/// With no deadline, a kick that gets lost would leave the guest in its loop for ever.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn no_abort_of_a_spinning_guest_gets_lost() {
    let mut machine = machine(FOR_EVER);
    let (aborts, thread) = aborter();
    let total = rounds(600);
    for round in 0..total {
        let handle = AbortHandle::new();
        // From before the entry to well inside the loop.
        aborts.send((handle.clone(), Duration::from_nanos(round * 997 % 200_000))).expect("the other thread");
        assert_eq!(call_abortable(&mut machine, Behaviour::Loop, &handle), ErrorCode::Aborted, "{round}");
    }
    drop(aborts);
    thread.join().expect("the other thread");
    assert!(machine.statistics().replaced > 0);
    assert_usable(&mut machine);
}

/// Whichever comes first, the call says so, and the calls behind it do not notice.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_that_races_with_the_end_hits_its_own_call_only() {
    let mut machine = machine(FOR_EVER);
    let (aborts, thread) = aborter();
    // From before the entry to well behind the end of a call, however fast the machine is.
    let span = 3 * shortest_call(&mut machine);
    let mut seen = [0_u64; 2];
    for round in 0..rounds(4000) {
        let handle = AbortHandle::new();
        let delay = span * (round * 631 % 997) as u32 / 997;
        aborts.send((handle.clone(), delay)).expect("the other thread");
        match call_abortable(&mut machine, Behaviour::Nothing, &handle) {
            ErrorCode::None => seen[0] += 1,
            ErrorCode::Aborted => seen[1] += 1,
            other => panic!("{other:?} in round {round}"),
        }
        let call = probe_call(Behaviour::Tell);
        assert_eq!(machine.call(&call, &mut NoHost, &mut [1; 8]), Ok(8), "round {round}");
    }
    drop(aborts);
    thread.join().expect("the other thread");
    assert!(seen.iter().all(|&count| count > 0), "one of both never happened: {seen:?}");
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_ends_a_guest_that_never_stops_asking() {
    let names = ["host calls without end", "drains without end", "memories without end"];
    let mut guest = Attacker::new(&names, Limits { memory_bytes: 1 << 30, ..FOR_EVER });
    let (aborts, thread) = aborter();
    for function in guest.numbers.clone() {
        let handle = AbortHandle::new();
        aborts.send((handle.clone(), Duration::from_millis(20))).expect("the other thread");
        let call = Call { function, ..probe_call(Behaviour::Nothing) };
        let error = guest.machine.call_abortable(&call, &mut Obliging, &mut [0; 0], &handle);
        assert_eq!(error, Err(reason(ErrorCode::Aborted)));
        guest.assert_clean("an abort");
    }
    drop(aborts);
    thread.join().expect("the other thread");
}

/// Answers everything.
struct Obliging;

impl Host for Obliging {
    fn call(&mut self, _function: u32, _arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        Ok(Vec::new())
    }

    fn record(&mut self, _entry: Entry<'_>, _limit: TimeLimit) {}
}

/// Runs another machine's loop, to its deadline, within a host function, after it told that it is there.
struct Nested {
    inner: Machine,
    there: mpsc::Sender<()>,
}

impl Host for Nested {
    fn call(&mut self, _function: u32, _arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        self.there.send(()).expect("the test");
        let result = tests::call(&mut self.inner, Behaviour::Loop, &[]);
        assert_eq!(tests::code(result), ErrorCode::Deadline);
        Ok(Vec::new())
    }

    fn record(&mut self, _entry: Entry<'_>, _limit: TimeLimit) {}
}

/// The signal comes while the thread runs another machine's guest, which goes on.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_does_not_end_a_call_within_the_call() {
    let mut outer = Attacker::new(&["host calls without end"], FOR_EVER);
    let mut inner = machine(patient());
    inner.configure(Limits { deadline: 50_000_000, ..patient() });
    let (there, is_there) = mpsc::channel();
    let handle = AbortHandle::new();
    let aborts = handle.clone();
    let thread = thread::spawn(move || {
        is_there.recv().expect("a host call");
        thread::sleep(Duration::from_millis(10));
        aborts.abort(reason(ErrorCode::Aborted));
    });
    let call = Call { function: outer.numbers[0], ..probe_call(Behaviour::Nothing) };
    let mut host = Nested { inner, there };
    let error = outer.machine.call_abortable(&call, &mut host, &mut [0; 0], &handle);
    assert_eq!(error, Err(reason(ErrorCode::Aborted)));
    thread.join().expect("the other thread");
    host.inner.configure(patient());
    assert_usable(&mut host.inner);
    outer.assert_clean("an abort");
}

/// Waiting ends for each reason that there is, and no other.
#[test]
fn a_wait_ends_with_a_value_an_abort_or_its_limit() {
    let handle = AbortHandle::new();
    assert_eq!(handle.wait(TimeLimit::NONE, || Some(5)), Ok(5));
    let soon = TimeLimit::at(crate::clock::now() + 2_000_000);
    assert_eq!(handle.wait(soon, || None::<()>), Err(ErrorCode::Deadline));
    assert!(soon.has_passed());
    let other = handle.clone();
    let thread = thread::spawn(move || {
        for _ in 0..100 {
            other.notify();
        }
        // By now the other thread waits again.
        thread::sleep(Duration::from_millis(50));
        other.abort(reason(ErrorCode::Disposed));
    });
    assert_eq!(handle.wait(TimeLimit::NONE, || None::<()>), Err(ErrorCode::Disposed));
    assert_eq!(handle.wait(soon, || Some(5)), Err(ErrorCode::Disposed));
    thread.join().expect("the other thread");
}
