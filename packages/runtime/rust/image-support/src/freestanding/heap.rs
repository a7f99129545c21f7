//! The heap: pages of the heap window, opened as they are needed.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::ptr::NonNull;

use talc::TalcCell;
use talc::base::Talc;
use talc::base::binning::Binning;
use talc::source::Source;
use twinwall_abi::layout;

use super::entry::KvmGate;
use crate::Gate;

/// Least number of bytes to open at a time. An exit costs more than a few pages, but all that is open when the snapshot
/// is taken is copied in every restore.
const STEP: u64 = 16 << 10;

/// The global allocator of an image.
///
/// Chunks are merged and split at 16 bytes, so sizes are not rounded up to powers of two: what the heap holds is
/// written back at each restore.
pub struct Heap {
    talc: TalcCell<HeapWindow>,
}

impl fmt::Debug for Heap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Heap").finish_non_exhaustive()
    }
}

// SAFETY: an image is a single thread, and nothing interrupts it.
unsafe impl Sync for Heap {}

impl Heap {
    /// A heap of which the first `open` bytes are open already.
    #[must_use]
    pub const fn new(open: u64) -> Self {
        Self { talc: TalcCell::new(HeapWindow { open, end: None }) }
    }
}

// SAFETY: all calls are passed on.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        unsafe { GlobalAlloc::alloc(&self.talc, layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        unsafe { GlobalAlloc::dealloc(&self.talc, pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise is the same.
        unsafe { GlobalAlloc::realloc(&self.talc, pointer, layout, size) }
    }
}

/// The window of address space that the heap grows into.
#[derive(Debug)]
struct HeapWindow {
    /// Bytes that are open.
    open: u64,
    /// Where the part that the allocator owns ends; `None` before its first allocation.
    end: Option<NonNull<u8>>,
}

impl HeapWindow {
    /// Opens at least `bytes` more.
    fn grow(&mut self, bytes: u64) -> Result<(), ()> {
        let wanted = layout::pages_up(bytes).ok_or(())?.max(STEP).min(layout::HEAP_WINDOW - self.open);
        if wanted < bytes {
            return Err(());
        }
        let opened = KvmGate::mailbox().grow::<KvmGate>(layout::HEAP + self.open, wanted).map_err(|_| ())?;
        self.open = (self.open + opened).min(layout::HEAP_WINDOW);
        Ok(())
    }
}

// SAFETY: nothing here allocates.
unsafe impl Source for HeapWindow {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, wanted: Layout) -> Result<(), ()> {
        if let Some(end) = talc.source.end {
            // Room for the chunk's own bookkeeping and alignment comes on top.
            let bytes = (wanted.size() as u64).checked_add(wanted.align() as u64 + 64).ok_or(())?;
            talc.source.grow(bytes)?;
            let new_end = (layout::HEAP + talc.source.open) as *mut u8;
            // SAFETY: `end` is what the allocator returned last, and the pages up to `new_end` are open and unused.
            talc.source.end = Some(unsafe { talc.extend(end, new_end) });
        } else {
            let base = layout::HEAP as *mut u8;
            // SAFETY: the host opened these pages for the heap and nothing else uses them.
            let end = unsafe { talc.claim(base, talc.source.open as usize) };
            talc.source.end = Some(end.ok_or(())?);
        }
        Ok(())
    }
}
