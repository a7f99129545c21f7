//! The heap, and the place of the interpreter's stack.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;

use twinwall_image_support::Heap;

use crate::places::{self, SoftHeap, WASM_STACK};

/// Alignment of the interpreter's stack; nothing else of its size asks for it.
const STACK_ALIGNMENT: usize = 16;

/// The global allocator.
///
/// Pulley allocates its stack once, as a block of `WASM_STACK` bytes. It gets a place of its own: what lies there is dead
/// between calls, so no snapshot holds it and no restore copies it.
pub(crate) struct Allocator {
    heap: Heap<SoftHeap>,
    stack_is_given: Cell<bool>,
}

// SAFETY: an instance is one thread.
unsafe impl Sync for Allocator {}

impl Allocator {
    pub(crate) const fn new() -> Self {
        Self { heap: Heap::new(0), stack_is_given: Cell::new(false) }
    }
}

// SAFETY: the stack's place is the host's gift, given out once; all else is passed on.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let stack = layout.size() == WASM_STACK && layout.align() == STACK_ALIGNMENT;
        if stack && !self.stack_is_given.replace(true) {
            return places::get().stack as *mut u8;
        }
        // SAFETY: the caller's promise is the same.
        unsafe { self.heap.alloc(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if pointer as usize == places::get().stack {
            // It would be for one more interpreter, which there never is.
            return;
        }
        // SAFETY: the caller's promise is the same, and the block is the heap's.
        unsafe { self.heap.dealloc(pointer, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is the same. The stack is never resized.
        unsafe { self.heap.realloc(pointer, layout, size) }
    }
}
