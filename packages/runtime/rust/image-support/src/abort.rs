//! How a panic ends a machine: the host gets the message and throws the machine away.

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use twinwall_abi::{ErrorCode, GateOperation, Report};

use crate::Gate;

/// Longest message in bytes.
const MESSAGE_BYTES: usize = 1024;

/// Tells the host of a panic. The panic handler of an image calls it.
pub fn abort<G: Gate>(information: &PanicInfo<'_>) -> ! {
    let mailbox = G::mailbox();
    let request = mailbox.request();
    let room = MESSAGE_BYTES.min(request.output_capacity() as usize);
    // SAFETY: the host keeps that much of the out area open, and nobody else uses it any more.
    let area = unsafe { core::slice::from_raw_parts_mut(request.output_address() as *mut u8, room) };
    let mut message = Message { area, length: 0 };
    // The only error is a full area, and a cut message is better than none.
    let _ = write!(message, "{information}");
    let mut report = Report::default();
    report.set_status(ErrorCode::Internal.0);
    report.set_request_id(request.request_id());
    report.set_output_address(request.output_address());
    report.set_output_length(message.length as u64);
    report.set_message_length(message.length as u64);
    loop {
        // The host does not come back from this.
        mailbox.exchange::<G>(GateOperation::Abort, report);
    }
}

/// Text that is cut at the end of its area.
struct Message<'a> {
    area: &'a mut [u8],
    length: usize,
}

impl Write for Message<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let free = self.area.get_mut(self.length..).ok_or(fmt::Error)?;
        let end = text.floor_char_boundary(free.len());
        for (to, from) in free.iter_mut().zip(text.bytes().take(end)) {
            *to = from;
        }
        self.length += end;
        if end == text.len() { Ok(()) } else { Err(fmt::Error) }
    }
}
