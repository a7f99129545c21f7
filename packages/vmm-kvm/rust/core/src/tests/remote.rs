//! Guests whose host is on another thread.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use twinwall_abi::layout::OUTPUT;
use twinwall_abi::{CallKind, ErrorCode};

use super::ring3::{Attacker, words};
use crate::error::CallError;
use crate::machine::{Call, Limits};
use crate::self_test::patient;
use crate::{CallLink, Courier, Crew, HostMessage, RemoteHost, RemoteRecord};

const HOST_CALL: &str = "host call with the input's address and length";

/// Sends messages through a channel.
struct Channel(Sender<HostMessage>);

impl Courier for Channel {
    fn deliver(&mut self, message: HostMessage) -> bool {
        self.0.send(message).is_ok()
    }
}

/// What the thread of a call sends back.
type Outcome = (Attacker, Result<usize, CallError>);

/// A call under way, as the thread that serves it sees it.
struct Remote {
    link: CallLink,
    messages: Receiver<HostMessage>,
    outcome: Receiver<Outcome>,
}

impl Remote {
    /// Starts a call of the guest's first piece on a thread of `crew`.
    fn start(crew: &Crew, mut guest: Attacker, input: Vec<u8>) -> Self {
        let link = CallLink::new();
        let (sender, messages) = mpsc::channel();
        let (done, outcome) = mpsc::channel();
        let its_link = link.clone();
        let work = move || {
            let call = Call {
                kind: CallKind::Bytes,
                function: guest.numbers[0],
                input: &input,
                continues: false,
                restore: true,
                exact: false,
            };
            let mut host = RemoteHost::new(Channel(sender), its_link.clone());
            let abort = its_link.abort_handle();
            let result = guest.machine.call_abortable(&call, &mut host, &mut Vec::new(), abort);
            (guest, result)
        };
        crew.seat().expect("a thread").run(work, move |outcome| done.send(outcome).expect("the test"));
        Self { link, messages, outcome }
    }

    /// The next message, a host call.
    fn host_call(&self) -> (u64, Vec<u8>) {
        match self.messages.recv().expect("a message") {
            HostMessage::Call { id, arguments, .. } => (id, arguments),
            HostMessage::Record(record) => panic!("a record: {record:?}"),
        }
    }

    /// Takes, and keeps, what a guest writes until it can write no more.
    fn records_until_it_waits(&self) -> Vec<RemoteRecord> {
        let mut records = Vec::new();
        while let Ok(HostMessage::Record(record)) = self.messages.recv_timeout(Duration::from_millis(500)) {
            records.push(record);
        }
        records
    }

    fn end(self) -> (Attacker, Result<usize, ErrorCode>) {
        let (guest, result) = self.outcome.recv().expect("an outcome");
        (guest, result.map_err(|error| error.code))
    }
}

fn limits(deadline: u64) -> Limits {
    Limits { deadline, ..patient() }
}

