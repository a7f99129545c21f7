//! What a machine gives to the runtime.

use alloc::sync::Arc;
use core::ptr::NonNull;

use twinwall_abi::Request;
use twinwall_image_support::Gate;
use twinwall_tune::Machine;
use wasmtime::CustomCodeMemory;

/// The machine that the runtime stands on.
///
/// The functions have no receiver: a guest runs on one machine, and the heap, the memories and the calls all reach it.
pub trait Platform: Gate + Send + Sync {
    /// The machine that modules must have been compiled for.
    const MACHINE: Machine;

    /// Bytes of stack that WebAssembly may use.
    const WASM_STACK: usize;

    /// A counter that never goes back; `Request.tick_scale` says how long a tick is.
    fn ticks() -> u64;

    /// The counter when the call of `request` was entered.
    #[inline]
    fn entry_ticks(_request: &Request) -> u64 {
        Self::ticks()
    }

    /// The counter when the call that was entered at `entered_at` is over; where reading it is dear, `entered_at`.
    #[inline]
    fn exit_ticks(_entered_at: u64) -> u64 {
        Self::ticks()
    }

    /// Whether the processor has the feature that wasmtime calls `name`; `None` when the name is unknown.
    ///
    /// A wrong answer would let instructions run that do not exist here.
    fn has_cpu_feature(name: &str) -> Option<bool>;

    /// Makes compiled code executable; `None` where nothing has to be done because code is interpreted.
    fn code_memory() -> Option<Arc<dyn CustomCodeMemory>>;

    /// Where linear memories lie; `None` leaves them to the heap.
    fn linear_memories() -> Option<LinearMemories>;
}

/// A row of address ranges of one size, one for each linear memory. Their pages are opened through the gate.
#[derive(Clone, Copy, Debug)]
pub struct LinearMemories {
    /// Address of the first range.
    pub base: NonNull<u8>,
    /// Distance in bytes between the starts of two ranges.
    pub stride: usize,
    /// How many there are.
    pub count: usize,
}

// SAFETY: the pointer is only an address; what lies there belongs to the memories that are placed there.
unsafe impl Send for LinearMemories {}
// SAFETY: as above.
unsafe impl Sync for LinearMemories {}
