//! What a call fails with, and how it is told to the host.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use core::fmt::{self, Write};

use twinwall_abi::{ErrorCode, TrapCode};
use wasmtime::{Trap, WasmBacktrace};

use crate::wasi::Exit;

/// Most frames of a backtrace.
pub(crate) const BACKTRACE_FRAMES: usize = 64;

/// Longest message in bytes.
const MESSAGE_BYTES: usize = 4096;

/// Longest function name in a backtrace, in bytes.
const NAME_BYTES: usize = 256;

/// Why a call or the boot failed. It travels through WebAssembly as a [`wasmtime::Error`].
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) status: ErrorCode,
    /// A trap code, or the guest's own code.
    pub(crate) detail: i32,
    message: Cow<'static, str>,
    /// A frame a line: function index, name and module offset, separated by tabs; innermost first.
    pub(crate) frames: String,
}

impl Failure {
    pub(crate) fn new(status: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, detail: 0, message: message.into(), frames: String::new() }
    }

    /// Something that only a mistake in Twinwall itself explains.
    pub(crate) fn internal(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Internal, message)
    }

    /// The module reported a failure of its own.
    pub(crate) fn guest(code: i32, message: String) -> Self {
        Self { detail: code, ..Self::new(ErrorCode::GuestError, message) }
    }

    /// The host answered a host call with an error code; it has the text itself.
    pub(crate) fn host(status: ErrorCode) -> Self {
        Self::new(status, "")
    }

    pub(crate) fn trap(code: TrapCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: i32::from(code.0), ..Self::new(ErrorCode::Trap, message) }
    }

    /// The message, cut at the end of a character.
    pub(crate) fn message(&self) -> &str {
        self.message.get(..self.message.floor_char_boundary(MESSAGE_BYTES)).unwrap_or_default()
    }

    /// What came out of a call of a WebAssembly function.
    #[cold]
    pub(crate) fn of(error: &wasmtime::Error) -> Self {
        // Where within its entry a function found no stack differs from machine to machine.
        let overflow = matches!(error.downcast_ref::<Trap>(), Some(Trap::StackOverflow));
        let frames = error
            .downcast_ref::<WasmBacktrace>()
            .map(|backtrace| frames(backtrace, overflow))
            .unwrap_or_default();
        let cause = if let Some(failure) = error.downcast_ref::<Self>() {
            failure.clone()
        } else if let Some(trap) = error.downcast_ref::<Trap>() {
            Self::of_trap(*trap)
        } else if let Some(Exit(status)) = error.downcast_ref::<Exit>() {
            Self::trap(TrapCode::Other, format!("the module called proc_exit({status}) outside a command"))
        } else {
            Self::internal(format!("{error:#}"))
        };
        Self { frames, ..cause }
    }

    fn of_trap(trap: Trap) -> Self {
        let text = format!("{trap}");
        let message = String::from(text.strip_prefix("wasm trap: ").unwrap_or(&text));
        match trap {
            Trap::OutOfFuel => Self::new(ErrorCode::Fuel, "the fuel of the call is used up"),
            trap => Self::trap(trap_code(trap), message),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl core::error::Error for Failure {}

fn trap_code(trap: Trap) -> TrapCode {
    match trap {
        Trap::StackOverflow => TrapCode::StackOverflow,
        Trap::MemoryOutOfBounds => TrapCode::MemoryOutOfBounds,
        Trap::HeapMisaligned => TrapCode::HeapMisaligned,
        Trap::TableOutOfBounds => TrapCode::TableOutOfBounds,
        Trap::IndirectCallToNull => TrapCode::IndirectCallToNull,
        Trap::BadSignature => TrapCode::BadSignature,
        Trap::IntegerOverflow => TrapCode::IntegerOverflow,
        Trap::IntegerDivisionByZero => TrapCode::IntegerDivisionByZero,
        Trap::BadConversionToInteger => TrapCode::BadConversionToInteger,
        Trap::UnreachableCodeReached => TrapCode::Unreachable,
        _ => TrapCode::Other,
    }
}

/// Frames, a line each; `at_entry` leaves the innermost one's offset out.
fn frames(backtrace: &WasmBacktrace, at_entry: bool) -> String {
    let mut text = String::new();
    for (depth, frame) in backtrace.frames().iter().take(BACKTRACE_FRAMES).enumerate() {
        let index = frame.func_index();
        let known = frame.module_offset().filter(|_| !(at_entry && depth == 0));
        let offset = known.unwrap_or(0);
        let name = clean(frame.func_name().unwrap_or(""));
        // Writing to a string does not fail.
        let _ = writeln!(text, "{index}\t{name}\t{offset:#x}");
    }
    text
}

/// A name without characters that would break the line up, cut to a sensible length.
fn clean(name: &str) -> String {
    let name = name.get(..name.floor_char_boundary(NAME_BYTES)).unwrap_or_default();
    name.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_on_their_line() {
        assert_eq!(clean("a\tb\nc"), "a\u{fffd}b\u{fffd}c");
        assert_eq!(clean(&"ü".repeat(200)).len(), NAME_BYTES);
    }

    #[test]
    fn messages_end_within_a_character_boundary() {
        let failure = Failure::guest(7, "é".repeat(4096));
        assert_eq!(failure.message().len(), MESSAGE_BYTES);
        assert_eq!(failure.detail, 7);
    }

    #[test]
    fn a_failure_survives_its_way_through_wasmtime() {
        let error = wasmtime::Error::new(Failure::guest(3, String::from("no"))).context("while calling");
        let failure = Failure::of(&error);
        assert_eq!((failure.status, failure.detail, failure.message()), (ErrorCode::GuestError, 3, "no"));
        let failure = Failure::of(&wasmtime::Error::from(Trap::UnreachableCodeReached));
        assert_eq!((failure.status, failure.detail), (ErrorCode::Trap, i32::from(TrapCode::Unreachable.0)));
        assert_eq!(failure.message(), "wasm `unreachable` instruction executed");
        assert_eq!(Failure::of(&wasmtime::Error::from(Trap::OutOfFuel)).status, ErrorCode::Fuel);
    }
}
