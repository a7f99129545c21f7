//! The KVM machine, as the runtime sees it.

use alloc::sync::Arc;
use core::ptr::NonNull;

use twinwall_abi::layout;
use twinwall_image_support::freestanding::{KvmGate, cpuid, ticks};
use twinwall_image_support::{Gate, Mailbox};
use twinwall_runtime_core::{LinearMemories, Platform};
use twinwall_tune::{Machine, cpu_feature};
use wasmtime::CustomCodeMemory;

/// The KVM machine.
pub struct Kvm;

impl Gate for Kvm {
    #[inline]
    fn mailbox() -> Mailbox {
        KvmGate::mailbox()
    }

    #[inline]
    fn leave() {
        KvmGate::leave();
    }
}

impl Platform for Kvm {
    const MACHINE: Machine = Machine::Kvm;
    const WASM_STACK: usize = layout::WASM_STACK as usize;

    #[inline]
    fn ticks() -> u64 {
        ticks()
    }

    fn has_cpu_feature(name: &str) -> Option<bool> {
        let feature = cpu_feature(name)?;
        let (ebx, ecx) = cpuid(feature.leaf);
        Some(feature.is_set(ebx, ecx))
    }

    fn code_memory() -> Option<Arc<dyn CustomCodeMemory>> {
        Some(Arc::new(Attached))
    }

    fn linear_memories() -> Option<LinearMemories> {
        NonNull::new(layout::MEMORIES as *mut u8).map(|base| LinearMemories {
            base,
            stride: layout::MEMORY_STRIDE as usize,
            count: layout::MEMORY_SLOTS as usize,
        })
    }
}

/// Code that the host attached: readable and executable from the start, and never writable.
struct Attached;

impl CustomCodeMemory for Attached {
    fn required_alignment(&self) -> usize {
        1
    }

    fn publish_executable(&self, _start: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }

    fn unpublish_executable(&self, _start: *const u8, _length: usize) -> wasmtime::Result<()> {
        Ok(())
    }
}
