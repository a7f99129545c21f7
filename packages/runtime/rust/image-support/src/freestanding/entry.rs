//! Entry, gate and resume: the few instructions that cannot be Rust.

use core::arch::global_asm;
use core::ptr::NonNull;

use twinwall_abi::gate::{DATA_SELECTOR, GATE_PORT};
use twinwall_abi::layout;

use crate::{Gate, HeapWindows, Mailbox};

// The host enters a new machine at `_start`, with an empty stack.
global_asm!(
    ".section .text.twinwall_start, \"ax\"",
    ".globl _start",
    "_start:",
    "    xor ebp, ebp",
    "    and rsp, -16",
    "    call twinwall_main",
    "    ud2",
);

// The gate. A restored machine does not come back behind the `out`: it enters at `twinwall_resume`, which gives x87,
// SSE, AVX and further extended registers their initial values, and DS, ES, FS and GS their selector (a call before the
// restore may have changed them), and goes on from there.
// Its address must not be that of the `out`, or a KVM may take the entry for the completion of the port access.
// General registers hold what they held at the gate; a caller of `twinwall_gate` expects no more than the C calling
// convention promises, so clobbering eax, ecx and edx is fine.
global_asm!(
    ".section .text.twinwall_gate, \"ax\"",
    ".globl twinwall_gate",
    ".globl twinwall_gate_return",
    ".globl twinwall_resume",
    ".balign 64",
    "twinwall_gate:",
    "    out {port}, al",
    "twinwall_gate_return:",
    "    ret",
    ".balign 16",
    "twinwall_resume:",
    "    mov eax, -1",
    "    mov edx, -1",
    "    xrstor64 [rip + twinwall_initial_state]",
    "    cld",
    // Some hypervisors do not tell the host about selectors, so that it could put them back. Reading them costs next
    // to nothing, loading them as much as a copy of a page.
    "    mov eax, {data}",
    "    mov ecx, ds",
    "    cmp ecx, eax",
    "    jne 2f",
    "    mov ecx, es",
    "    cmp ecx, eax",
    "    jne 2f",
    "    mov ecx, fs",
    "    cmp ecx, eax",
    "    jne 2f",
    "    mov ecx, gs",
    "    cmp ecx, eax",
    "    je twinwall_gate_return",
    "2:  mov ds, eax",
    "    mov es, eax",
    "    mov fs, eax",
    "    mov gs, eax",
    "    jmp twinwall_gate_return",
    // A standard-form XSAVE area in which no component is marked present: XRSTOR initialises all that it is asked for.
    // That is every component that the processor has enabled, since some hypervisors enable more than the host asked
    // for. Only MXCSR (offset 24) is read as such.
    ".section .rodata.twinwall_initial_state, \"a\"",
    ".balign 64",
    "twinwall_initial_state:",
    "    .skip 24",
    "    .long 0x1f80",
    "    .skip 804",
    port = const GATE_PORT,
    data = const DATA_SELECTOR,
);

unsafe extern "C" {
    fn twinwall_gate();
    fn twinwall_resume();
}

/// Where a restored machine enters.
#[must_use]
pub const fn resume_address() -> unsafe extern "C" fn() {
    twinwall_resume
}

/// The gate of the KVM machine.
#[derive(Clone, Copy, Debug)]
pub struct KvmGate;

impl Gate for KvmGate {
    #[inline]
    fn mailbox() -> Mailbox {
        let base = NonNull::without_provenance(MAILBOX);
        // SAFETY: the host maps the mailbox header there, writable, before it enters, and the page is the guest's
        // while the guest runs.
        unsafe { Mailbox::new(base) }
    }

    #[inline]
    fn leave() {
        // SAFETY: the function obeys the C calling convention; the host may change mailbox and areas meanwhile, which
        // the compiler must assume of any function that it cannot see into.
        unsafe { twinwall_gate() }
    }
}

/// The heap of the KVM machine: one window at a fixed address.
#[derive(Debug)]
pub struct KvmHeap;

impl HeapWindows for KvmHeap {
    type Gate = KvmGate;

    #[inline]
    fn window(index: usize) -> Option<(u64, u64)> {
        (index == 0).then_some((layout::HEAP, layout::HEAP_WINDOW))
    }
}

const MAILBOX: core::num::NonZeroUsize = match core::num::NonZeroUsize::new(layout::MAILBOX as usize) {
    Some(address) => address,
    None => panic!("the mailbox does not lie at address zero"),
};
