//! How a connection ends that its guest has closed.
//!
//! A close must not overtake data. Towards the client Envoy sees to that; towards the upstream, what closes both sides closes
//! that one at once. There the end of the stream is sent instead, and the rest waits for the upstream's own.

use std::time::{Duration, Instant};

use super::Connection;
use crate::envoy::Direction;
use crate::envoy::abi::{CloseKind, Status};

/// Why Envoy closes what a guest has closed, for access logs.
const CLOSED_BY_GUEST: &str = "twinwall_closed_by_guest";

/// How long an upstream has to end its side.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Data goes through the guest.
    Open,
    /// The guest has closed it and the upstream has been told. No data passes any more but what no guest sees.
    Ending { until: Instant },
    /// It is closed as soon as the worker is out of Envoy's hooks.
    Leaving,
    /// Nothing passes any more.
    Dead,
}

impl Connection {
    /// The guest has closed the connection behind data towards the client.
    pub(super) fn leave(&self) {
        self.filter.count(self.service.counters().closed_by_guest, 1);
        self.release();
        if self.hops.is_empty() {
            self.close_now();
        } else {
            // What the guest wrote towards the upstream goes first.
            self.phase.set(Phase::Leaving);
            self.gate.wake();
        }
    }

    /// The guest has closed the connection behind data towards the upstream, which is about to be sent with the end of the
    /// stream.
    pub(super) fn begin_ending(&self) {
        self.filter.count(self.service.counters().closed_by_guest, 1);
        self.release();
        self.reading.hold_for_guest(false);
        let ended = self.threaded.as_ref().is_some_and(|threaded| threaded.borrow_mut().forget());
        if ended {
            self.upstream_ended.set(true);
        }
        let until = Instant::now() + PATIENCE;
        self.phase.set(Phase::Ending { until });
        self.service.workers().wake_at(until, &self.gate);
    }

    /// Closes a connection whose upstream is done, or has had its time.
    pub(super) fn go_on_ending(&self) {
        match self.phase.get() {
            Phase::Leaving => self.close_now(),
            Phase::Ending { until } if self.upstream_ended.get() || Instant::now() >= until => {
                self.close_now()
            }
            Phase::Open | Phase::Ending { .. } | Phase::Dead => {}
        }
    }

    /// Envoy has data although the guest has closed the connection, or failed.
    pub(super) fn on_late_data(&self, direction: Direction, length: usize, end_of_stream: bool) -> Status {
        let ending = matches!(self.phase.get(), Phase::Ending { .. });
        if ending && direction == Direction::Write && !self.service.processes(direction) {
            if end_of_stream {
                // Behind this data.
                self.phase.set(Phase::Leaving);
                self.gate.wake();
            }
            return Status::Continue;
        }
        self.filter.drain(direction, length);
        if ending && direction == Direction::Write && end_of_stream {
            self.close_now();
        }
        Status::Stop
    }

    fn close_now(&self) {
        self.phase.set(Phase::Dead);
        // Envoy sends what is on its way to the client first.
        self.filter.close(CloseKind::FlushWrite, CLOSED_BY_GUEST);
    }
}
