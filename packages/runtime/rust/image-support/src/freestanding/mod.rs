//! What a freestanding image of the KVM machine is built on: entry point, gate, memory functions, heap, panics.
//!
//! An image is one thread in ring 3 with a flat address space (`twinwall_abi::layout`). It has no thread-local
//! storage, no unwinding and no interrupts; its statics are plain memory.

mod cpu;
mod entry;
mod header;
mod memory;
mod panic;
mod unwind;

pub use cpu::{cpuid, ticks};
pub use entry::{KvmGate, KvmHeap, resume_address};
pub use header::Header;

/// Makes `$main`, a `fn() -> !`, the entry point of the image and places its header.
///
/// Every image calls this once. The sizes are bytes and whole pages; they are what the host opens before it enters.
#[macro_export]
macro_rules! image {
    (main: $main:path, stack: $stack:expr, heap: $heap:expr, input: $input:expr, output: $output:expr, outbox: $outbox:expr $(,)?) => {
        #[used]
        #[unsafe(link_section = ".twinwall")]
        static TWINWALL_HEADER: $crate::freestanding::Header =
            $crate::freestanding::Header::new($stack, $heap, $input, $output, $outbox);

        #[global_allocator]
        static TWINWALL_HEAP: $crate::Heap<$crate::freestanding::KvmHeap> = $crate::Heap::new($heap);

        #[unsafe(no_mangle)]
        extern "C" fn twinwall_main() -> ! {
            $main()
        }
    };
}
