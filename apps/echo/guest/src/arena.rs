//! Memory for the few buffers of one call: they are handed out one behind the other, and all of
//! them are free again when the last one has been given back.

use core::arch::wasm32::{memory_grow, memory_size};

const PAGE: u32 = 65_536;
const ALIGNMENT: u32 = 16;

unsafe extern "C" {
    /// The linker places it behind the stack and the static data.
    static __heap_base: u8;
}

pub struct Arena {
    /// First free byte; 0 before the first use.
    next: u32,
    /// Buffers handed out and not given back.
    live: u32,
}

impl Arena {
    pub const fn new() -> Self {
        Self { next: 0, live: 0 }
    }

    fn base() -> u32 {
        let address = &raw const __heap_base as u32;
        address.next_multiple_of(ALIGNMENT)
    }

    /// `size` bytes at a multiple of 16, or 0 when memory cannot grow any more.
    pub fn allocate(&mut self, size: u32) -> u32 {
        if self.live == 0 {
            self.next = Self::base();
        }
        let pointer = self.next;
        let Some(end) = pointer.checked_add(size).and_then(|end| end.checked_next_multiple_of(ALIGNMENT))
        else {
            return 0;
        };
        if !reach(end) {
            return 0;
        }
        self.next = end;
        self.live += 1;
        pointer
    }

    pub fn free(&mut self, pointer: u32, size: u32) {
        if pointer == 0 || self.live == 0 {
            return;
        }
        self.live -= 1;
        if pointer.checked_add(size).and_then(|end| end.checked_next_multiple_of(ALIGNMENT))
            == Some(self.next)
        {
            self.next = pointer;
        }
    }
}

/// Grows the memory until it holds `end` bytes.
fn reach(end: u32) -> bool {
    let pages = end.div_ceil(PAGE) as usize;
    let missing = pages.saturating_sub(memory_size(0));
    missing == 0 || memory_grow(0, missing) != usize::MAX
}
