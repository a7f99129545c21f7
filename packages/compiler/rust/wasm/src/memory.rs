//! An allocator with a limit: a hostile module must not make the compiler take all of the host's memory.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The system allocator, refusing whatever would take more than the limit at any one time.
struct Limited;

#[global_allocator]
static ALLOCATOR: Limited = Limited;

static LIMIT: AtomicUsize = AtomicUsize::new(usize::MAX);
static USED: AtomicUsize = AtomicUsize::new(0);
static REACHED: AtomicBool = AtomicBool::new(false);

/// Sets how many bytes may be allocated at any one time.
pub(crate) fn set_limit(bytes: usize) {
    LIMIT.store(bytes, Ordering::Relaxed);
}

/// Whether an allocation was refused. Lifts the limit, so that the instance can still report.
pub(crate) fn limit_was_reached() -> bool {
    LIMIT.store(usize::MAX, Ordering::Relaxed);
    REACHED.load(Ordering::Relaxed)
}

impl Limited {
    /// Counts `bytes` more and tells whether they may be had.
    fn admit(bytes: usize) -> bool {
        // An instance has one thread, so a load and a store cannot be parted.
        let used = USED.load(Ordering::Relaxed).saturating_add(bytes);
        let admitted = used <= LIMIT.load(Ordering::Relaxed);
        if admitted {
            USED.store(used, Ordering::Relaxed);
        } else {
            REACHED.store(true, Ordering::Relaxed);
        }
        admitted
    }

    /// Passes on what the system allocator gave. Nothing means that the instance's own memory is full.
    fn noted(pointer: *mut u8) -> *mut u8 {
        if pointer.is_null() {
            REACHED.store(true, Ordering::Relaxed);
        }
        pointer
    }

    fn release(bytes: usize) {
        USED.store(USED.load(Ordering::Relaxed).saturating_sub(bytes), Ordering::Relaxed);
    }
}

// SAFETY: every request goes to the system allocator with its layout unchanged, or is refused with null, which the
// contract of each method allows.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if !Self::admit(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc`.
        Self::noted(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !Self::admit(layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `alloc_zeroed`.
        Self::noted(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        Self::release(layout.size());
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        let grows = new_size > layout.size();
        if grows && !Self::admit(new_size - layout.size()) {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps the contract of `realloc`.
        let moved = Self::noted(unsafe { System.realloc(pointer, layout, new_size) });
        if !grows && !moved.is_null() {
            Self::release(layout.size() - new_size);
        }
        moved
    }
}
