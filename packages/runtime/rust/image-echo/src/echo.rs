//! Copying input to output.

use core::{ptr, slice};

use twinwall_abi::{ErrorCode, Report, Request, layout};
use twinwall_image_support::Gate;
use twinwall_image_support::freestanding::KvmGate;

/// What a call ends with: a status and so many bytes in the out area.
pub struct Reply {
    status: ErrorCode,
    length: u64,
    message_length: u64,
}

impl Reply {
    /// A failure with that text.
    pub fn failure(request: &Request, status: ErrorCode, message: &str) -> Self {
        let length = message.len().min(request.output_capacity() as usize);
        let text = message.as_bytes().get(..length).unwrap_or_default();
        write(request, text);
        Self { status, length: length as u64, message_length: length as u64 }
    }

    /// The report that says so.
    pub fn into_report(self, request: &Request) -> Report {
        let mut report = Report::default();
        report.set_request_id(request.request_id());
        report.set_status(self.status.0);
        report.set_output_address(request.output_address());
        report.set_output_length(self.length);
        report.set_message_length(self.message_length);
        report
    }
}

/// Copies the input to the out area. A batch has the same framing on both sides, so it is copied as it is.
pub fn copy(request: &Request) -> Reply {
    let length = request.input_length();
    if length > request.output_limit() {
        return Reply::failure(request, ErrorCode::Limit, "the result is longer than the limit on results");
    }
    if length > request.output_capacity() {
        let opened = layout::pages_up(length)
            .map(|bytes| KvmGate::mailbox().grow::<KvmGate>(request.output_address(), bytes));
        if !matches!(opened, Some(Ok(_))) {
            return Reply::failure(
                request,
                ErrorCode::Memory,
                "the out area cannot grow to the size of the result",
            );
        }
    }
    // SAFETY: the host wrote that many bytes there and leaves them alone while the guest runs.
    let input = unsafe { slice::from_raw_parts(request.input_address() as *const u8, length as usize) };
    write(request, input);
    Reply { status: ErrorCode::None, length, message_length: 0 }
}

/// The same for a chunk of a connection: the result begins with a byte of flags too, and those of the input mean
/// something else.
pub fn pass_on(request: &Request) -> Reply {
    let reply = copy(request);
    if reply.status == ErrorCode::None && reply.length > 0 {
        write(request, &[0]);
    }
    reply
}

/// Places `bytes` at the start of the out area.
fn write(request: &Request, bytes: &[u8]) {
    // SAFETY: callers write no more than is open, and nothing else refers to the area.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), request.output_address() as *mut u8, bytes.len()) };
}
