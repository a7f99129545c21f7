//! Address space whose pages open one after the other, as a machine's do.

use std::ptr;

/// A range of address space. Pages that were not opened fault.
pub(crate) struct Pages {
    start: usize,
    length: usize,
}

impl Pages {
    /// Bytes of a page.
    pub(crate) const SIZE: usize = 4096;

    /// Sets `length` bytes of address space aside, all closed.
    pub(crate) fn reserve(length: usize) -> Self {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new mapping at an address of the system's choice touches nothing that exists.
        let start = unsafe { libc::mmap(ptr::null_mut(), length, libc::PROT_NONE, flags, -1, 0) };
        assert_ne!(start, libc::MAP_FAILED, "no address space");
        Self { start: start as usize, length }
    }

    /// Pages with these contents, readable and executable but not writable.
    pub(crate) fn attach(contents: &[u8]) -> Self {
        let pages = Self::reserve(contents.len().max(1).next_multiple_of(Self::SIZE));
        pages.open(0, pages.length);
        pages.write(0, contents);
        pages.protect(0, pages.length, libc::PROT_READ | libc::PROT_EXEC);
        pages
    }

    pub(crate) fn address(&self) -> usize {
        self.start
    }

    /// Whether `length` bytes at `address` lie in this range.
    pub(crate) fn contains(&self, address: usize, length: usize) -> bool {
        address >= self.start && address + length <= self.start + self.length
    }

    /// Opens pages for reading and writing.
    pub(crate) fn open(&self, offset: usize, length: usize) {
        self.protect(offset, length, libc::PROT_READ | libc::PROT_WRITE);
    }

    pub(crate) fn write(&self, offset: usize, bytes: &[u8]) {
        assert!(offset + bytes.len() <= self.length);
        // SAFETY: the bytes lie in the mapping; the guest is outside while the host writes.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), (self.start + offset) as *mut u8, bytes.len()) };
    }

    fn protect(&self, offset: usize, length: usize, protection: i32) {
        assert!(offset + length <= self.length);
        // SAFETY: the pages belong to this mapping.
        let result = unsafe { libc::mprotect((self.start + offset) as *mut _, length, protection) };
        assert_eq!(result, 0, "pages do not open");
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and the guest that used it has ended or stands still for ever.
        unsafe { libc::munmap(self.start as *mut _, self.length) };
    }
}
