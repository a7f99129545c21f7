//! The soft machine, as the runtime sees it.

use alloc::sync::Arc;
use core::ptr::NonNull;

use twinwall_abi::{GateOperation, Report, Request};
use twinwall_image_support::{Gate, Mailbox};
use twinwall_runtime_core::{LinearMemories, Platform};
use twinwall_tune::Machine;
use wasmtime::CustomCodeMemory;

use crate::gate::SoftGate;
use crate::places::{self, WASM_STACK};

/// The soft machine.
pub(crate) struct Soft;

impl Gate for Soft {
    #[inline]
    fn mailbox() -> Mailbox {
        SoftGate::mailbox()
    }

    #[inline]
    fn leave() {
        SoftGate::leave();
    }
}

impl Platform for Soft {
    const MACHINE: Machine = Machine::Soft;
    const WASM_STACK: usize = WASM_STACK;

    /// WebAssembly has no clock, so the host is asked.
    fn ticks() -> u64 {
        let mailbox = Self::mailbox();
        mailbox.exchange::<Self>(GateOperation::Ticks, Report::default());
        mailbox.answer().address()
    }

    #[inline]
    fn entry_ticks(request: &Request) -> u64 {
        request.ticks()
    }

    /// The host takes the time of a call itself.
    #[inline]
    fn exit_ticks(entered_at: u64) -> u64 {
        entered_at
    }

    fn has_cpu_feature(_name: &str) -> Option<bool> {
        None
    }

    /// Bytecode is data.
    fn code_memory() -> Option<Arc<dyn CustomCodeMemory>> {
        None
    }

    fn linear_memories() -> Option<LinearMemories> {
        let places = places::get();
        NonNull::new(places.memories as *mut u8).map(|base| LinearMemories {
            base,
            stride: places.memory_stride,
            count: places.memory_count,
        })
    }
}
