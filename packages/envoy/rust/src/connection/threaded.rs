//! Chunks on a thread of the machine's own: the worker goes on, and is woken for host calls and for the result.

use std::cell::RefCell;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use twinwall_host::{CallError, CallLink, Entry, ErrorCode, Host, HostMessage, TimeLimit};

use super::{Connection, Outcome};
use crate::envoy::abi::Status;
use crate::envoy::{Direction, Gate};
use crate::guest::{Effects, GuestHost, Mailbox, Message, Runner, Task, with_deadline};
use crate::options::State;
use crate::workers::Lease;

/// Bytes of a direction that may wait for the guest before somebody waits with them: the client, which is not read from,
/// or the worker.
const MUCH: usize = 1 << 20;

/// Most bytes from the upstream that may wait. It takes a guest that uses up its deadline again and again.
const MOST: usize = 16 << 20;

/// A connection whose machine runs elsewhere.
#[derive(Debug)]
pub(super) struct Threaded {
    mailbox: Arc<Mailbox>,
    running: Option<Running>,
    /// How the task in progress ended, where the worker has heard of it and not acted on it.
    over: Option<Result<(), CallError>>,
    read: Waiting,
    write: Waiting,
}

/// What has come in a direction and waits for its turn. It lies here and not in Envoy's buffers: those are not ours
/// outside of their hooks, and filters behind may hand them on.
#[derive(Debug, Default)]
struct Waiting {
    data: Vec<u8>,
    end_of_stream: bool,
}

/// A task in progress.
#[derive(Debug)]
struct Running {
    link: CallLink,
    direction: Direction,
    end_of_stream: bool,
    effects: Effects,
    /// What the guest passes on, so far.
    passed: Vec<u8>,
    close: bool,
    /// The worker has waited for it.
    waited: bool,
}

impl Threaded {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Self {
            mailbox: Arc::new(Mailbox::new(gate)),
            running: None,
            over: None,
            read: Waiting::default(),
            write: Waiting::default(),
        }
    }

    fn waiting(&mut self, direction: Direction) -> &mut Waiting {
        match direction {
            Direction::Read => &mut self.read,
            Direction::Write => &mut self.write,
        }
    }

    /// Forgets what waits: nothing passes any more. Returns whether the upstream's end was among it.
    pub(super) fn forget(&mut self) -> bool {
        self.read = Waiting::default();
        mem::take(&mut self.write).end_of_stream
    }

    /// The direction that is next: turn by turn where both wait.
    fn next(&mut self, last: Direction) -> Option<Direction> {
        [last.other(), last].into_iter().find(|&direction| {
            let waiting = self.waiting(direction);
            !waiting.data.is_empty() || waiting.end_of_stream
        })
    }
}

impl Connection {
    /// Takes new data, and begins a task unless one is running.
    pub(super) fn run_on_thread(
        &self,
        threaded: &RefCell<Threaded>,
        direction: Direction,
        length: usize,
        end_of_stream: bool,
    ) -> Status {
        let mut state = threaded.borrow_mut();
        let waiting = state.waiting(direction);
        self.filter.take(direction, length, &mut waiting.data);
        waiting.end_of_stream |= end_of_stream;
        let begun = if state.running.is_none() { self.begin(&mut state, direction) } else { Ok(()) };
        let held = begun.and_then(|()| self.hold_back(&mut state, direction));
        drop(state);
        if let Err(error) = held {
            self.fail(&error);
        }
        Status::Stop
    }

    /// Lets nobody send much more than the guest takes.
    fn hold_back(&self, state: &mut Threaded, direction: Direction) -> Result<(), CallError> {
        if state.waiting(direction).data.len() <= MUCH {
            return Ok(());
        }
        if direction == Direction::Read {
            self.reading.hold_for_guest(true);
            return Ok(());
        }
        // An upstream cannot be told to wait but by waiting, which is bounded as a call on the worker is.
        self.wait_for_end(state);
        if state.write.data.len() <= MOST {
            return Ok(());
        }
        let text = format!("more than {MOST} bytes from the upstream wait for the guest");
        Err(CallError::new(ErrorCode::Limit, text))
    }

