//! Data that a guest writes towards the upstream because of data from the upstream.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use twinwall_host::{CallError, ErrorCode};

/// Most times a second. What is behind may send back what it gets: a guest that writes it again would keep a worker busy for
/// ever, from one chunk of a peer.
const MOST_A_SECOND: u32 = 1000;

/// What waits for the worker to come back from Envoy's hooks.
#[derive(Debug, Default)]
pub(super) struct Hops {
    waiting: RefCell<Vec<u8>>,
    /// When the current second began, and how often there was something to send in it.
    second: Cell<Option<Instant>>,
    count: Cell<u32>,
}

impl Hops {
    /// Counts; fails beyond what is allowed.
    pub(super) fn count(&self) -> Result<(), CallError> {
        if self.second.get().is_none_or(|begun| begun.elapsed() >= Duration::from_secs(1)) {
            self.second.set(Some(Instant::now()));
            self.count.set(0);
        }
        self.count.set(self.count.get() + 1);
        if self.count.get() <= MOST_A_SECOND {
            return Ok(());
        }
        let text = format!("write: towards the upstream more than {MOST_A_SECOND} times a second");
        Err(CallError::new(ErrorCode::Limit, text))
    }

    /// Takes data.
    pub(super) fn put(&self, mut data: Vec<u8>) {
        self.waiting.borrow_mut().append(&mut data);
    }

    /// What waits.
    pub(super) fn take(&self) -> Vec<u8> {
        self.waiting.take()
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }
}
