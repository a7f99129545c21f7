//! A host on another thread: what the guest wants travels there as messages, in order, and the guest's thread waits for
//! the answers.
//!
//! The thread that serves the guest never waits for the guest's thread, and the guest's thread never waits longer than
//! its call may last: an answer, an abort, the deadline, or room for a record ends each of its waits.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use twinwall_abi::outbox::Entry;
use twinwall_abi::{ErrorCode, RecordKind};

use crate::abort::AbortHandle;
use crate::error::CallError;
use crate::host::{Host, TimeLimit};

/// Bytes of records that may be on their way; a guest that writes more waits for the host to take them.
const QUEUE_BYTES: usize = 1 << 20;
/// What a record costs beside its data: a guest may write empty ones.
const RECORD_BYTES: usize = 64;

/// What a guest wants of its host.
#[derive(Debug)]
pub enum HostMessage {
    /// A host call: the guest waits for [`CallLink::answer`].
    Call {
        /// Names the host call in its answer; no other host call of the same link has it.
        id: u64,
        /// Number of the host function.
        function: u32,
        /// A copy of the guest's arguments.
        arguments: Vec<u8>,
    },
    /// An outbox record.
    Record(RemoteRecord),
}

/// An outbox record on its way. Until it is dropped, it counts among what the guest may write ahead of its host.
#[derive(Debug)]
pub struct RemoteRecord {
    /// What the data is.
    pub kind: RecordKind,
    /// Host function of a deferred host call; 0 otherwise.
    pub function: u32,
    /// The data.
    pub data: Vec<u8>,
    _queued: Queued,
}

/// Takes messages to the thread that serves them, and keeps their order. It must not wait for that thread.
pub trait Courier {
    /// Sends a message off. Returns whether anybody will receive it; where nobody will, the call ends with
    /// [`ErrorCode::Disposed`].
    fn deliver(&mut self, message: HostMessage) -> bool;
}

/// The hold that other threads have on one call: they answer its host calls, and end it. Clones are the same link.
#[derive(Clone, Debug, Default)]
pub struct CallLink {
    abort: AbortHandle,
    desk: Arc<Desk>,
}

/// Where answers are left for the guest's thread.
#[derive(Debug, Default)]
struct Desk {
    state: Mutex<DeskState>,
}

#[derive(Debug, Default)]
struct DeskState {
    /// The host call that waits for its answer.
    open: Option<u64>,
    answer: Option<Result<Vec<u8>, ErrorCode>>,
    /// Bytes of records on their way.
    queued: usize,
    /// The guest's thread waits for that to become less.
    full: bool,
}

/// The host of a call whose host functions run on another thread.
///
/// # Examples
///
/// A call on a thread of its own, whose host calls this thread serves:
///
/// ```no_run
/// use std::sync::mpsc::{Sender, channel};
/// use twinwall_vmm_kvm::{Call, CallError, CallLink, Courier, Crew, HostMessage, Machine, RemoteHost};
///
/// enum Event {
///     Guest(HostMessage),
///     Over(Machine, Result<usize, CallError>),
/// }
///
/// struct ToThisThread(Sender<Event>);
///
/// impl Courier for ToThisThread {
///     fn deliver(&mut self, message: HostMessage) -> bool {
///         self.0.send(Event::Guest(message)).is_ok()
///     }
/// }
///
/// fn serve(crew: &Crew, mut machine: Machine, call: Call<'static>) -> Result<Machine, Box<dyn std::error::Error>> {
///     let (sender, events) = channel();
///     let link = CallLink::new();
///     let its_link = link.clone();
///     let to_this_thread = ToThisThread(sender.clone());
///     let work = move || {
///         let mut host = RemoteHost::new(to_this_thread, its_link.clone());
///         let outcome =
///             machine.call_abortable(&call, &mut host, &mut Vec::new(), its_link.abort_handle());
///         Event::Over(machine, outcome)
///     };
///     crew.seat()?.run(work, move |over| drop(sender.send(over)));
///     loop {
///         match events.recv()? {
///             Event::Guest(HostMessage::Call { id, arguments, .. }) => {
///                 link.answer(id, Ok(arguments));
///             }
///             Event::Guest(HostMessage::Record(record)) => println!("{} bytes of output", record.data.len()),
///             Event::Over(machine, outcome) => {
///                 outcome?;
///                 return Ok(machine);
///             }
///         }
///     }
/// }
/// ```
#[derive(Debug)]
pub struct RemoteHost<C> {
    courier: C,
    link: CallLink,
    last_id: u64,
}

