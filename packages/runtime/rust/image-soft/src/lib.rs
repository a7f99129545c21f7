//! The WebAssembly runtime as an image of the soft machine: itself a WebAssembly module, which interprets Pulley bytecode.
//!
//! The host instantiates it with a memory and a gate, places attachments and areas, calls `place` and `boot` once and takes
//! the snapshot; then it calls `dispatch` for each call. Both return where another machine would leave by its gate as ready
//! or done; all other operations leave by the imported function.
#![no_std]

extern crate alloc;

mod allocator;
mod gate;
mod places;
mod soft;
mod warm;

use core::cell::UnsafeCell;
use core::panic::PanicInfo;

use allocator::Allocator;
use gate::SoftGate;
use places::Places;
use soft::Soft;
use twinwall_image_support::abort;
use twinwall_runtime_core::Server;

#[global_allocator]
static ALLOCATOR: Allocator = Allocator::new();

/// The booted guest.
struct Guest(UnsafeCell<Option<Server<Soft>>>);

// SAFETY: an instance is one thread.
unsafe impl Sync for Guest {}

static GUEST: Guest = Guest(UnsafeCell::new(None));

/// Tells where things lie; comes first. All sizes are bytes, all addresses those of this memory.
///
/// - `mailbox`: the page of the mailbox header.
/// - `stack`: the interpreter's stack, `places::WASM_STACK` bytes.
/// - `heap`, `heap_bytes`, `more_heap`, `more_heap_bytes`: where the heap may grow, first and when that is full.
/// - `memories`, `memory_stride`, `memory_count`: where linear memories lie.
#[unsafe(no_mangle)]
extern "C" fn place(
    mailbox: usize,
    stack: usize,
    heap: u32,
    heap_bytes: u32,
    more_heap: u32,
    more_heap_bytes: u32,
    memories: usize,
    memory_stride: usize,
    memory_count: usize,
) {
    places::set(Places {
        mailbox,
        stack,
        heap: [(heap, heap_bytes), (more_heap, more_heap_bytes)],
        memories,
        memory_stride,
        memory_count,
    });
}

/// Boots the module that the mailbox's request describes.
#[unsafe(no_mangle)]
extern "C" fn boot() {
    let server = Server::boot();
    // SAFETY: the host calls one entry point at a time, and `boot` once.
    unsafe { *GUEST.0.get() = Some(server) };
}

/// Interprets so many rounds of nothing; returns how many instructions that were. For an instance that never boots.
#[unsafe(no_mangle)]
extern "C" fn warm(rounds: u32) -> u32 {
    warm::warm(rounds)
}

/// Serves the call that the mailbox's request describes.
#[unsafe(no_mangle)]
extern "C" fn dispatch() {
    // SAFETY: as in `boot`; a host function that came back here would be the host's mistake.
    if let Some(server) = unsafe { &mut *GUEST.0.get() } {
        server.serve();
    }
}

#[panic_handler]
fn panic(information: &PanicInfo<'_>) -> ! {
    abort::<SoftGate>(information)
}
