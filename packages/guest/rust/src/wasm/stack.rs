//! The stack in linear memory, which a failure leaves behind.

use super::single::Single;

// Made by build.rs.
unsafe extern "C" {
    fn twinwall_stack_pointer() -> usize;
    fn twinwall_set_stack_pointer(pointer: usize);
}

/// Where the stack was when the sandbox first called the module; 0 before.
static TOP: Single<usize> = Single::new(0);

/// Keeps the present stack pointer, with which all calls start.
pub(super) fn remember_top() {
    // SAFETY: it reads a global.
    TOP.replace(unsafe { twinwall_stack_pointer() });
}

/// Empties the stack.
///
/// # Safety
/// Nothing returns through the functions that are under way: the caller leaves the module for good.
pub(super) unsafe fn empty() {
    let top = TOP.look(|top| *top);
    if top != 0 {
        // SAFETY: the stack began there, and by the caller's promise nobody looks for what was on it.
        unsafe { twinwall_set_stack_pointer(top) };
    }
}
