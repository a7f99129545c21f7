//! Where things lie in this machine's memory: told once by the host, since it depends on the module.

use core::cell::Cell;

use twinwall_image_support::HeapWindows;

use crate::gate::SoftGate;

/// Bytes of stack for interpreted code. An interpreter's frames are larger by a quarter than a processor's: what recurses
/// as deep as a KVM machine lets it shall do so here.
pub(crate) const WASM_STACK: usize = (twinwall_abi::layout::WASM_STACK as usize) / 4 * 5;

/// Addresses and sizes in bytes.
#[derive(Clone, Copy)]
pub(crate) struct Places {
    pub(crate) mailbox: usize,
    /// The interpreter's stack.
    pub(crate) stack: usize,
    /// Address and size of each window.
    pub(crate) heap: [(u32, u32); 2],
    pub(crate) memories: usize,
    pub(crate) memory_stride: usize,
    pub(crate) memory_count: usize,
}

struct Told(Cell<Places>);

// SAFETY: an instance is one thread.
unsafe impl Sync for Told {}

static TOLD: Told = Told(Cell::new(Places {
    mailbox: 0,
    stack: 0,
    heap: [(0, 0); 2],
    memories: 0,
    memory_stride: 0,
    memory_count: 0,
}));

/// Keeps what the host told.
pub(crate) fn set(places: Places) {
    TOLD.0.set(places);
}

/// What the host told.
#[inline]
pub(crate) fn get() -> Places {
    TOLD.0.get()
}

/// The heap of the soft machine.
pub(crate) struct SoftHeap;

impl HeapWindows for SoftHeap {
    type Gate = SoftGate;

    fn window(index: usize) -> Option<(u64, u64)> {
        let (base, bytes) = *get().heap.get(index)?;
        Some((u64::from(base), u64::from(bytes)))
    }
}
