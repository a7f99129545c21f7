//! Chunks on a thread of the machine's own: the worker goes on, and is woken for host calls and for the result.

use std::cell::RefCell;
use std::sync::Arc;

use twinwall_abi::connection::{MAX_CHUNK_BYTES, Passed, chunk_flags};
use twinwall_host::{CallError, CallLink, Entry, ErrorCode, Host, HostMessage, TimeLimit};

use super::inline::bad_result;
use super::{Connection, Outcome};
use crate::envoy::abi::Status;
use crate::envoy::{Direction, Scheduler};
use crate::guest::{Effects, GuestHost, Input, Mailbox, Message, Runner};
use crate::options::State;
use crate::workers::Lease;

/// Most bytes from the upstream that wait for the guest. Data from the client waits in Envoy's own buffer, which is
/// bounded; there is no such place in this direction.
const MOST_WAITING: usize = 16 << 20;

/// A connection whose machine runs elsewhere.
#[derive(Debug)]
pub(super) struct Threaded {
    mailbox: Arc<Mailbox>,
    running: Option<Running>,
    /// Data from the upstream that waits for its turn.
    written: Vec<u8>,
    /// What has come in each direction and not been handed over.
    read_waits: Waiting,
    write_waits: Waiting,
}

#[derive(Clone, Copy, Debug, Default)]
struct Waiting {
    data: bool,
    end_of_stream: bool,
}

/// A call in progress.
#[derive(Debug)]
struct Running {
    link: CallLink,
    direction: Direction,
    end_of_stream: bool,
    effects: Effects,
}

impl Threaded {
    pub(super) fn new(scheduler: Scheduler) -> Self {
        Self {
            mailbox: Arc::new(Mailbox::new(scheduler)),
            running: None,
            written: Vec::new(),
            read_waits: Waiting::default(),
            write_waits: Waiting::default(),
        }
    }

    fn waiting(&mut self, direction: Direction) -> &mut Waiting {
        match direction {
            Direction::Read => &mut self.read_waits,
            Direction::Write => &mut self.write_waits,
        }
    }

    /// The direction that is next, and no longer waits: turn by turn where both do.
    fn next(&mut self, last: Direction) -> Option<Direction> {
        [last.other(), last].into_iter().find(|&direction| {
            let waiting = self.waiting(direction);
            waiting.data || waiting.end_of_stream
        })
    }
}

impl Connection {
    /// Takes note of new data, and begins a call unless one is running.
    pub(super) fn run_on_thread(
        &self,
        threaded: &RefCell<Threaded>,
        direction: Direction,
        length: usize,
        end_of_stream: bool,
    ) -> Status {
        let mut state = threaded.borrow_mut();
        let waiting = state.waiting(direction);
        waiting.data |= length > 0;
        waiting.end_of_stream |= end_of_stream;
        if direction == Direction::Write {
            self.filter.take(direction, usize::MAX, &mut state.written);
        }
        let flooded = state.written.len() > MOST_WAITING;
        let begun = if state.running.is_none() { self.begin(&mut state, direction) } else { Ok(()) };
        drop(state);
        if flooded {
            let text = format!("more than {MOST_WAITING} bytes from the upstream wait for the guest");
            self.fail(&CallError::new(ErrorCode::Limit, text));
        }
        if let Err(error) = begun {
            self.fail(&error);
        }
        if self.dead.get() && direction == Direction::Read {
            self.filter.drain(direction, length);
        }
        Status::Stop
    }

