//! Linear memories: each in an address range of its own, opened page by page through the gate.

use alloc::boxed::Box;
use alloc::string::String;
use core::marker::PhantomData;
use core::sync::atomic::{AtomicUsize, Ordering};

use twinwall_image_support::Gate;
use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use crate::platform::LinearMemories;

/// Most bytes of a memory with 32-bit addresses.
const LARGEST: u64 = 1 << 32;

/// Gives each new memory the next range.
pub(crate) struct Slots<G> {
    places: LinearMemories,
    next: AtomicUsize,
    gate: PhantomData<fn() -> G>,
}

impl<G: Gate> Slots<G> {
    pub(crate) fn new(places: LinearMemories) -> Self {
        Self { places, next: AtomicUsize::new(0), gate: PhantomData }
    }
}

// SAFETY: ranges do not overlap and are never given out twice; `Slot` keeps what it promises about them.
unsafe impl<G: Gate> MemoryCreator for Slots<G> {
    fn new_memory(
        &self,
        _type: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        if reserved.unwrap_or(0) != 0 || guard != 0 {
            return Err(String::from("modules must not rely on reserved or guarded address space"));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if number >= self.places.count {
            return Err(String::from("the module has more memories than there is address space for"));
        }
        // SAFETY: the platform has `count` ranges of `stride` bytes from `base` on.
        let base = unsafe { self.places.base.add(number * self.places.stride) };
        let mut slot = Slot::<G> {
            base: base.as_ptr() as usize,
            bytes: 0,
            open: 0,
            capacity: (self.places.stride as u64).min(LARGEST) as usize,
            gate: PhantomData,
        };
        slot.resize(minimum).map_err(String::from)?;
        Ok(Box::new(slot))
    }
}

/// One linear memory. It never moves; its pages are zero when they open.
struct Slot<G> {
    base: usize,
    bytes: usize,
    /// Bytes that are open, which may be more than the memory has.
    open: usize,
    capacity: usize,
    gate: PhantomData<fn() -> G>,
}

impl<G: Gate> Slot<G> {
    fn resize(&mut self, bytes: usize) -> Result<(), &'static str> {
        if bytes > self.capacity {
            return Err("a memory cannot have more than 4 GiB");
        }
        if bytes > self.open {
            let address = (self.base + self.open) as u64;
            let opened = G::mailbox()
                .grow::<G>(address, (bytes - self.open) as u64)
                .map_err(|_| "the host did not open the pages")?;
            self.open = self.open.saturating_add(opened as usize).min(self.capacity);
        }
        self.bytes = bytes;
        Ok(())
    }
}

// SAFETY: the range is this memory's alone, stays where it is, and is open up to `bytes`.
unsafe impl<G: Gate> LinearMemory for Slot<G> {
    fn byte_size(&self) -> usize {
        self.bytes
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.resize(bytes).map_err(wasmtime::Error::msg)
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base as *mut u8
    }
}
