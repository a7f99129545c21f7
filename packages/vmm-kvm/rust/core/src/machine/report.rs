//! What a guest's failures become: codes and text of the public API.

use twinwall_abi::{ErrorCode, Report, TrapCode};

use crate::error::CallError;
use crate::system::ExceptionFrame;

/// Most bytes of a failure's message and of its whole text that are kept.
const MESSAGE_BYTES: usize = 4 << 10;
const TEXT_BYTES: usize = 64 << 10;

/// The failure that a guest reports; an `Err` when the report itself is wrong.
pub(super) fn failure(report: &Report, text: &[u8]) -> Result<CallError, CallError> {
    let code = ErrorCode(report.status());
    let known = matches!(
        code,
        ErrorCode::Memory
            | ErrorCode::Fuel
            | ErrorCode::Trap
            | ErrorCode::GuestError
            | ErrorCode::HostFunction
            | ErrorCode::Type
            | ErrorCode::BadReply
            | ErrorCode::BadModule
            | ErrorCode::Unsupported
            | ErrorCode::Import
            | ErrorCode::NoFunction
            | ErrorCode::Option
            | ErrorCode::Limit
            | ErrorCode::Aborted
            | ErrorCode::Internal
    );
    if !known {
        let message = format!("the guest reported the unknown status {}", report.status());
        return Err(CallError::new(ErrorCode::BadReply, message));
    }
    let text = &text[..text.len().min(TEXT_BYTES)];
    let split = usize::try_from(report.message_length()).unwrap_or(usize::MAX).min(text.len());
    let (message, backtrace) = text.split_at(split);
    let message = String::from_utf8_lossy(&message[..message.len().min(MESSAGE_BYTES)]).into_owned();
    Ok(CallError {
        code,
        detail: report.detail(),
        message: if message.is_empty() { fallback(code, report.detail()).into() } else { message },
        backtrace: String::from_utf8_lossy(backtrace).into_owned(),
    })
}

/// The failure of a boot.
pub(crate) fn boot_failure(report: &Report, text: &[u8]) -> CallError {
    failure(report, text).unwrap_or_else(|error| error)
}

fn fallback(code: ErrorCode, detail: i32) -> &'static str {
    match code {
        ErrorCode::Trap => {
            match u16::try_from(detail).map(TrapCode).ok().and_then(|trap| trap.variant_name()) {
                Some(name) => name,
                None => "the module trapped",
            }
        }
        ErrorCode::HostFunction => "a host function failed",
        ErrorCode::Fuel => "the call used up its fuel",
        ErrorCode::Memory => "the module does not fit its memory limit",
        _ => "the guest failed without a message",
    }
}

/// An exit that no correct guest makes.
pub(super) fn foreign(what: &str) -> CallError {
    CallError::new(ErrorCode::BadReply, format!("the guest {what}"))
}

/// An exception in ring 3: the runtime inside never causes one.
pub(super) fn unhandled_exception(frame: &ExceptionFrame, address: u64) -> CallError {
    let ExceptionFrame { vector, error_code, instruction, .. } = *frame;
    let place = if vector == 14 { format!(" at address {address:#x}") } else { String::new() };
    let message = format!(
        "the guest raised processor exception {vector} (error code {error_code:#x}) at instruction {instruction:#x}{place}"
    );
    CallError::new(ErrorCode::BadReply, message)
}
