//! Panics, reported as failures.

use core::fmt::{Display, Write};

use super::entry::refuse_calls;
use super::fail::fail;
use crate::Failure;
use crate::text::Text;

/// Longest text of a panic in bytes.
const LONGEST: usize = 1024;

#[cold]
fn panicked(panic: &dyn Display) -> ! {
    refuse_calls();
    let mut text = Text::<LONGEST>::new();
    // Writing does not fail; what is too long is cut.
    let _ = write!(text, "{panic}");
    fail(Failure::PANIC, text.as_str())
}

/// Sees to it that panics are reported.
#[cfg(feature = "std")]
pub(super) fn watch() {
    std::panic::set_hook(alloc::boxed::Box::new(|panic| panicked(panic)));
}

#[cfg(not(feature = "std"))]
#[panic_handler]
fn handle(panic: &core::panic::PanicInfo<'_>) -> ! {
    panicked(panic)
}