    /// Hands what waits in a direction, or part of it, to the machine.
    fn begin(&self, state: &mut Threaded, direction: Direction) -> Result<(), CallError> {
        let mut input = Input::default();
        let more = match direction {
            Direction::Read => {
                let size = self.filter.read_buffer_size().min(MAX_CHUNK_BYTES);
                self.filter.take(direction, size, input.begin(size));
                self.filter.read_buffer_size() > 0
            }
            Direction::Write => {
                let size = state.written.len().min(MAX_CHUNK_BYTES);
                input.begin(size).extend(state.written.drain(..size));
                !state.written.is_empty()
            }
        };
        self.count_chunk(input.data().len());
        let waiting = state.waiting(direction);
        waiting.data = more;
        let end_of_stream = waiting.end_of_stream && !more;
        if end_of_stream {
            waiting.end_of_stream = false;
        }
        input.set_flags(chunk_flags(direction == Direction::Write, end_of_stream));
        let keep = self.service.options().state == State::Connection;
        let link = self.with_lease(|lease| match lease.runner() {
            Some(Runner::Thread(machine)) => Ok(machine.call(input, keep, &state.mailbox)),
            _ => Err(CallError::new(ErrorCode::Internal, "the machine has no thread")),
        })?;
        // What is on its way must not be lost because a side closes meanwhile.
        self.filter.disable_close(true);
        state.running = Some(Running { link, direction, end_of_stream, effects: Effects::default() });
        Ok(())
    }

    /// Serves everything that the machine's thread has sent.
    pub(super) fn serve_thread(&self, threaded: &RefCell<Threaded>) {
        loop {
            let message = threaded.borrow().mailbox.take();
            match message {
                None => return,
                Some(Message::Host(message)) => self.serve_host_message(threaded, message),
                Some(Message::Over(result)) => self.end_call(threaded, result),
            }
        }
    }

    fn serve_host_message(&self, threaded: &RefCell<Threaded>, message: HostMessage) {
        let mut state = threaded.borrow_mut();
        let Some(Running { link, direction, effects, .. }) = &mut state.running else { return };
        let mut host = GuestHost::new(&self.service, self.filter, *direction, effects);
        match message {
            HostMessage::Call { id, function, arguments } => {
                let answer = host.call(function, &arguments, TimeLimit::NONE);
                link.answer(id, answer);
            }
            HostMessage::Record(record) => {
                let entry = Entry { kind: record.kind, function: record.function, data: &record.data };
                host.record(entry, TimeLimit::NONE);
            }
        }
    }

    fn end_call(&self, threaded: &RefCell<Threaded>, result: Result<Vec<u8>, CallError>) {
        let Some(mut running) = threaded.borrow_mut().running.take() else { return };
        self.settle_lease();
        match running.effects.judge(result) {
            Ok(output) if !self.dead.get() => match Passed::read(&output) {
                Ok(passed) => self.pass_on(&Outcome {
                    direction: running.direction,
                    across: &running.effects.across,
                    front: &running.effects.front,
                    data: passed.data,
                    end_of_stream: running.end_of_stream,
                    close: passed.close,
                }),
                Err(flags) => self.fail(&bad_result(flags)),
            },
            Ok(_) => {}
            Err(error) => self.fail(&error),
        }
        self.go_on(threaded, running.direction);
        self.filter.disable_close(false);
    }

    /// The call on the connection's machine is over; where no state is kept, the next may be another connection's.
    fn settle_lease(&self) {
        let mut lease = self.lease.borrow_mut();
        // Absent when the connection was closed meanwhile.
        if let Some(Runner::Thread(machine)) = lease.as_mut().and_then(Lease::runner) {
            machine.over();
        }
        if self.service.options().state == State::Call {
            let lease = lease.take();
            drop(lease);
        }
    }

    /// Begins the next call, if anything waits for one.
    fn go_on(&self, threaded: &RefCell<Threaded>, last: Direction) {
        if self.dead.get() {
            return;
        }
        let mut state = threaded.borrow_mut();
        // A hook that Envoy called while data was passed on may have begun one.
        if state.running.is_some() {
            return;
        }
        let begun = match state.next(last) {
            Some(direction) => self.begin(&mut state, direction),
            None => Ok(()),
        };
        drop(state);
        if let Err(error) = begun {
            self.fail(&error);
        }
    }
}
