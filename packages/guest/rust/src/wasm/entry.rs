//! Where calls come in.

use alloc::borrow::Cow;

use super::fail::{fail, report};
use super::single::Single;
use super::{memory, stack};
use crate::Failure;
use crate::scalar::ScalarReply;

#[derive(PartialEq)]
enum State {
    New,
    Ready,
    Panicked,
}

static STATE: Single<State> = Single::new(State::New);

/// Prepares the module once; before the snapshot, wherever the sandbox enters it then.
#[inline]
fn enter() {
    if STATE.look(|state| *state != State::Ready) {
        prepare();
    }
}

#[cold]
#[inline(never)]
fn prepare() {
    if STATE.look(|state| *state == State::Panicked) {
        fail(Failure::PANIC, "the module panicked in an earlier call of this session");
    }
    stack::remember_top();
    #[cfg(feature = "std")]
    super::panic::watch();
    STATE.replace(State::Ready);
}

/// Refuses all further calls. What panicked holds locks and half-made values, and a second panic would not come to the
/// hook: for `std`, the first one never ended.
#[cfg(any(feature = "std", feature = "panic-handler"))]
pub(super) fn refuse_calls() {
    STATE.replace(State::Panicked);
}

/// The sandbox calls it before everything else. Where there is WASI, its C library has one.
#[cfg(target_os = "unknown")]
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    unsafe extern "C" {
        /// The linker makes it: it runs constructors, of C++ for example. Once called here, it is called nowhere else.
        fn __wasm_call_ctors();
    }
    // SAFETY: this is the time for constructors.
    unsafe { __wasm_call_ctors() };
    enter();
}

/// A call of a function on bytes.
///
/// # Safety
/// So many bytes lie at `pointer`, and stay unchanged until the next call.
#[inline]
pub unsafe fn bytes(
    pointer: *const u8,
    length: usize,
    function: impl for<'a> FnOnce(&'a [u8]) -> Result<Cow<'a, [u8]>, Failure>,
) -> u64 {
    enter();
    // SAFETY: the caller's promise.
    let input = unsafe { memory::placed(pointer, length) };
    match function(input).and_then(|result| memory::lend(input, result)) {
        Ok(packed) => packed,
        Err(failure) => report(failure),
    }
}

/// The call of the init function.
///
/// # Safety
/// So many bytes lie at `pointer`, and stay unchanged until this returns.
#[inline]
pub unsafe fn init(
    pointer: *const u8,
    length: usize,
    function: impl for<'a> FnOnce(&'a [u8]) -> Result<(), Failure>,
) {
    enter();
    // SAFETY: the caller's promise.
    if let Err(failure) = function(unsafe { memory::placed(pointer, length) }) {
        report(failure);
    }
}

/// A call of a function on scalars.
#[inline]
pub fn scalars<R: ScalarReply>(function: impl FnOnce() -> R) -> R::Raw {
    enter();
    match function().into_reply() {
        Ok(number) => number,
        Err(failure) => report(failure),
    }
}
