//! Stands in for the sandbox where there is none: on the machine that builds and tests a guest.
//!
//! Exports are type-checked there, and never called. Whatever needs the host panics.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use crate::Failure;
use crate::reply::Answer;
use crate::scalar::ScalarReply;

/// See the namesake in `wasm::entry`.
///
/// # Safety
/// It never returns, so it asks for nothing.
pub unsafe fn bytes(
    _: *const u8,
    _: usize,
    _: impl for<'a> FnOnce(&'a [u8]) -> Result<Cow<'a, [u8]>, Failure>,
) -> u64 {
    not_called()
}

/// See the namesake in `wasm::entry`.
///
/// # Safety
/// It never returns, so it asks for nothing.
pub unsafe fn init(_: *const u8, _: usize, _: impl for<'a> FnOnce(&'a [u8]) -> Result<(), Failure>) {
    not_called()
}

/// See the namesake in `wasm::entry`.
pub fn scalars<R: ScalarReply>(_: impl FnOnce() -> R) -> R::Raw {
    not_called()
}

fn not_called() -> ! {
    unreachable!("exports are called by a sandbox only")
}

/// See the namesake in `wasm::host`.
///
/// # Safety
/// `import` must be safe to call with the bounds of `argument`.
pub unsafe fn call_host(argument: &[u8], import: impl FnOnce(*const u8, usize) -> u64) -> Vec<u8> {
    import(argument.as_ptr(), argument.len());
    Vec::new()
}

/// See the namesake in `wasm::host`.
pub fn expect_answer<A: Answer>(name: &str, answer: Result<A, Failure>) -> A {
    answer.unwrap_or_else(|failure| panic!("host function `{name}`: {failure:?}"))
}

/// Says that there is no host.
///
/// # Panics
/// Always.
#[track_caller]
pub fn no_host(name: &str) -> ! {
    panic!("`{name}` is a function of the sandbox's host, and there is none outside of a sandbox")
}

/// Ends the call with a failure.
///
/// # Panics
/// Outside of a sandbox, always.
#[track_caller]
pub fn fail(code: i32, message: &str) -> ! {
    panic!("failed with code {code}: {message}")
}