    /// Waits until the task in progress is over, at most as long as it may take, and once. What comes of it waits for the
    /// worker to come back from Envoy's hooks.
    fn wait_for_end(&self, state: &mut Threaded) {
        match &mut state.running {
            Some(running) if !running.waited => running.waited = true,
            _ => return,
        }
        let until = Instant::now() + Duration::from_nanos(self.service.options().limits.deadline);
        while state.over.is_none() && state.running.is_some() {
            let Some(message) = state.mailbox.wait(until) else { return };
            self.note(state, message);
        }
    }

    /// Hands what waits in a direction to the machine.
    fn begin(&self, state: &mut Threaded, direction: Direction) -> Result<(), CallError> {
        let waiting = state.waiting(direction);
        let rest = if waiting.data.len() > MUCH { waiting.data.split_off(MUCH) } else { Vec::new() };
        let data = mem::replace(&mut waiting.data, rest);
        let end_of_stream = waiting.end_of_stream && waiting.data.is_empty();
        if end_of_stream {
            waiting.end_of_stream = false;
        }
        if direction == Direction::Read && waiting.data.len() <= MUCH {
            self.reading.hold_for_guest(false);
        }
        self.count_chunk(data.len());
        let options = self.service.options();
        let keep = options.state == State::Connection;
        let task = Task { direction, data, end_of_stream, keep, limits: options.limits };
        let link = self.with_lease(|lease| match lease.runner() {
            Some(Runner::Thread(machine)) => Ok(machine.run(task, &state.mailbox)),
            _ => Err(CallError::new(ErrorCode::Internal, "the machine has no thread")),
        })?;
        // What is on its way must not be lost because a side closes meanwhile.
        self.filter.disable_close(true);
        state.running = Some(Running {
            link,
            direction,
            end_of_stream,
            effects: Effects::default(),
            passed: Vec::new(),
            close: false,
            waited: false,
        });
        Ok(())
    }

    /// Serves everything that the machine's thread has sent.
    pub(super) fn serve_thread(&self, threaded: &RefCell<Threaded>) {
        loop {
            let mut state = threaded.borrow_mut();
            if let Some(result) = state.over.take() {
                let running = state.running.take();
                drop(state);
                if let Some(running) = running {
                    self.end_task(threaded, running, result);
                }
                continue;
            }
            let Some(message) = state.mailbox.take() else { return };
            self.note(&mut state, message);
        }
    }

    /// Acts on a message as far as that calls no hook: a result waits for the worker to be outside of Envoy's.
    fn note(&self, state: &mut Threaded, message: Message) {
        let Some(running) = &mut state.running else { return };
        match message {
            Message::Host(message) => self.serve_host_message(running, message),
            Message::Piece(output) => {
                // Flags were read where it came from.
                let flags = output.first().copied().unwrap_or_default();
                running.close |= flags != 0;
                running.effects.next_call();
                running.passed.append(&mut running.effects.front);
                running.passed.extend_from_slice(output.get(1..).unwrap_or_default());
            }
            Message::Over(result) => state.over = Some(result),
        }
    }

    fn serve_host_message(&self, running: &mut Running, message: HostMessage) {
        let Running { link, direction, effects, .. } = running;
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

    fn end_task(&self, threaded: &RefCell<Threaded>, mut running: Running, result: Result<(), CallError>) {
        self.settle_lease();
        match running.effects.judge(result) {
            Ok(()) if self.is_open() => self.pass_on(Outcome {
                direction: running.direction,
                across: mem::take(&mut running.effects.across),
                front: Vec::new(),
                data: &running.passed,
                end_of_stream: running.end_of_stream,
                close: running.close,
            }),
            Ok(()) => {}
            Err(error) => self.fail(&with_deadline(error, &self.service.options().limits)),
        }
        self.go_on(threaded, running.direction);
        // A hook that Envoy called while data was passed on may have begun the next task, which needs the hold.
        if threaded.borrow().running.is_none() {
            self.filter.disable_close(false);
        }
    }

    /// The task on the connection's machine is over; where no state is kept, the next may be another connection's.
    fn settle_lease(&self) {
        let mut lease = self.lease.borrow_mut();
        // Absent when the connection was closed meanwhile.
        if let Some(Runner::Thread(machine)) = lease.as_mut().and_then(Lease::runner) {
            machine.over();
        }
        if self.service.options().state == State::Call {
            drop(lease.take());
        }
    }

    /// Begins the next task, if anything waits for one.
    fn go_on(&self, threaded: &RefCell<Threaded>, last: Direction) {
        if !self.is_open() {
            return;
        }
        let mut state = threaded.borrow_mut();
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
