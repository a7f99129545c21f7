//! The kinds of calls.

pub(crate) mod batch;
pub(crate) mod bytes;
pub(crate) mod command;
pub(crate) mod scalar;
pub(crate) mod transfer;

use core::slice;

use twinwall_abi::Request;

/// The input of a call, where the host placed it.
#[inline]
pub(crate) fn input(request: &Request) -> &'static [u8] {
    if request.input_length() == 0 {
        return &[];
    }
    // SAFETY: the host wrote so many bytes there and leaves them alone until the call is over; no slice of them is
    // kept beyond it.
    unsafe { slice::from_raw_parts(request.input_address() as *const u8, request.input_length() as usize) }
}
