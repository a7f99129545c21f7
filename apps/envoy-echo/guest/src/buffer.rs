//! Where the host places bytes. There is one input at a time, so it always lies at the same place:
//! behind the static data, where memory can grow with it. What a host function answers goes to a
//! small buffer of its own, because the input is still needed then.

use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::{Cell, UnsafeCell};

const PAGE: usize = 65_536;
const ALIGNMENT: usize = 16;

/// Longest answer of a host function, bytes.
const ANSWER_BYTES: usize = 256;

unsafe extern "C" {
    /// The linker places it behind the stack and the static data.
    static __heap_base: u8;
}

/// WebAssembly without threads runs one function at a time.
pub struct Single<T>(pub T);

// SAFETY: the module has one thread, so there is nobody to share with.
unsafe impl<T> Sync for Single<T> {}

static ANSWER: Single<UnsafeCell<[u8; ANSWER_BYTES]>> = Single(UnsafeCell::new([0; ANSWER_BYTES]));
static ASKING: Single<Cell<bool>> = Single(Cell::new(false));

/// Room for `size` bytes: the place of the answer while a host function is asked, else that of the
/// input.
pub fn allocate(size: u32) -> u32 {
    let size = size as usize;
    if ASKING.0.get() {
        return if size <= ANSWER_BYTES { ANSWER.0.get().expose_provenance() as u32 } else { 0 };
    }
    let pointer = (&raw const __heap_base).expose_provenance().next_multiple_of(ALIGNMENT);
    match pointer.checked_add(size) {
        Some(end) if reach(end) => pointer as u32,
        _ => 0,
    }
}

/// Runs `ask`, a host function that answers in bytes. The answer holds until the next one.
pub fn answer(ask: impl FnOnce() -> u64) -> &'static [u8] {
    ASKING.0.set(true);
    let length = (ask() as u32 as usize).min(ANSWER_BYTES);
    ASKING.0.set(false);
    // SAFETY: the answer lies in ANSWER, which nothing else writes, and callers drop it before they
    // ask again: `behaviour` asks once.
    unsafe { core::slice::from_raw_parts(ANSWER.0.get().cast::<u8>(), length) }
}

/// Grows the memory until it holds `end` bytes.
fn reach(end: usize) -> bool {
    let missing = end.div_ceil(PAGE).saturating_sub(memory_size(0));
    missing == 0 || memory_grow(0, missing) != usize::MAX
}
