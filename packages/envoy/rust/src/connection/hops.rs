//! Data that a guest writes towards the upstream because of data from the upstream.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use twinwall_host::{CallError, ErrorCode};

use crate::envoy::{Filter, Scheduler};

/// Most times a second. What is behind may send back what it gets: a guest that writes it again would keep a worker busy for
/// ever, from one chunk of a peer.
const MOST_A_SECOND: u32 = 1000;

/// What waits for the worker to come back from Envoy's hooks.
#[derive(Debug, Default)]
pub(crate) struct Hops {
    waiting: RefCell<Vec<u8>>,
    scheduler: RefCell<Option<Scheduler>>,
    /// When the current second began, and how often there was something to send in it.
    second: Cell<Option<Instant>>,
    count: Cell<u32>,
}

impl Hops {
    /// Takes data, and has the worker come back for it.
    pub(crate) fn put(&self, filter: Filter, data: Vec<u8>) -> Result<(), CallError> {
        if self.second.get().is_none_or(|begun| begun.elapsed() >= Duration::from_secs(1)) {
            self.second.set(Some(Instant::now()));
            self.count.set(0);
        }
        self.count.set(self.count.get() + 1);
        if self.count.get() > MOST_A_SECOND {
            let text = format!("write: towards the upstream more than {MOST_A_SECOND} times a second");
            return Err(CallError::new(ErrorCode::Limit, text));
        }
        let mut waiting = self.waiting.borrow_mut();
        if waiting.is_empty() {
            *waiting = data;
        } else {
            waiting.extend_from_slice(&data);
        }
        self.scheduler.borrow_mut().get_or_insert_with(|| filter.scheduler()).commit();
        Ok(())
    }

    /// What waits.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.waiting.take()
    }
}
