//! Guest virtual addresses of the KVM machine. Everything between the named ranges is unmapped.

/// Bytes of a small page.
pub const PAGE: u64 = 4096;

/// Bytes of a large page.
pub const LARGE_PAGE: u64 = 2 << 20;

/// The mailbox header: one page, writable.
pub const MAILBOX: u64 = 0x4000_0000;

/// The outbox, behind a guard page.
pub const OUTBOX: u64 = MAILBOX + 2 * PAGE;

/// Largest outbox in bytes: it must stay clear of the stack window.
pub const OUTBOX_MAX: u64 = 256 << 10;

/// Top of the stack window; the stack grows down from here.
pub const STACK_TOP: u64 = MAILBOX + LARGE_PAGE - PAGE;

/// Bytes of the stack window. The host opens pages in it when the guest touches them; below it lies unmapped space.
pub const STACK_WINDOW: u64 = 1 << 20;

/// Bytes of stack that WebAssembly may use; what is left of the window belongs to the guest runtime.
pub const WASM_STACK: u64 = 512 << 10;

/// The area for data from host to guest, at most [`AREA_WINDOW`] bytes.
pub const INPUT: u64 = 0x8000_0000;

/// The area for data from guest to host, at most [`AREA_WINDOW`] bytes.
pub const OUTPUT: u64 = 0xC000_0000;

/// Largest input or output area in bytes.
pub const AREA_WINDOW: u64 = (1 << 30) - PAGE;

/// Read-only attachments (compiled module, file tree), each at a multiple of [`LARGE_PAGE`].
pub const ATTACHMENTS: u64 = 0x1_0000_0000;

/// End of the range for attachments.
pub const ATTACHMENTS_END: u64 = 0x2_0000_0000;

/// The guest runtime's heap.
pub const HEAP: u64 = 0x10_0000_0000;

/// Bytes of address space for the heap.
pub const HEAP_WINDOW: u64 = 4 << 30;

/// The first linear memory; memory `n` lies at `MEMORIES + n * MEMORY_STRIDE`.
pub const MEMORIES: u64 = 0x20_0000_0000;

/// Distance between two linear memories: 4 GiB of memory and as much unmapped space.
pub const MEMORY_STRIDE: u64 = 8 << 30;

/// Number of linear memories that there is address space for.
pub const MEMORY_SLOTS: u64 = 32;

/// Rounds `bytes` up to whole pages; `None` on overflow.
#[must_use]
pub const fn pages_up(bytes: u64) -> Option<u64> {
    match bytes.checked_add(PAGE - 1) {
        Some(sum) => Some(sum & !(PAGE - 1)),
        None => None,
    }
}
