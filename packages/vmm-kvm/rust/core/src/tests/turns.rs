//! Turns at the processors.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use twinwall_abi::ErrorCode;

use super::{assert_usable, machine, rounds};
use crate::AbortHandle;
use crate::error::CallError;
use crate::host::{NoHost, TimeLimit};
use crate::machine::{Limits, Machine};
use crate::probe::Behaviour;
use crate::self_test::{patient, probe_call};
use crate::turns::{self, Turn, Turns};

/// Much longer than a slice.
const LONG: Duration = Duration::from_millis(50);

fn turns(processors: usize) -> &'static Turns {
    Box::leak(Box::new(Turns::new(processors)))
}

/// Waits for a turn on this thread.
fn take(turns: &'static Turns, handle: &AbortHandle) -> Turn {
    let (sender, turn) = channel();
    Turn::start_at(turns, handle, move |turn| sender.send(turn).expect("the test"));
    turn.recv().expect("a turn")
}

/// One processor, and a call that has it.
fn one_processor() -> (&'static Turns, AbortHandle, Turn) {
    let (turns, handle) = (turns(1), AbortHandle::new());
    let turn = take(turns, &handle);
    (turns, handle, turn)
}

/// Something that waits for a turn on a thread of its own, says that it has it, and ends it.
struct Waiting {
    handle: AbortHandle,
    began: Receiver<()>,
    thread: JoinHandle<()>,
}

fn wait_for(turns: &'static Turns) -> Waiting {
    let handle = AbortHandle::new();
    let its_handle = handle.clone();
    let (sender, began) = channel();
    let thread = thread::spawn(move || {
        let _turn = take(turns, &its_handle);
        sender.send(()).expect("the test");
    });
    Waiting { handle, began, thread }
}

impl Waiting {
    fn has_begun(&self, patience: Duration) -> bool {
        self.began.recv_timeout(patience).is_ok()
    }

    /// It has its turn, and ends.
    fn finish(self) {
        assert!(self.has_begun(Duration::from_secs(10)));
        self.thread.join().expect("a thread that ends");
    }
}

/// Waits until so many wait for a turn.
fn until_waiting(turns: &'static Turns, count: usize) {
    while turns.waiting() < count {
        thread::sleep(Duration::from_millis(1));
    }
}

fn abort(handle: &AbortHandle) {
    handle.abort(CallError::new(ErrorCode::Aborted, "the test ends the call"));
}

/// Whether the one that has a turn is asked for room within that time.
fn is_asked(handle: &AbortHandle, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        if handle.turn().is_asked() {
            return true;
        }
        thread::sleep(Duration::from_millis(1));
    }
    false
}

#[test]
fn a_turn_is_for_one() {
    let (turns, _, turn) = one_processor();
    let next = wait_for(turns);
    assert!(!next.has_begun(LONG));
    drop(turn);
    next.finish();
}

