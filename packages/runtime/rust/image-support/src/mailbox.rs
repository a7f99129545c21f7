//! Typed access to the mailbox header.

use core::ptr::NonNull;

use twinwall_abi::mailbox::{ANSWER_OFFSET, REPORT_OFFSET, REQUEST_OFFSET};
use twinwall_abi::{Answer, ErrorCode, GateOperation, Report, Request};

/// The one way out of a guest, and the mailbox that goes with it.
///
/// Functions instead of methods, because heap, linear memories and calls all leave through the same gate.
pub trait Gate: 'static {
    /// The mailbox of this guest.
    fn mailbox() -> Mailbox;

    /// Lets the host read the report; returns when it has written an answer or the next request.
    fn leave();
}

/// The mailbox header of a guest.
///
/// The number of bytes in the outbox is kept in the report itself: the guest counts there what it appends, the host
/// reads it at the next exit, and after each exit the outbox is empty again.
#[derive(Clone, Copy, Debug)]
pub struct Mailbox {
    base: NonNull<u8>,
}

impl Mailbox {
    /// The mailbox whose header page begins at `base`.
    ///
    /// # Safety
    /// `base` is the address of a page that stays readable and writable while the guest runs, that is aligned to 8
    /// and that is shared with nobody but the host, which touches it only while the guest is outside.
    #[must_use]
    pub const unsafe fn new(base: NonNull<u8>) -> Self {
        Self { base }
    }

    /// A copy of what the host wrote for this call.
    #[inline]
    #[must_use]
    pub fn request(self) -> Request {
        // SAFETY: the header lies within the page that `new` was promised, and `Request` is plain bytes.
        unsafe { self.base.add(REQUEST_OFFSET).cast::<Request>().read() }
    }

    /// A copy of the answer to a host call or to a request for memory.
    #[inline]
    #[must_use]
    pub fn answer(self) -> Answer {
        // SAFETY: as in `request`.
        unsafe { self.base.add(ANSWER_OFFSET).cast::<Answer>().read() }
    }

    /// Bytes in the outbox.
    #[inline]
    #[must_use]
    pub fn outbox_length(self) -> u64 {
        // SAFETY: as in `request`; only the guest writes here.
        unsafe { self.report_place().as_ref().outbox_length() }
    }

    /// Counts what was appended to the outbox; after an exit that is nothing.
    #[inline]
    pub fn set_outbox_length(self, length: u64) {
        // SAFETY: as in `outbox_length`; the reference ends here.
        unsafe { self.report_place().as_mut().set_outbox_length(length) }
    }

    /// Writes the report (except for the length of the outbox, which is kept) and leaves through `G`.
    #[inline]
    pub fn exchange<G: Gate>(self, operation: GateOperation, report: Report) {
        self.post(operation, report);
        G::leave();
        self.set_outbox_length(0);
    }

    /// Writes the report (except for the length of the outbox, which is kept) for the exit that is about to come.
    #[inline]
    pub fn post(self, operation: GateOperation, mut report: Report) {
        report.set_operation(operation.0);
        report.set_outbox_length(self.outbox_length());
        // SAFETY: as in `outbox_length`.
        unsafe { self.report_place().write(report) };
    }

    /// Asks the host to open `length` bytes from `address` on; both are whole pages.
    ///
    /// Returns the number of bytes that are open from `address` on, at least `length`.
    ///
    /// # Errors
    /// The host's error code, [`ErrorCode::Memory`] where the limit is reached.
    pub fn grow<G: Gate>(self, address: u64, length: u64) -> Result<u64, ErrorCode> {
        let mut report = Report::default();
        report.set_grow_address(address);
        report.set_grow_length(length);
        self.exchange::<G>(GateOperation::Grow, report);
        let answer = self.answer();
        match u16::try_from(answer.status()) {
            Ok(0) => {
                Ok((answer.address().saturating_add(answer.length())).saturating_sub(address).max(length))
            }
            Ok(code) => Err(ErrorCode(code)),
            Err(_) => Err(ErrorCode::Internal),
        }
    }

    fn report_place(self) -> NonNull<Report> {
        // SAFETY: the offset lies within the header page.
        unsafe { self.base.add(REPORT_OFFSET).cast() }
    }
}
