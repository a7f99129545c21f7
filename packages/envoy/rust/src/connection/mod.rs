//! One connection: its chunks, its machine, its end.

mod ending;
mod hops;
mod inline;
mod reading;
mod threaded;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use twinwall_host::{CallError, ErrorCode, show_text};

use crate::counters::code_name;
use crate::envoy::abi::{CloseKind, Level, Status};
use crate::envoy::{self, Direction, Filter, Gate};
use crate::options::{Placement, State};
use crate::service::Service;
use crate::workers::Lease;
use ending::Phase;
use hops::Hops;
use reading::Reading;
use threaded::Threaded;

/// A connection, on the worker that owns it. Envoy may call hooks while it serves one of our calls, so nothing here is
/// borrowed across such a call.
#[derive(Debug)]
pub(crate) struct Connection {
    filter: Filter,
    service: Arc<Service>,
    gate: Arc<Gate>,
    phase: Cell<Phase>,
    /// The upstream has ended its side.
    upstream_ended: Cell<bool>,
    /// The machine, while the guest keeps its state.
    lease: RefCell<Option<Lease>>,
    reading: Reading,
    hops: Hops,
    /// Present when the machine runs on a thread of its own.
    threaded: Option<RefCell<Threaded>>,
}

/// What goes on once an event's data has gone through the guest.
struct Outcome<'a> {
    direction: Direction,
    /// Data in the other direction, which goes first.
    across: Vec<u8>,
    /// Data that goes on, in two parts.
    front: Vec<u8>,
    data: &'a [u8],
    end_of_stream: bool,
    close: bool,
}

impl Connection {
    /// A connection of `filter`.
    pub(crate) fn new(filter: Filter, service: Arc<Service>) -> Self {
        filter.count(service.counters().connections, 1);
        if service.options().terminal {
            filter.enable_half_close();
        }
        let gate = filter.gate();
        let threaded = (service.options().placement == Placement::Thread)
            .then(|| RefCell::new(Threaded::new(Arc::clone(&gate))));
        Self {
            filter,
            service,
            gate,
            phase: Cell::new(Phase::Open),
            upstream_ended: Cell::new(false),
            lease: RefCell::new(None),
            reading: Reading::new(filter),
            hops: Hops::default(),
            threaded,
        }
    }

    fn is_open(&self) -> bool {
        self.phase.get() == Phase::Open
    }

    /// Envoy has `length` bytes in the buffer of a direction.
    pub(crate) fn on_data(&self, direction: Direction, length: usize, end_of_stream: bool) -> Status {
        if direction == Direction::Write && end_of_stream {
            self.upstream_ended.set(true);
        }
        if !self.is_open() {
            return self.on_late_data(direction, length, end_of_stream);
        }
        if !self.service.processes(direction) || (length == 0 && !end_of_stream) {
            return Status::Continue;
        }
        match &self.threaded {
            None => self.run_inline(direction, length, end_of_stream),
            Some(threaded) => self.run_on_thread(threaded, direction, length, end_of_stream),
        }
    }

    /// Envoy woke the worker because something of this connection asked for it.
    pub(crate) fn on_scheduled(&self) {
        let across = self.hops.take();
        if !across.is_empty() && self.phase.get() != Phase::Dead {
            self.filter.inject(Direction::Read, &across, false);
        }
        self.go_on_ending();
        if let Some(threaded) = &self.threaded {
            self.serve_thread(threaded);
        }
    }

    /// The connection is closed, by either side.
    pub(crate) fn on_closed(&self) {
        self.phase.set(Phase::Dead);
        self.gate.shut();
        self.release();
    }

    /// More, or no longer much, waits to be sent to the client. Where what is read is what is written, reading stops
    /// meanwhile; else the filter behind sees to its upstream.
    pub(crate) fn on_watermark(&self, above: bool) {
        if self.service.options().terminal {
            self.reading.hold_for_client(above);
        }
    }

    /// Gives the machine back, unless a call of this connection is using it right now: then its end does.
    fn release(&self) {
        let lease = self.lease.try_borrow_mut().ok().and_then(|mut lease| lease.take());
        drop(lease);
    }