impl CallLink {
    /// A link for one call.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What ends the call: give it to [`Machine::call_abortable`](crate::Machine::call_abortable) with a
    /// [`RemoteHost`] of this link.
    #[must_use]
    pub fn abort_handle(&self) -> &AbortHandle {
        &self.abort
    }

    /// Answers host call `id`, as [`Host::call`] would, and lets the guest go on. Returns whether the guest was waiting
    /// for it: an answer that comes too late, or twice, is dropped.
    pub fn answer(&self, id: u64, answer: Result<Vec<u8>, ErrorCode>) -> bool {
        let mut desk = self.desk.lock();
        if desk.open != Some(id) {
            return false;
        }
        desk.open = None;
        desk.answer = Some(answer);
        drop(desk);
        self.abort.notify();
        true
    }
}

impl Desk {
    fn lock(&self) -> MutexGuard<'_, DeskState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a record of `bytes` may be sent; takes note where not.
    fn has_room(&self, bytes: usize) -> bool {
        let mut state = self.lock();
        state.full = state.queued > 0 && state.queued + bytes > QUEUE_BYTES;
        !state.full
    }

    /// Begins a host call.
    fn open(&self, id: u64) {
        let mut state = self.lock();
        state.open = Some(id);
        state.answer = None;
    }
}

impl<C: Courier> RemoteHost<C> {
    /// A host that `courier` takes messages from, and `link` answers.
    pub fn new(courier: C, link: CallLink) -> Self {
        Self { courier, link, last_id: 0 }
    }

    fn deliver(&mut self, message: HostMessage) -> Result<(), ErrorCode> {
        if self.courier.deliver(message) {
            return Ok(());
        }
        let nobody = "nobody is there any more to serve the guest";
        self.link.abort.abort(CallError::new(ErrorCode::Disposed, nobody));
        Err(ErrorCode::Disposed)
    }

    /// Waits until the host has taken so many records that one of `bytes` may be sent.
    fn wait_for_room(&self, bytes: usize, limit: TimeLimit) {
        let CallLink { abort, desk } = &self.link;
        // A call that ends meanwhile sends the record all the same: none gets lost, and its outbox bounds how many come.
        let _ = abort.wait(limit, || desk.has_room(bytes).then_some(()));
    }
}

impl<C: Courier> Host for RemoteHost<C> {
    fn call(&mut self, function: u32, arguments: &[u8], limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        self.last_id += 1;
        let id = self.last_id;
        self.link.desk.open(id);
        self.deliver(HostMessage::Call { id, function, arguments: arguments.to_vec() })?;
        let CallLink { abort, desk } = &self.link;
        let answer = abort.wait(limit, || desk.lock().answer.take());
        desk.lock().open = None;
        answer?
    }

    fn record(&mut self, entry: Entry<'_>, limit: TimeLimit) {
        let bytes = RECORD_BYTES + entry.data.len();
        self.wait_for_room(bytes, limit);
        self.link.desk.lock().queued += bytes;
        let queued = Queued { link: self.link.clone(), bytes };
        let Entry { kind, function, data } = entry;
        let record = RemoteRecord { kind, function, data: data.to_vec(), _queued: queued };
        // Where nobody takes it, the call ends.
        let _ = self.deliver(HostMessage::Record(record));
    }
}

/// A record's share of what may be on its way.
#[derive(Debug)]
struct Queued {
    link: CallLink,
    bytes: usize,
}

impl Drop for Queued {
    fn drop(&mut self) {
        let mut desk = self.link.desk.lock();
        desk.queued = desk.queued.saturating_sub(self.bytes);
        let full = desk.full;
        drop(desk);
        if full {
            self.link.abort.notify();
        }
    }
}
