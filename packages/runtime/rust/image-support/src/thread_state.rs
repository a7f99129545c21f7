//! The one word per thread that wasmtime asks of its platform. An image is one thread, so it is a plain static.

use core::ptr;
use core::sync::atomic::{AtomicPtr, Ordering};

static STATE: AtomicPtr<u8> = AtomicPtr::new(ptr::null_mut());

/// What `wasmtime_tls_set` stored. Only slot 0 is in use.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_get(_slot: usize) -> *mut u8 {
    STATE.load(Ordering::Relaxed)
}

/// Stores wasmtime's state.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_set(_slot: usize, state: *mut u8) {
    STATE.store(state, Ordering::Relaxed);
}
