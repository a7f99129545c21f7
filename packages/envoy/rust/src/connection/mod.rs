//! One connection: its chunks, its machine, its end.

mod hops;
mod inline;
mod reading;
mod threaded;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use twinwall_host::{CallError, ErrorCode, show_text};

use crate::counters::code_name;
use crate::envoy::abi::{CloseKind, Level, Status};
use crate::envoy::{self, Direction, Filter};
use crate::options::{Placement, State};
use crate::service::Service;
use crate::workers::Lease;
use hops::Hops;
use reading::Reading;
use threaded::Threaded;

/// Why Envoy closes what a guest has closed, for access logs.
const CLOSED_BY_GUEST: &str = "twinwall_closed_by_guest";

/// A connection, on the worker that owns it. Envoy may call hooks while it serves one of our calls, so nothing here is
/// borrowed across such a call.
#[derive(Debug)]
pub(crate) struct Connection {
    filter: Filter,
    service: Arc<Service>,
    phase: Cell<Phase>,
    /// The machine, while the guest keeps its state.
    lease: RefCell<Option<Lease>>,
    reading: Reading,
    hops: Hops,
    /// Present when the machine runs on a thread of its own.
    threaded: Option<RefCell<Threaded>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Data goes through the guest.
    Open,
    /// The guest has closed the connection, and the upstream has been told. Nothing passes any more; when it is done too,
    /// the client is told.
    Ending,
    /// Nothing passes any more.
    Dead,
}

/// What goes on once an event's data has gone through the guest.
struct Outcome<'a> {
    direction: Direction,
    /// Data in the other direction, which goes first.
    across: Vec<u8>,
    /// Data that goes on, in two parts.
    front: &'a [u8],
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
        let threaded = (service.options().placement == Placement::Thread)
            .then(|| RefCell::new(Threaded::new(filter.scheduler())));
        Self {
            filter,
            service,
            phase: Cell::new(Phase::Open),
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
        if !self.is_open() {
            self.filter.drain(direction, length);
            if direction == Direction::Write && end_of_stream && self.phase.get() == Phase::Ending {
                self.phase.set(Phase::Dead);
                self.filter.close(CloseKind::FlushWrite, CLOSED_BY_GUEST);
            }
            return Status::Stop;
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
        if !across.is_empty() && self.is_open() {
            self.filter.inject(Direction::Read, &across, false);
        }
        if let Some(threaded) = &self.threaded {
            self.serve_thread(threaded);
        }
    }

    /// The connection is closed, by either side.
    pub(crate) fn on_closed(&self) {
        self.phase.set(Phase::Dead);
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

    /// Does something with the connection's machine: its own while the guest keeps its state, else any of the worker's.
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
        // Towards the upstream the end of the stream is the close: what closes both sides would overtake the data.
        let ends = end_of_stream || (close && target == Direction::Read);
        if close && target == Direction::Read && self.is_open() {
            self.filter.count(self.service.counters().closed_by_guest, 1);
            self.phase.set(Phase::Ending);
            self.release();
        }
        if !front.is_empty() && self.phase.get() != Phase::Dead {
            self.filter.inject(target, front, false);
        }
        if (!data.is_empty() || ends) && self.phase.get() != Phase::Dead {
            self.filter.inject(target, data, ends);
        }
        if close && target == Direction::Write && self.is_open() {
            self.filter.count(self.service.counters().closed_by_guest, 1);
            self.phase.set(Phase::Dead);
            self.release();
            // Envoy sends what is on its way to the client first.
            self.filter.close(CloseKind::FlushWrite, CLOSED_BY_GUEST);
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
        // Not from within a hook: what is behind may answer at once, and Envoy's buffers are not made for that.
        if let Err(error) = self.hops.put(self.filter, across) {
            self.fail(&error);
        }
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
        self.filter.close(CloseKind::AbortReset, &format!("twinwall_{}", name.to_lowercase()));
        self.release();
    }
}