#[test]
fn as_many_have_turns_as_there_are_processors() {
    const PROCESSORS: usize = 3;
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    let turns = turns(PROCESSORS);
    let run = || {
        assert!(RUNNING.fetch_add(1, Ordering::SeqCst) < PROCESSORS);
        thread::yield_now();
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    };
    let threads: Vec<_> = (0..16)
        .map(|number| {
            thread::spawn(move || {
                for round in 0..rounds(500) {
                    let handle = AbortHandle::new();
                    let _turn = take(turns, &handle);
                    turns::arrive(&handle, TimeLimit::NONE);
                    run();
                    if (round + number) % 3 == 0 {
                        turns::without(&handle, thread::yield_now);
                        run();
                    }
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("a thread that ends");
    }
}

#[test]
fn an_abort_ends_the_wait_of_one_and_no_other() {
    let (turns, handle, turn) = one_processor();
    turns::arrive(&handle, TimeLimit::NONE);
    let waiting: Vec<_> = (0..4).map(|_| wait_for(turns)).collect();
    until_waiting(turns, 4);
    let (ended, others): (Vec<_>, Vec<_>) =
        waiting.into_iter().enumerate().partition(|(number, _)| number % 2 == 0);
    for (_, waiting) in ended {
        abort(&waiting.handle);
        assert!(waiting.has_begun(Duration::from_secs(10)), "a call that ends has no turn to wait for");
        waiting.thread.join().expect("a thread that ends");
    }
    assert!(others.iter().all(|(_, waiting)| !waiting.has_begun(Duration::from_millis(20))));
    drop(turn);
    for (_, waiting) in others {
        waiting.finish();
    }
}

#[test]
fn a_limit_ends_the_wait() {
    let (turns, handle, turn) = one_processor();
    let other = AbortHandle::new();
    let mut others = None;
    let begun = Instant::now();
    turns::arrive(&handle, TimeLimit::within(20_000_000));
    turns::without(&handle, || others = Some(take(turns, &other)));
    assert!((20..10_000).contains(&begun.elapsed().as_millis()));
    // It has no turn to end.
    drop(turn);
    let third = wait_for(turns);
    assert!(!third.has_begun(LONG));
    drop(others);
    third.finish();
}

#[test]
fn who_has_used_up_a_slice_makes_room_where_somebody_waits() {
    let (turns, handle, turn) = one_processor();
    turns::arrive(&handle, TimeLimit::NONE);
    assert!(!is_asked(&handle, LONG), "nobody waits");
    let next = wait_for(turns);
    assert!(is_asked(&handle, Duration::from_secs(10)));
    assert!(!next.has_begun(Duration::ZERO));
    turns::make_room(&handle);
    assert!(next.has_begun(Duration::from_secs(10)));
    drop(turn);
    next.thread.join().expect("a thread that ends");
}

/// On a host with other work, a thread that is to go on may come to do so much later.
#[test]
fn a_turn_does_not_run_out_before_its_call_is_there() {
    let (turns, handle, turn) = one_processor();
    let next = wait_for(turns);
    until_waiting(turns, 1);
    assert!(!is_asked(&handle, LONG), "it is not there yet");
    turns::arrive(&handle, TimeLimit::NONE);
    assert!(is_asked(&handle, Duration::from_secs(10)));
    let again = wait_for(turns);
    until_waiting(turns, 2);
    turns::make_room(&handle);
    assert!(next.has_begun(Duration::from_secs(10)) && again.has_begun(Duration::from_secs(10)));
    let last = wait_for(turns);
    assert!(is_asked(&handle, Duration::from_secs(10)), "it is there when it has waited for its turn");
    drop(turn);
    for waiting in [next, again, last] {
        waiting.thread.join().expect("a thread that ends");
    }
}

#[test]
fn a_wait_shorter_than_the_call_costs_no_turn() {
    let (turns, handle, turn) = one_processor();
    turns::arrive(&handle, TimeLimit::NONE);
    for _ in 0..20 {
        let other = wait_for(turns);
        until_waiting(turns, 1);
        let soon = TimeLimit::within(1_000_000);
        assert_eq!(handle.wait(soon, || None::<()>), Err(ErrorCode::Deadline));
        other.finish();
    }
    let next = wait_for(turns);
    assert!(!next.has_begun(LONG), "it has its turn");
    drop(turn);
    next.finish();
}

#[test]
fn a_wait_on_another_thread_leaves_the_turn_alone() {
    let (turns, handle, turn) = one_processor();
    turns::arrive(&handle, TimeLimit::NONE);
    let its_handle = handle.clone();
    let watcher = thread::spawn(move || its_handle.wait(TimeLimit::within(200_000_000), || None::<()>));
    let next = wait_for(turns);
    assert!(!next.has_begun(LONG));
    drop(turn);
    assert!(next.has_begun(Duration::from_secs(10)));
    assert_eq!(watcher.join().expect("a thread that ends"), Err(ErrorCode::Deadline));
    next.thread.join().expect("a thread that ends");
    drop(take(turns, &AbortHandle::new()));
}

#[test]
fn who_waits_for_another_makes_room_for_it() {
    let (turns, handle, turn) = one_processor();
    turns::arrive(&handle, TimeLimit::NONE);
    let other = wait_for(turns);
    until_waiting(turns, 1);
    assert_eq!(handle.wait(TimeLimit::NONE, || Some(5)), Ok(5));
    assert!(!other.has_begun(LONG), "there was nothing to wait for");
    let its_handle = handle.clone();
    let thread = thread::spawn(move || {
        other.finish();
        abort(&its_handle);
    });
    assert_eq!(handle.wait(TimeLimit::NONE, || None::<()>), Err(ErrorCode::Aborted));
    thread.join().expect("a thread that ends");
    drop(turn);
}

#[test]
fn the_one_that_has_used_least_and_the_one_that_has_waited_longest_go_by_turns() {
    let (turns, _, turn) = one_processor();
    let (sender, order) = channel();
    let mut waiting = 0;
    let mut start = |name: &'static str, used_up: bool| {
        let sender = sender.clone();
        let thread = thread::spawn(move || {
            let handle = AbortHandle::new();
            if used_up {
                handle.turn().use_up();
            }
            let _turn = take(turns, &handle);
            sender.send(name).expect("the test");
        });
        waiting += 1;
        until_waiting(turns, waiting);
        thread
    };
    let names =
        [("long 1", true), ("long 2", true), ("short 1", false), ("short 2", false), ("short 3", false)];
    let threads = names.map(|(name, used_up)| start(name, used_up));
    drop(turn);
    for thread in threads {
        thread.join().expect("a thread that ends");
    }
    drop(sender);
    let order: Vec<_> = order.iter().collect();
    assert_eq!(order, ["short 1", "long 1", "short 2", "long 2", "short 3"]);
}

/// A guest that does not end, on a thread of its own that has a turn.
fn endless(turns: &'static Turns, limits: Limits) -> (AbortHandle, JoinHandle<(Machine, ErrorCode)>) {
    let (mut machine, handle) = (machine(patient()), AbortHandle::new());
    machine.configure(limits);
    let its_handle = handle.clone();
    let thread = thread::spawn(move || {
        let _turn = take(turns, &its_handle);
        let call = probe_call(Behaviour::Loop);
        let result = machine.call_abortable(&call, &mut NoHost, &mut [0; 0], &its_handle);
        (machine, result.expect_err("an end").code)
    });
    (handle, thread)
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn endless_guests_leave_room_for_short_calls() {
    let turns = turns(1);
    // If they left none, the short calls would come after that.
    let limits = Limits { deadline: 60_000_000_000, ..patient() };
    let endless: Vec<_> = (0..3).map(|_| endless(turns, limits)).collect();
    thread::sleep(LONG);
    let mut short = machine(limits);
    for _ in 0..5 {
        let handle = AbortHandle::new();
        let _turn = take(turns, &handle);
        let call = probe_call(Behaviour::Nothing);
        let result = short.call_abortable(&call, &mut NoHost, &mut [0; 0], &handle);
        assert_eq!(result, Ok(0));
    }
    for (handle, thread) in endless {
        abort(&handle);
        let (mut machine, code) = thread.join().expect("a thread that ends");
        assert_eq!(code, ErrorCode::Aborted, "it was there all the time");
        assert_usable(&mut machine);
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn deadlines_hold_while_others_have_the_turn() {
    let turns = turns(1);
    let short = Limits { deadline: 30_000_000, ..patient() };
    let long = Limits { deadline: u64::MAX, ..patient() };
    let (handle, without_end) = endless(turns, long);
    let with_end: Vec<_> = (0..3).map(|_| endless(turns, short)).collect();
    for (_, thread) in with_end {
        let (mut machine, code) = thread.join().expect("a thread that ends");
        assert_eq!(code, ErrorCode::Deadline);
        machine.configure(patient());
        assert_usable(&mut machine);
    }
    abort(&handle);
    assert_eq!(without_end.join().expect("a thread that ends").1, ErrorCode::Aborted);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn guests_that_are_made_to_wait_can_be_aborted() {
    let turns = turns(1);
    let limits = Limits { deadline: u64::MAX, ..patient() };
    let calls: Vec<_> = (0..4).map(|_| endless(turns, limits)).collect();
    for (handle, thread) in calls {
        thread::sleep(Duration::from_millis(20));
        abort(&handle);
        let (mut machine, code) = thread.join().expect("a thread that ends");
        assert_eq!(code, ErrorCode::Aborted);
        assert_usable(&mut machine);
    }
}
