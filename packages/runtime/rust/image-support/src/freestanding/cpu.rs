//! What the guest asks the processor itself.

use core::arch::x86_64::{__cpuid_count, _rdtsc};

/// The time-stamp counter.
#[inline]
#[must_use]
pub fn ticks() -> u64 {
    // SAFETY: ring 3 may read the counter: the host never sets CR4.TSD.
    unsafe { _rdtsc() }
}

/// EBX and ECX of a CPUID leaf, subleaf 0; zeros for a leaf that the processor does not have.
#[must_use]
pub fn cpuid(leaf: u32) -> (u32, u32) {
    let highest = __cpuid_count(leaf & 0x8000_0000, 0).eax;
    if leaf > highest {
        return (0, 0);
    }
    let result = __cpuid_count(leaf, 0);
    (result.ebx, result.ecx)
}
