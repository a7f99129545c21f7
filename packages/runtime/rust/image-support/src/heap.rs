//! The heap: pages of the machine's heap windows, opened as they are needed.

use core::alloc::{GlobalAlloc, Layout};
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use talc::TalcCell;
use talc::base::Talc;
use talc::base::binning::Binning;
use talc::source::Source;
use twinwall_abi::layout;

use crate::Gate;

/// Least number of bytes to open at a time. An exit costs more than a few pages, but all that is open when the snapshot
/// is taken is copied in every restore.
const STEP: u64 = 16 << 10;

/// Where the heap of a machine may grow. Windows are filled one after the other.
pub trait HeapWindows: 'static {
    /// The gate through which pages open.
    type Gate: Gate;

    /// Address and bytes of window `index`; `None` behind the last one. The same at each call.
    fn window(index: usize) -> Option<(u64, u64)>;
}

/// The global allocator of an image.
///
/// Chunks are merged and split at 16 bytes, so sizes are not rounded up to powers of two: what the heap holds is
/// written back at each restore.
pub struct Heap<W: HeapWindows> {
    talc: TalcCell<Pages<W>>,
}

impl<W: HeapWindows> fmt::Debug for Heap<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Heap").finish_non_exhaustive()
    }
}

// SAFETY: an image is a single thread, and nothing interrupts it.
unsafe impl<W: HeapWindows> Sync for Heap<W> {}

impl<W: HeapWindows> Heap<W> {
    /// A heap of whose first window `open` bytes are open already.
    #[must_use]
    pub const fn new(open: u64) -> Self {
        Self { talc: TalcCell::new(Pages { window: 0, open, end: None, windows: PhantomData }) }
    }
}

// SAFETY: all calls are passed on.
unsafe impl<W: HeapWindows> GlobalAlloc for Heap<W> {
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

/// The pages of the window that the heap grows in.
struct Pages<W> {
    /// Index of the window.
    window: usize,
    /// Bytes of it that are open.
    open: u64,
    /// Where the part of it that the allocator owns ends; `None` while it owns nothing there.
    end: Option<NonNull<u8>>,
    windows: PhantomData<fn() -> W>,
}

impl<W> fmt::Debug for Pages<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pages").field("window", &self.window).field("open", &self.open).finish()
    }
}

impl<W: HeapWindows> Pages<W> {
    /// Opens at least `bytes` more in the current window.
    fn grow(&mut self, bytes: u64) -> Result<(), ()> {
        let (base, window) = W::window(self.window).ok_or(())?;
        let wanted = layout::pages_up(bytes).ok_or(())?.max(STEP).min(window.saturating_sub(self.open));
        if wanted < bytes {
            return Err(());
        }
        let opened = W::Gate::mailbox().grow::<W::Gate>(base + self.open, wanted).map_err(|_| ())?;
        self.open = (self.open + opened).min(window);
        Ok(())
    }

    /// Address behind the open part.
    fn open_end(&self) -> *mut u8 {
        W::window(self.window).map_or(0, |(base, _)| base + self.open) as *mut u8
    }
}

// SAFETY: nothing here allocates.
unsafe impl<W: HeapWindows> Source for Pages<W> {
    fn acquire<B: Binning>(talc: &mut Talc<Self, B>, wanted: Layout) -> Result<(), ()> {
        // Room for the chunk's own bookkeeping and alignment comes on top.
        let bytes = (wanted.size() as u64).checked_add(wanted.align() as u64 + 64).ok_or(())?;
        if let Some(end) = talc.source.end {
            if talc.source.grow(bytes).is_ok() {
                let new_end = talc.source.open_end();
                // SAFETY: `end` is what the allocator returned last, and the pages up to `new_end` are open and unused.
                talc.source.end = Some(unsafe { talc.extend(end, new_end) });
                return Ok(());
            }
            talc.source.window += 1;
            talc.source.open = 0;
            talc.source.end = None;
        }
        // A window that the allocator owns nothing of yet. What is open from the start need not be enough.
        let first = if talc.source.open == 0 { bytes + STEP } else { 0 };
        if first > 0 {
            talc.source.grow(first)?;
        }
        let (base, _) = W::window(talc.source.window).ok_or(())?;
        // SAFETY: the host opened these pages for the heap and nothing else uses them.
        let end = unsafe { talc.claim(base as *mut u8, talc.source.open as usize) };
        talc.source.end = Some(end.ok_or(())?);
        Ok(())
    }
}
