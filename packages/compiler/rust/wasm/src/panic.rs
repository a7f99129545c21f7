//! Keeps the message of a panic, which otherwise ends the instance with a bare trap.

use std::sync::{Mutex, Once, PoisonError};

static NOTE: Mutex<String> = Mutex::new(String::new());

/// Makes every later panic leave its message behind.
pub(crate) fn keep_note() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            *NOTE.lock().unwrap_or_else(PoisonError::into_inner) = panic.to_string();
        }));
    });
}

/// The message of the panic that ended this instance; empty when there was none.
pub(crate) fn take_note() -> String {
    std::mem::take(&mut *NOTE.lock().unwrap_or_else(PoisonError::into_inner))
}
