//! What a caller provides to serve a guest.

use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::Entry;

/// Serves a guest's host calls and reads what it appended to the outbox.
pub trait Host {
    /// Runs host function `function` on a copy of the guest's arguments and returns the result's bytes.
    ///
    /// # Errors
    /// A code that ends the guest's call; [`ErrorCode::HostFunction`] when the function itself failed.
    fn call(&mut self, function: u32, arguments: &[u8]) -> Result<Vec<u8>, ErrorCode>;

    /// Takes one outbox record: output of the guest's standard streams, or a deferred host call.
    fn record(&mut self, entry: Entry<'_>);
}

/// A host without host functions, which drops all records.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn call(&mut self, _function: u32, _arguments: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        Err(ErrorCode::Import)
    }

    fn record(&mut self, _entry: Entry<'_>) {}
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
