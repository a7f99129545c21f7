//! One connection: its chunks, its machine, its end.

mod inline;
mod threaded;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use twinwall_host::{CallError, ErrorCode, show_text};

use crate::counters::code_name;
use crate::envoy::abi::{CloseKind, Level, Status};
use crate::envoy::{self, Direction, Filter, Scheduler};
use crate::options::{Placement, State};
use crate::service::Service;
use crate::workers::Lease;
use threaded::Threaded;

/// Why Envoy closes what a guest has closed, for access logs.
const CLOSED_BY_GUEST: &str = "twinwall_closed_by_guest";

/// A connection, on the worker that owns it. Envoy may call hooks while it serves one of our calls, so nothing here is
/// borrowed across such a call.
#[derive(Debug)]
pub struct Connection {
    filter: Filter,
    service: Arc<Service>,
    /// Nothing passes any more.
    dead: Cell<bool>,
    /// The machine, while the guest keeps its state.
    lease: RefCell<Option<Lease>>,
    /// Present once the guest has closed the connection, and the close is on its way.
    closing: RefCell<Option<Scheduler>>,
    /// Present when the machine runs on a thread of its own.
    threaded: Option<RefCell<Threaded>>,
}

/// What goes on once a chunk has gone through the guest.
struct Outcome<'a> {
    direction: Direction,
    /// Data in the other direction, which goes first.
    across: &'a [u8],
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
            dead: Cell::new(false),
            lease: RefCell::new(None),
            closing: RefCell::new(None),
            threaded,
        }
    }

    /// Envoy has `length` bytes in the buffer of a direction.
    pub(crate) fn on_data(&self, direction: Direction, length: usize, end_of_stream: bool) -> Status {
        if self.dead.get() {
            self.filter.drain(direction, length);
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

    /// Envoy woke the worker because the machine's thread asked for it.
    pub(crate) fn on_scheduled(&self) {
        if self.closing.take().is_some() {
            self.filter.close(CloseKind::FlushWrite, CLOSED_BY_GUEST);
        }
        if let Some(threaded) = &self.threaded {
            self.serve_thread(threaded);
        }
    }

    /// The connection is closed, by either side.
    pub(crate) fn on_closed(&self) {
        self.dead.set(true);
        self.release();
    }

    /// Gives the machine back, unless a call of this connection is using it right now: then its end does.
    fn release(&self) {
        if let Ok(mut lease) = self.lease.try_borrow_mut() {
            drop(lease.take());
        }
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
    fn pass_on(&self, outcome: &Outcome<'_>) {
        let Outcome { direction, across, front, data, end_of_stream, close } = *outcome;
        if !across.is_empty() {
            self.filter.inject(direction.other(), across, false);
        }
        let target = if self.service.options().terminal { Direction::Write } else { direction };
        if !front.is_empty() && !self.dead.get() {
            self.filter.inject(target, front, false);
        }
        if (!data.is_empty() || end_of_stream) && !self.dead.get() {
            self.filter.inject(target, data, end_of_stream);
        }
        if close {
            self.close_for_guest(target);
        }
    }

    /// Closes behind data that went in a direction.
    fn close_for_guest(&self, direction: Direction) {
        if self.dead.replace(true) {
            return;
        }
        self.filter.count(self.service.counters().closed_by_guest, 1);
        match direction {
            // Envoy sends it first.
            Direction::Write => self.filter.close(CloseKind::FlushWrite, CLOSED_BY_GUEST),
            // What closes both sides would overtake it on its way to the upstream.
            Direction::Read => {
                let scheduler = self.filter.scheduler();
                scheduler.commit();
                *self.closing.borrow_mut() = Some(scheduler);
            }
        }
    }

    /// Counts a chunk that is about to be processed.
    fn count_chunk(&self, length: usize) {
        self.filter.count(self.service.counters().chunks, 1);
        self.filter.count(self.service.counters().bytes, length as u64);
    }

    /// Resets the connection because its guest failed: nobody may take what came before for the whole.
    pub(crate) fn fail(&self, error: &CallError) {
        if self.dead.replace(true) {
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
