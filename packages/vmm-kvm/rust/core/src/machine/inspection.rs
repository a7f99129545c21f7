//! What tests look at in a machine.

use super::{Core, Machine, Vm};

impl Machine {
    /// Whether a guest address is mapped.
    pub(crate) fn is_mapped(&self, address: u64) -> Option<bool> {
        self.core.as_ref().map(|core| core.is_mapped(address))
    }

    /// The virtual machine.
    pub(crate) fn vm(&self) -> &Vm {
        &self.core.as_ref().expect("a live machine").vm
    }

    /// The live virtual machine with its memory.
    pub(crate) fn core(&self) -> &Core {
        self.core.as_ref().expect("a live machine")
    }

    /// Number of memslots.
    pub(crate) fn memslots(&self) -> Option<u32> {
        self.core.as_ref().map(|core| core.vm.memslots())
    }

    /// Whether base memory equals `contents`, without a copy of it.
    pub(crate) fn has_writable_memory(&self, contents: &[u8]) -> bool {
        self.core.as_ref().is_none_or(|core| core.base_contents() == contents)
    }

    /// Host addresses of memory that the guest can write: private memory, and what opened.
    pub(crate) fn host_addresses(&self) -> Vec<u64> {
        self.core.as_ref().map(Core::host_addresses).unwrap_or_default()
    }

    /// Base memory, which a restore makes equal to the snapshot's contents.
    pub(crate) fn writable_memory(&self) -> Option<Vec<u8>> {
        self.core.as_ref().map(|core| core.base_contents().to_vec())
    }

    /// Whether segments and control registers are, or are about to be, those of the snapshot.
    pub(crate) fn has_initial_state(&self) -> bool {
        self.core.as_ref().is_none_or(Core::has_initial_state)
    }

    /// Whether all memory that opened since the snapshot is zero.
    pub(crate) fn grown_memory_is_zero(&self) -> bool {
        self.core.as_ref().is_none_or(Core::grown_memory_is_zero)
    }
}