/// The input that makes the guest send 8 bytes, which are zero.
fn ask() -> Vec<u8> {
    words(&[OUTPUT, 8])
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_answer_from_another_thread_lets_the_guest_go_on() {
    let crew = Crew::new();
    let mut guest = Attacker::new(&[HOST_CALL], limits(u64::MAX));
    for round in 0_u64..50 {
        let remote = Remote::start(&crew, guest, ask());
        let (id, arguments) = remote.host_call();
        assert_eq!(arguments, [0; 8]);
        if round % 10 == 0 {
            thread::sleep(Duration::from_millis(2));
        }
        assert!(!remote.link.answer(id + 1, Ok(vec![1])), "an answer to a question that nobody asked");
        assert!(remote.link.answer(id, Ok(vec![0; 100])));
        assert!(!remote.link.answer(id, Ok(vec![2])), "a second answer");
        let link = remote.link.clone();
        let result;
        (guest, result) = remote.end();
        assert_eq!(result, Ok(0));
        assert!(!link.answer(id, Ok(vec![3])), "an answer after the end");
    }
    assert_eq!(guest.machine.statistics().replaced, 0);
    guest.assert_clean("host calls of another thread");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_answer_may_be_a_failure_or_too_long() {
    let crew = Crew::new();
    let guest = Attacker::new(&[HOST_CALL], limits(u64::MAX));
    let remote = Remote::start(&crew, guest, ask());
    let (id, _) = remote.host_call();
    assert!(remote.link.answer(id, Err(ErrorCode::HostFunction)));
    // This guest does not look at its answers.
    let (mut guest, result) = remote.end();
    assert_eq!(result, Ok(0));
    guest.machine.configure(Limits { input_bytes: 64, ..limits(u64::MAX) });
    let remote = Remote::start(&crew, guest, ask());
    let (id, _) = remote.host_call();
    assert!(remote.link.answer(id, Ok(vec![0; 65])));
    let (mut guest, result) = remote.end();
    assert_eq!(result, Err(ErrorCode::Limit));
    guest.machine.configure(patient());
    guest.assert_clean("an answer that is too long");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_answer_that_never_comes_ends_the_call_at_its_deadline() {
    let crew = Crew::new();
    let guest = Attacker::new(&[HOST_CALL], limits(300_000_000));
    let started = Instant::now();
    let remote = Remote::start(&crew, guest, ask());
    let (id, _) = remote.host_call();
    let link = remote.link.clone();
    let (mut guest, result) = remote.end();
    assert_eq!(result, Err(ErrorCode::Deadline));
    assert!(started.elapsed() >= Duration::from_millis(300));
    assert!(!link.answer(id, Ok(Vec::new())), "the guest is gone");
    guest.machine.configure(patient());
    guest.assert_clean("a deadline while waiting");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_abort_wakes_a_guest_that_waits() {
    let crew = Crew::new();
    let mut guest = Attacker::new(&[HOST_CALL], limits(u64::MAX));
    for round in 0_u64..40 {
        let remote = Remote::start(&crew, guest, ask());
        let (id, _) = remote.host_call();
        if round % 2 == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        remote.link.abort_handle().abort(CallError::new(ErrorCode::Disposed, "the test ends the call"));
        if round % 3 == 0 {
            remote.link.answer(id, Ok(Vec::new()));
        }
        let result;
        (guest, result) = remote.end();
        assert_eq!(result, Err(ErrorCode::Disposed), "round {round}");
    }
    guest.assert_clean("aborts while waiting");
}

/// An answer and an abort at the same time: one of them wins, and the next call is right.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_answer_may_race_with_an_abort() {
    let crew = Crew::new();
    let mut guest = Attacker::new(&[HOST_CALL], limits(u64::MAX));
    for round in 0..super::rounds(500) {
        let remote = Remote::start(&crew, guest, ask());
        let (id, _) = remote.host_call();
        let abort = remote.link.abort_handle().clone();
        let thread = thread::spawn(move || {
            abort.abort(CallError::new(ErrorCode::Aborted, "the test ends the call"));
        });
        remote.link.answer(id, Ok(Vec::new()));
        let result;
        (guest, result) = remote.end();
        assert!(matches!(result, Ok(0) | Err(ErrorCode::Aborted)), "{result:?} in round {round}");
        thread.join().expect("the other thread");
    }
    guest.assert_clean("races of answers and aborts");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_guest_without_anybody_to_serve_it_ends() {
    for piece in [HOST_CALL, "records without end"] {
        let crew = Crew::new();
        let guest = Attacker::new(&[piece], Limits { outbox_bytes: u64::MAX, ..limits(u64::MAX) });
        let mut remote = Remote::start(&crew, guest, ask());
        remote.messages = mpsc::channel().1;
        let (mut guest, result) = remote.end();
        assert_eq!(result, Err(ErrorCode::Disposed), "{piece}");
        guest.assert_clean("an orphan");
    }
}

/// A guest that writes faster than its host reads waits, so that what is on its way stays bounded.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn records_wait_for_a_host_that_is_slow() {
    const BYTES: usize = 1008;
    let crew = Crew::new();
    let outbox_bytes = 4 << 20;
    let guest = Attacker::new(&["records without end"], Limits { outbox_bytes, ..limits(u64::MAX) });
    let remote = Remote::start(&crew, guest, ask());
    let records = remote.records_until_it_waits();
    assert!(records.iter().all(|record| record.data.len() == BYTES));
    let ahead = records.len() * BYTES;
    assert!(ahead > 512 << 10 && ahead <= 1 << 20, "{ahead} bytes came ahead of their host");
    // Once they are taken the guest goes on, to its limit; none is lost.
    let mut count = records.len();
    drop(records);
    while let Ok(HostMessage::Record(_)) = remote.messages.recv() {
        count += 1;
    }
    assert_eq!(count as u64, outbox_bytes / 1024);
    let (mut guest, result) = remote.end();
    assert_eq!(result, Err(ErrorCode::Limit));
    guest.assert_clean("records of another thread");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_guest_that_waits_for_room_ends_at_its_deadline_or_by_an_abort() {
    let crew = Crew::new();
    let unlimited = Limits { outbox_bytes: u64::MAX, ..limits(u64::MAX) };
    let guest = Attacker::new(&["records without end"], unlimited);
    let remote = Remote::start(&crew, guest, ask());
    let _records = remote.records_until_it_waits();
    remote.link.abort_handle().abort(CallError::new(ErrorCode::Aborted, "the test ends the call"));
    let (mut guest, result) = remote.end();
    assert_eq!(result, Err(ErrorCode::Aborted));
    guest.machine.configure(Limits { deadline: 200_000_000, ..unlimited });
    let (mut guest, result) = Remote::start(&crew, guest, ask()).end();
    assert_eq!(result, Err(ErrorCode::Deadline));
    guest.machine.configure(patient());
    guest.assert_clean("a full queue");
}
