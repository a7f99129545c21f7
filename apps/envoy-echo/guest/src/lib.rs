//! The guest of the Envoy echo project. `on_data` gets a chunk of a connection and returns the
//! bytes to pass on: here the same bytes.
//!
//! The text that `twinwall_init` gets chooses what else it does, in words with spaces between them:
//! `count` counts the bytes, `greet` logs who connected, `trap` stops at a chunk that begins with
//! "trap". Without them it makes no host call, so that a chunk costs one exit of the machine.
#![no_std]

mod behaviour;
mod buffer;
mod host;

use core::slice;

/// Gives `size` bytes of this module's memory to the caller; 0 when there are none.
#[unsafe(no_mangle)]
pub extern "C" fn twinwall_allocate(size: u32) -> u32 {
    buffer::allocate(size)
}

/// Reads what else to do. Runs before the snapshot is taken, so that every machine knows.
#[unsafe(no_mangle)]
pub extern "C" fn twinwall_init(pointer: u32, length: u32) {
    // SAFETY: the caller placed `length` bytes at `pointer`, and nothing writes there meanwhile.
    behaviour::choose(unsafe { slice::from_raw_parts(address(pointer), length as usize) });
}

/// One chunk of a connection: a byte of flags, then the data. Returns a byte of flags and the data
/// to pass on, as `pointer << 32 | length`.
#[unsafe(no_mangle)]
pub extern "C" fn on_data(pointer: u32, length: u32) -> u64 {
    if length == 0 {
        // No flags: nothing that a host sends. An empty result is a failure.
        return 0;
    }
    if behaviour::chosen() {
        // SAFETY: as above. No host function that it calls writes into the input.
        behaviour::on_chunk(unsafe { slice::from_raw_parts(address(pointer), length as usize) });
    }
    // The result takes the input's place; of its flags none is set: go on.
    // SAFETY: the input has at least this byte, and the slice above is no longer in use.
    unsafe { address(pointer).cast_mut().write(0) };
    u64::from(pointer) << 32 | u64::from(length)
}

fn address(pointer: u32) -> *const u8 {
    core::ptr::with_exposed_provenance(pointer as usize)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
