//! The gate of the soft machine: one imported function.

use core::ptr::NonNull;

use twinwall_image_support::{Gate, Mailbox};

use crate::places;

#[link(wasm_import_module = "twinwall")]
unsafe extern "C" {
    /// Lets the host read the report and write its answer. It does not return when the host gives the guest up.
    fn gate();
}

/// The gate of the soft machine.
pub(crate) struct SoftGate;

impl Gate for SoftGate {
    #[inline]
    fn mailbox() -> Mailbox {
        let base = NonNull::new(places::get().mailbox as *mut u8).unwrap_or(NonNull::dangling());
        // SAFETY: the host keeps the page for the guest, which is one thread, and touches it only while the guest is
        // outside.
        unsafe { Mailbox::new(base) }
    }

    #[inline]
    fn leave() {
        // SAFETY: the host reads and writes the mailbox and its areas only, which nothing here holds a reference to.
        unsafe { gate() }
    }
}