    /// Does something with a machine: the connection's own while the guest keeps its state or a thread runs, else any of the
    /// worker's.
    fn with_lease<Value>(
        &self,
        use_lease: impl FnOnce(&mut Lease) -> Result<Value, CallError>,
    ) -> Result<Value, CallError> {
        let take = || self.service.workers().take(self.filter.worker_index());
        if self.service.options().state == State::Call && self.threaded.is_none() {
            return use_lease(&mut take()?);
        }
        let mut lease = self.lease.borrow_mut();
        let lease = match &mut *lease {
            Some(lease) => lease,
            empty => empty.insert(take()?),
        };
        use_lease(lease)
    }

    /// Sends on what came out of the guest by Envoy's injection, and closes when the guest wants it.
    fn pass_on(&self, outcome: Outcome<'_>) {
        let Outcome { direction, across, front, data, end_of_stream, close } = outcome;
        self.send_across(direction, across);
        let target = if self.service.options().terminal { Direction::Write } else { direction };
        let front = self.behind_hops(target, front);
        let ends_upstream = close && target == Direction::Read && self.is_open();
        if ends_upstream {
            self.begin_ending();
        }
        if !front.is_empty() && self.phase.get() != Phase::Dead {
            self.filter.inject(target, &front, false);
        }
        let ends = end_of_stream || ends_upstream;
        if (!data.is_empty() || ends) && self.phase.get() != Phase::Dead {
            self.filter.inject(target, data, ends);
        }
        if ends_upstream {
            self.go_on_ending();
        } else if close && target == Direction::Write && self.is_open() {
            self.leave();
        }
    }

    /// Sends what a call on a chunk of `direction` wrote in the other one.
    fn send_across(&self, direction: Direction, across: Vec<u8>) {
        if across.is_empty() || !self.is_open() {
            return;
        }
        if direction == Direction::Read {
            self.filter.inject(Direction::Write, &across, false);
            return;
        }
        if let Err(error) = self.hops.count() {
            self.fail(&error);
            return;
        }
        // Not from within the hook of the other direction: what is behind may answer at once, and Envoy's buffers are not
        // made for that.
        self.hops.put(across);
        self.gate.wake();
    }

    /// `front`, behind what waits to go in the same direction.
    fn behind_hops(&self, direction: Direction, mut front: Vec<u8>) -> Vec<u8> {
        if direction == Direction::Write || self.hops.is_empty() {
            return front;
        }
        let mut waiting = self.hops.take();
        waiting.append(&mut front);
        waiting
    }

    /// Counts an event's data, which is about to be processed.
    fn count_chunk(&self, length: usize) {
        self.filter.count(self.service.counters().chunks, 1);
        self.filter.count(self.service.counters().bytes, length as u64);
    }

    /// Resets the connection because its guest failed: the client must not take what came before for the whole. Towards an
    /// upstream Envoy has no reset.
    pub(crate) fn fail(&self, error: &CallError) {
        if self.phase.replace(Phase::Dead) == Phase::Dead {
            return;
        }
        let (counters, name) = (self.service.counters(), code_name(error.code));
        if error.code == ErrorCode::NoMachine {
            self.filter.count(counters.no_machine, 1);
        }
        counters.fail(self.filter, error.code);
        let (connection, text) = (self.filter.connection_id(), show_text(&error.message, 1000));
        envoy::log(Level::Warn, &format!("twinwall: connection {connection} is reset: {name}: {text}"));
        if !error.backtrace.is_empty() {
            let frames = show_text(&error.backtrace, 4000);
            envoy::log(Level::Debug, &format!("twinwall: connection {connection}: frames {frames}"));
        }
        if self.threaded.is_some() {
            // A close that Envoy has to put off becomes an ordinary one.
            self.filter.disable_close(false);
        }
        self.filter.close(CloseKind::AbortReset, &format!("twinwall_{}", name.to_lowercase()));
        self.release();
    }
}

impl Drop for Connection {
    /// Envoy has told of the end before; should it not have, nobody may come back to what is gone.
    fn drop(&mut self) {
        self.gate.shut();
    }
}
