//! Messages from a machine's thread to the worker.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use twinwall_host::{CallError, HostMessage};

use crate::envoy::Gate;

/// Where a machine's thread leaves messages; the worker is woken for those that it has to act on.
#[derive(Debug)]
pub(crate) struct Mailbox {
    messages: Mutex<VecDeque<Message>>,
    arrived: Condvar,
    gate: Arc<Gate>,
}

/// A message to the worker.
#[derive(Debug)]
pub(crate) enum Message {
    /// A host call or a record.
    Host(HostMessage),
    /// The result of one piece, a byte of flags and data.
    Piece(Vec<u8>),
    /// All pieces are through, or one has failed.
    Over(Result<(), CallError>),
}

impl Mailbox {
    /// An empty one, of the connection behind `gate`.
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { messages: Mutex::default(), arrived: Condvar::new(), gate }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Leaves a message.
    pub(super) fn put(&self, message: Message) {
        let wakes = !matches!(message, Message::Piece(_));
        self.lock().push_back(message);
        if wakes {
            self.arrived.notify_one();
            self.gate.wake();
        }
    }

    /// The oldest message.
    pub(crate) fn take(&self) -> Option<Message> {
        self.lock().pop_front()
    }

    /// The oldest message; waits for one until `until`.
    pub(crate) fn wait(&self, until: Instant) -> Option<Message> {
        let mut messages = self.lock();
        loop {
            if let Some(message) = messages.pop_front() {
                return Some(message);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left == Duration::ZERO {
                return None;
            }
            messages = self.arrived.wait_timeout(messages, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
