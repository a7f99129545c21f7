//! What wasmtime without std needs of its platform.

use std::cell::Cell;
use std::sync::Arc;
use std::{io, ptr};

use wasmtime::{Config, CustomCodeMemory, LinearMemory, MemoryCreator, MemoryType};

/// Most bytes of a memory with 32-bit addresses.
const LARGEST: usize = 1 << 32;

thread_local! {
    static WASMTIME_SLOTS: Cell<[*mut u8; 2]> = const { Cell::new([ptr::null_mut(); 2]) };
}

// SAFETY: wasmtime declares a function of this name and type and leaves it to the platform.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_get(slot: usize) -> *mut u8 {
    WASMTIME_SLOTS.get()[slot]
}

// SAFETY: as above.
#[unsafe(no_mangle)]
extern "C" fn wasmtime_tls_set(slot: usize, pointer: *mut u8) {
    let mut slots = WASMTIME_SLOTS.get();
    slots[slot] = pointer;
    WASMTIME_SLOTS.set(slots);
}

/// Code in ordinary pages whose protection changes.
struct Pages;

impl Pages {
    fn protect(pointer: *const u8, length: usize, protection: i32) -> wasmtime::Result<()> {
        // SAFETY: wasmtime owns these whole pages and says what they hold from now on.
        match unsafe { libc::mprotect(pointer.cast_mut().cast(), length, protection) } {
            0 => Ok(()),
            _ => Err(wasmtime::Error::msg(io::Error::last_os_error())),
        }
    }
}

impl CustomCodeMemory for Pages {
    fn required_alignment(&self) -> usize {
        4096
    }

    fn publish_executable(&self, pointer: *const u8, length: usize) -> wasmtime::Result<()> {
        Self::protect(pointer, length, libc::PROT_READ | libc::PROT_EXEC)
    }

    fn unpublish_executable(&self, pointer: *const u8, length: usize) -> wasmtime::Result<()> {
        Self::protect(pointer, length, libc::PROT_READ | libc::PROT_WRITE)
    }
}

/// Linear memories in 4 GiB of address space each, so that they grow where they are.
struct Reservations;

// SAFETY: each memory has a mapping of its own; `Reservation` keeps what it promises about it.
unsafe impl MemoryCreator for Reservations {
    fn new_memory(
        &self,
        _type: MemoryType,
        minimum: usize,
        _maximum: Option<usize>,
        _reserved: Option<usize>,
        _guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping disturbs no other.
        let base = unsafe { libc::mmap(ptr::null_mut(), LARGEST, protection, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error().to_string());
        }
        Ok(Box::new(Reservation { base: base as usize, bytes: minimum }))
    }
}

struct Reservation {
    base: usize,
    bytes: usize,
}

// SAFETY: the mapping is this memory's alone, readable, writable and zero, and larger than any size it has.
unsafe impl LinearMemory for Reservation {
    fn byte_size(&self) -> usize {
        self.bytes
    }

    fn byte_capacity(&self) -> usize {
        LARGEST
    }

    fn grow_to(&mut self, bytes: usize) -> wasmtime::Result<()> {
        if bytes > LARGEST {
            return Err(wasmtime::Error::msg("more than 4 GiB"));
        }
        self.bytes = bytes;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.base as *mut u8
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the mapping is this memory's, which ends here. A failure only leaks address space.
        unsafe { libc::munmap(self.base as *mut _, LARGEST) };
    }
}

/// Sets what belongs to this platform alone.
pub(crate) fn configure(config: &mut Config) {
    config.with_custom_code_memory(Some(Arc::new(Pages)));
    config.with_host_memory(Arc::new(Reservations));
    // SAFETY: the answers are the standard library's.
    unsafe { config.detect_host_feature(has_cpu_feature) };
}

fn has_cpu_feature(name: &str) -> Option<bool> {
    Some(match name {
        "sse3" => is_x86_feature_detected!("sse3"),
        "ssse3" => is_x86_feature_detected!("ssse3"),
        "sse4.1" => is_x86_feature_detected!("sse4.1"),
        "sse4.2" => is_x86_feature_detected!("sse4.2"),
        "popcnt" => is_x86_feature_detected!("popcnt"),
        "avx" => is_x86_feature_detected!("avx"),
        "avx2" => is_x86_feature_detected!("avx2"),
        "bmi1" => is_x86_feature_detected!("bmi1"),
        "bmi2" => is_x86_feature_detected!("bmi2"),
        "fma" => is_x86_feature_detected!("fma"),
        "lzcnt" => is_x86_feature_detected!("lzcnt"),
        _ => return None,
    })
}
