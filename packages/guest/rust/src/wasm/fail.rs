//! Failures that functions return.

use super::single::Single;
use super::stack;
use crate::Failure;

#[link(wasm_import_module = "twinwall")]
unsafe extern "C" {
    #[link_name = "fail"]
    fn twinwall_fail(code: i32, pointer: *const u8, length: usize);
}

/// Ends the call: the host gets `E_GUEST_ERROR` with this code (those below zero are the crate's own) and the first 4096
/// bytes of this text.
///
/// Nothing that the functions under way own is dropped, and in a session their memory stays taken: prefer to return a
/// [`Failure`].
pub fn fail(code: i32, message: &str) -> ! {
    // SAFETY: `twinwall_fail` never returns, so nothing returns through a function that is under way. The message stays
    // readable: nothing is pushed between here and the sandbox.
    unsafe {
        stack::empty();
        twinwall_fail(code, message.as_ptr(), message.len());
    }
    // A host that lets a failed guest go on is no Twinwall.
    core::arch::wasm32::unreachable()
}

/// The text of the last failure: it must outlive the call, which nothing returns from to drop it.
static REPORTED: Single<Option<Failure>> = Single::new(None);

/// Reports what a function returned, when all that it owned is dropped.
#[cold]
#[inline(never)]
pub(super) fn report(failure: Failure) -> ! {
    drop(REPORTED.replace(Some(failure)));
    REPORTED.look(|failure| match failure {
        Some(failure) => fail(failure.code(), failure.message()),
        None => fail(Failure::ERROR, ""),
    })
}
