//! What wasmtime asks of a platform at link time. No unit test runs WebAssembly.

use core::ptr;

#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_get(_slot: usize) -> *mut u8 {
    ptr::null_mut()
}

#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_set(_slot: usize, _state: *mut u8) {}
