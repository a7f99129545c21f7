//! Anonymous host memory that a guest may see.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::{self, NonNull};

use crate::error::MachineError;

const PAGE: usize = 4096;
const LARGE: usize = 2 << 20;

/// One private anonymous mapping: not inherited by children, not dumped, never merged with other pages.
#[derive(Debug)]
pub(crate) struct HostMemory {
    base: NonNull<u8>,
    length: usize,
    reserved: NonNull<u8>,
    reserved_length: usize,
}

// SAFETY: the mapping belongs to this value alone; all access goes through methods that take the caller's borrow,
// or through raw pointers whose users state their own reasons.
unsafe impl Send for HostMemory {}
// SAFETY: shared access only reads memory that is not written any more (read-only segments).
unsafe impl Sync for HostMemory {}

impl HostMemory {
    /// Maps `length` zero bytes in small pages; pages cost memory only once touched.
    pub(crate) fn small(length: usize) -> Result<Self, MachineError> {
        Self::map(length, false)
    }

    /// Maps `length` zero bytes at a 2 MiB boundary and asks for large pages.
    pub(crate) fn large(length: usize) -> Result<Self, MachineError> {
        Self::map(length, true)
    }

    /// Maps the first `length` bytes of a file at a 2 MiB boundary, to be read only; its pages are shared with whoever else maps
    /// it. The file must stay as it is.
    pub(crate) fn of_file(file: BorrowedFd<'_>, length: usize) -> Result<Self, MachineError> {
        let memory = Self::map(length, true)?;
        // Private: before 6.7 no kernel maps a sealed file otherwise. Pages that nobody writes are the file's all the same.
        let (flags, access) = (libc::MAP_PRIVATE | libc::MAP_FIXED, libc::PROT_READ);
        let base = memory.base.as_ptr().cast();
        // SAFETY: the range is this value's own mapping, which nobody uses yet; the file takes its place.
        let mapped = unsafe { libc::mmap(base, length, access, flags, file.as_raw_fd(), 0) };
        if mapped == libc::MAP_FAILED {
            return Err(MachineError::Map { bytes: length, source: io::Error::last_os_error() });
        }
        memory.advise(true);
        Ok(memory)
    }

    fn map(length: usize, large: bool) -> Result<Self, MachineError> {
        let reserved_length = if large { length + LARGE } else { length };
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: a new anonymous mapping at an address that the kernel chooses touches no existing memory.
        let address = unsafe {
            libc::mmap(ptr::null_mut(), reserved_length, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
        };
        let failed = || MachineError::Map { bytes: length, source: io::Error::last_os_error() };
        if address == libc::MAP_FAILED {
            return Err(failed());
        }
        let reserved = NonNull::new(address.cast::<u8>()).ok_or_else(failed)?;
        let skip = if large { reserved.as_ptr().align_offset(LARGE) } else { 0 };
        // SAFETY: `skip` < LARGE, and the mapping is LARGE longer than `length` when it is not 0.
        let base = unsafe { reserved.add(skip) };
        let memory = Self { base, length, reserved, reserved_length };
        memory.advise(large);
        Ok(memory)
    }

    /// Hardening and page size are advice: a kernel that lacks one of them still runs guests correctly.
    fn advise(&self, large: bool) {
        let size = if large { libc::MADV_HUGEPAGE } else { libc::MADV_NOHUGEPAGE };
        for advice in [libc::MADV_DONTFORK, libc::MADV_DONTDUMP, libc::MADV_UNMERGEABLE, size] {
            // SAFETY: the range is this value's own mapping, and none of these changes its contents.
            unsafe { libc::madvise(self.base.as_ptr().cast(), self.length, advice) };
        }
    }

    /// Asks for the pages of a range that is about to be written: one system call is cheaper than a fault for each
    /// page. A kernel that does not know the request lets them fault in.
    pub(crate) fn populate(&self, offset: usize, length: usize) {
        let end = offset.saturating_add(length).min(self.length);
        let start = offset.min(end) / PAGE * PAGE;
        // SAFETY: the range lies in this value's own mapping, and populating it changes no contents.
        unsafe {
            libc::madvise(self.base.as_ptr().add(start).cast(), end - start, libc::MADV_POPULATE_WRITE)
        };
    }

    /// Makes the memory read-only for the host too.
    pub(crate) fn seal(&self) -> Result<(), MachineError> {
        // SAFETY: the range is this value's own mapping; nobody holds a mutable slice of it.
        let result = unsafe { libc::mprotect(self.base.as_ptr().cast(), self.length, libc::PROT_READ) };
        if result == 0 {
            return Ok(());
        }
        Err(MachineError::Map { bytes: self.length, source: io::Error::last_os_error() })
    }

    /// First byte.
    pub(crate) fn pointer(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// Bytes.
    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Copies `bytes` to `offset`; `None` when they do not fit.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> Option<()> {
        self.slice_mut().get_mut(offset..offset.checked_add(bytes.len())?)?.copy_from_slice(bytes);
        Some(())
    }

    /// The contents; only for memory of machines that are not running.
    pub(crate) fn slice(&self) -> &[u8] {
        // SAFETY: the mapping is readable, initialised (zero pages), and lives as long as `self`; the vCPU that could
        // write it runs only inside `Machine::call`, which borrows the machine, and with it this value, mutably.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.length) }
    }

    /// The contents, writable; only for memory that is not sealed.
    pub(crate) fn slice_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `slice`, and `&mut self` excludes every other slice.
        unsafe { std::slice::from_raw_parts_mut(self.base.as_ptr(), self.length) }
    }
}

impl Drop for HostMemory {
    fn drop(&mut self) {
        // SAFETY: the range was mapped by `map` and is unmapped once; memslots that name it are gone, since a machine
        // closes its VM before its memory.
        unsafe { libc::munmap(self.reserved.as_ptr().cast(), self.reserved_length) };
    }
}
