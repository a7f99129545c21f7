//! The image header: what the host must know before it lays a machine out.

use twinwall_abi::{ABI_VERSION, IMAGE_MAGIC, ImageHeader};

use super::entry::resume_address;

/// [`ImageHeader`] in a form that can hold an address which only the linker knows.
#[derive(Debug)]
#[repr(C)]
pub struct Header {
    magic: u32,
    version: u32,
    resume: unsafe extern "C" fn(),
    stack_bytes: u64,
    heap_bytes: u64,
    input_bytes: u64,
    output_bytes: u64,
    outbox_bytes: u64,
}

const _: () = assert!(size_of::<Header>() == size_of::<ImageHeader>());

impl Header {
    /// A header with these sizes in bytes, each a multiple of the page size.
    #[must_use]
    pub const fn new(
        stack_bytes: u64,
        heap_bytes: u64,
        input_bytes: u64,
        output_bytes: u64,
        outbox_bytes: u64,
    ) -> Self {
        Self {
            magic: IMAGE_MAGIC,
            version: ABI_VERSION,
            resume: resume_address(),
            stack_bytes,
            heap_bytes,
            input_bytes,
            output_bytes,
            outbox_bytes,
        }
    }
}
