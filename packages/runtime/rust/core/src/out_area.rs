//! The out area: where output, arguments of host calls and failure texts are placed for the host.

use alloc::format;
use core::ptr;

use twinwall_abi::batch::HEAD;
use twinwall_abi::{ErrorCode, Report, Request, layout};
use twinwall_image_support::Gate;

use crate::failure::Failure;

/// The out area of the current call. Output is appended; what a host call needs is placed behind it.
#[derive(Debug, Default)]
pub(crate) struct OutArea {
    address: u64,
    /// Bytes that are open.
    capacity: u64,
    /// Most bytes that the host takes.
    limit: u64,
    /// Bytes of output so far.
    used: u64,
}

impl OutArea {
    /// The area that a request names, empty.
    #[inline]
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            address: request.output_address(),
            capacity: request.output_capacity(),
            limit: request.output_limit(),
            used: 0,
        }
    }

    /// Tells the host what was written.
    #[inline]
    pub(crate) fn report(&self, report: &mut Report) {
        report.set_output_address(self.address);
        report.set_output_length(self.used);
    }

    /// Appends output.
    #[inline]
    pub(crate) fn append<G: Gate>(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let end = self.used + bytes.len() as u64;
        if end > self.limit {
            return Err(self.too_long("the result", end));
        }
        self.open::<G>(end)?;
        self.write(self.used, bytes);
        self.used = end;
        Ok(())
    }

    /// Appends an item of a batch: its length, its bytes, and zeros up to a multiple of 8.
    pub(crate) fn append_item<G: Gate>(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let length = u32::try_from(bytes.len()).map_err(|_| self.too_long("an item", bytes.len() as u64))?;
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&length.to_le_bytes());
        self.append::<G>(&head)?;
        self.append::<G>(bytes)?;
        let padding = bytes.len().wrapping_neg() % 8;
        self.append::<G>(&[0; 7][..padding])
    }

    /// Places the arguments of a host call behind the output; returns their address.
    pub(crate) fn place<G: Gate>(&mut self, bytes: &[u8]) -> Result<u64, Failure> {
        let address = self.reserve::<G>(bytes.len())?;
        self.write(address - self.address, bytes);
        Ok(address)
    }

    /// Opens room for `length` bytes of arguments behind the output; returns its address, a multiple of 8.
    pub(crate) fn reserve<G: Gate>(&mut self, length: usize) -> Result<u64, Failure> {
        if length as u64 > self.limit {
            return Err(self.too_long("what is passed to a host function", length as u64));
        }
        let start = self.used.next_multiple_of(8);
        self.open::<G>(start + length as u64)?;
        Ok(self.address + start)
    }

    /// Writes `slot` into room that was reserved.
    pub(crate) fn write_slot(&mut self, address: u64, slot: u64) {
        self.write(address - self.address, &slot.to_le_bytes());
    }

    /// Writes bytes into room that was reserved.
    pub(crate) fn fill(&mut self, address: u64, bytes: &[u8]) {
        self.write(address - self.address, bytes);
    }

    /// Replaces the output by a failure's text, cut where the area ends.
    pub(crate) fn replace<G: Gate>(&mut self, failure: &Failure, report: &mut Report) {
        let (message, frames) = (failure.message().as_bytes(), failure.frames.as_bytes());
        self.used = 0;
        // What does not fit is left out.
        let _ = self.open::<G>((message.len() + frames.len()) as u64);
        let message_length = message.len().min(self.capacity as usize);
        let frames_length = frames.len().min(self.capacity as usize - message_length);
        self.write(0, &message[..message_length]);
        self.write(message_length as u64, &frames[..frames_length]);
        self.used = (message_length + frames_length) as u64;
        report.set_message_length(message_length as u64);
    }

    /// Opens pages until the first `end` bytes of the area are open.
    #[inline]
    fn open<G: Gate>(&mut self, end: u64) -> Result<(), Failure> {
        if end <= self.capacity { Ok(()) } else { self.grow::<G>(end) }
    }

    #[cold]
    fn grow<G: Gate>(&mut self, end: u64) -> Result<(), Failure> {
        let bytes = layout::pages_up(end - self.capacity)
            .ok_or_else(|| Failure::internal("the out area would be larger than all memory"))?;
        let opened = G::mailbox()
            .grow::<G>(self.address + self.capacity, bytes)
            .map_err(|code| Failure::new(code, format!("the host did not open {end} bytes for output")))?;
        self.capacity += opened;
        Ok(())
    }

    /// Copies to `offset`.
    fn write(&mut self, offset: u64, bytes: &[u8]) {
        debug_assert!(offset + bytes.len() as u64 <= self.capacity);
        // SAFETY: callers opened the area up to the end of these bytes; the host keeps it open and writable, and
        // nothing else in the guest refers to it.
        unsafe {
            ptr::copy_nonoverlapping(bytes.as_ptr(), (self.address + offset) as *mut u8, bytes.len());
        }
    }

    #[cold]
    fn too_long(&self, what: &str, bytes: u64) -> Failure {
        let limit = self.limit;
        Failure::new(ErrorCode::Limit, format!("{what} has {bytes} bytes or more; the limit is {limit}"))
    }
}
