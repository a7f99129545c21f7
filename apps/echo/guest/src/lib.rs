//! The guest of the echo project: one bytes function, `echo`, and the two functions through which
//! Twinwall places its input (byte ABI of core modules, version 1).
#![no_std]

mod arena;

use arena::Arena;
use core::cell::UnsafeCell;

/// WebAssembly without threads runs one function at a time.
struct Single<T>(UnsafeCell<T>);

// SAFETY: the module has one thread, so there is nobody to share with.
unsafe impl<T> Sync for Single<T> {}

static ARENA: Single<Arena> = Single(UnsafeCell::new(Arena::new()));

fn with_arena<R>(use_it: impl FnOnce(&mut Arena) -> R) -> R {
    // SAFETY: one thread, and no closure given here enters `with_arena` again.
    use_it(unsafe { &mut *ARENA.0.get() })
}

/// Gives `size` bytes of this module's memory to the caller; 0 when there are none.
#[unsafe(no_mangle)]
pub extern "C" fn twinwall_allocate(size: u32) -> u32 {
    with_arena(|arena| arena.allocate(size))
}

/// Takes back what `twinwall_allocate` gave.
#[unsafe(no_mangle)]
pub extern "C" fn twinwall_free(pointer: u32, size: u32) {
    with_arena(|arena| arena.free(pointer, size));
}

/// Returns a copy of its input: `pointer << 32 | length`.
#[unsafe(no_mangle)]
pub extern "C" fn echo(pointer: u32, length: u32) -> u64 {
    if length == 0 {
        return 0;
    }
    let copy = twinwall_allocate(length);
    if copy == 0 {
        core::arch::wasm32::unreachable();
    }
    // SAFETY: the caller placed `length` bytes at `pointer`, and `copy` is `length` fresh bytes.
    unsafe {
        core::ptr::copy_nonoverlapping(pointer as *const u8, copy as *mut u8, length as usize);
    }
    u64::from(copy) << 32 | u64::from(length)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
