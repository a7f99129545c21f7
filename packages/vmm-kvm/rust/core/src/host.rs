//! What a caller provides to serve a guest.

use std::time::Duration;

use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::Entry;

use crate::clock::now;
use crate::deadline::NEVER;

/// Serves a guest's host calls and reads what it appended to the outbox.
pub trait Host {
    /// Runs host function `function` on a copy of the guest's arguments and returns the result's bytes. A function
    /// that waits for something waits until `limit` at most: the call fails with [`ErrorCode::Deadline`] when it comes
    /// back later, but nothing makes it come back. One that [`AbortHandle::wait`](crate::AbortHandle::wait)s can be
    /// woken.
    ///
    /// # Errors
    /// A code that ends the guest's call; [`ErrorCode::HostFunction`] when the function itself failed.
    fn call(&mut self, function: u32, arguments: &[u8], limit: TimeLimit) -> Result<Vec<u8>, ErrorCode>;

    /// Takes one outbox record: output of the guest's standard streams, or a deferred host call. May wait as
    /// [`Self::call`] may.
    fn record(&mut self, entry: Entry<'_>, limit: TimeLimit);
}

/// When a call must be over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeLimit {
    /// Nanoseconds of the monotonic clock; [`NEVER`] for none.
    at: u64,
}

impl TimeLimit {
    /// No limit.
    pub const NONE: Self = Self { at: NEVER };

    pub(crate) const fn at(at: u64) -> Self {
        Self { at }
    }

    /// The limit of a call that begins now and may take `nanoseconds`; `u64::MAX`: none, as in
    /// [`Limits`](crate::Limits).
    #[must_use]
    pub fn within(nanoseconds: u64) -> Self {
        if nanoseconds == NEVER { Self::NONE } else { Self::at(now().saturating_add(nanoseconds)) }
    }

    /// The same, later by `time`.
    #[must_use]
    pub fn extended(self, time: Duration) -> Self {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(NEVER);
        Self::at(self.at.saturating_add(nanoseconds))
    }

    /// What is left; zero when it has passed, `None` when there is no limit.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        (self.at != NEVER).then(|| Duration::from_nanos(self.at.saturating_sub(now())))
    }

    /// Whether it has passed.
    #[must_use]
    pub fn has_passed(self) -> bool {
        self.at != NEVER && now() >= self.at
    }
}

/// A host without host functions, which drops all records.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn call(&mut self, _function: u32, _arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        Err(ErrorCode::Import)
    }

    fn record(&mut self, _entry: Entry<'_>, _limit: TimeLimit) {}
}

/// Where a result goes. Asked only when the guest is done, after the last host function has returned: what a host
/// function does to the caller's buffer meanwhile cannot matter.
pub trait Output {
    /// Room for `length` bytes; `None` when there is less.
    fn room(&mut self, length: usize) -> Option<&mut [u8]>;

    /// Bytes of room in all, for messages.
    fn capacity(&self) -> usize;
}

impl Output for [u8] {
    fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        self.get_mut(..length)
    }

    fn capacity(&self) -> usize {
        self.len()
    }
}

impl<const LENGTH: usize> Output for [u8; LENGTH] {
    fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        self.get_mut(..length)
    }

    fn capacity(&self) -> usize {
        LENGTH
    }
}

/// Makes room for any result.
impl Output for Vec<u8> {
    fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        self.resize(length, 0);
        Some(self)
    }

    fn capacity(&self) -> usize {
        usize::MAX
    }
}
