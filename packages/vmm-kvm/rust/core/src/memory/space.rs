//! Where guest virtual ranges lie in host memory, for copies in and out.

/// A run of guest addresses that is contiguous in host memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Extent {
    /// First guest virtual address.
    pub(crate) address: u64,
    /// Bytes.
    pub(crate) length: u64,
    /// Host address of the first byte.
    pub(crate) host: *mut u8,
}

/// One guest area that grows at its end: extents in address order, without gaps.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extents {
    base: u64,
    length: u64,
    /// Bytes from the base that the host may have written since it was last asked.
    written: u64,
    runs: Vec<Extent>,
}

// SAFETY: the pointers name memory owned by the machine that owns this value; they move together.
unsafe impl Send for Extents {}

impl Extents {
    /// An area at `base` with nothing open.
    pub(crate) fn new(base: u64) -> Self {
        Self { base, length: 0, written: 0, runs: Vec::new() }
    }

    /// First guest address after the open part.
    pub(crate) fn end(&self) -> u64 {
        self.base + self.length
    }

    /// Open bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Adds memory at the end; `extent.address` must be [`Self::end`].
    pub(crate) fn push(&mut self, extent: Extent) {
        debug_assert_eq!(extent.address, self.end());
        self.length += extent.length;
        self.runs.push(extent);
    }

    /// Copies `bytes` to guest address `address`; false when that is not all open.
    pub(crate) fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
        if self.holds(address, bytes.len() as u64) {
            self.written = self.written.max(address - self.base + bytes.len() as u64);
        }
        self.visit(address, bytes.len(), |host, from, count| {
            // SAFETY: `visit` hands out ranges inside memory of this machine, whose vCPU is not running, and `bytes`
            // is host memory that no guest sees.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr().add(from), host, count) };
        })
    }

    /// What the host has written since this was last asked, or more: runs of host memory.
    pub(crate) fn take_written(&mut self) -> impl Iterator<Item = (*mut u8, usize)> + '_ {
        let end = self.base + std::mem::take(&mut self.written);
        self.runs.iter().filter_map(move |run| {
            let length = end.checked_sub(run.address)?.min(run.length);
            (length > 0).then_some((run.host, length as usize))
        })
    }

    /// Copies from guest address `address` into `bytes`; false when that is not all open.
    pub(crate) fn read(&self, address: u64, bytes: &mut [u8]) -> bool {
        let target = bytes.as_mut_ptr();
        self.visit(address, bytes.len(), |host, from, count| {
            // SAFETY: as in `write`, in the other direction; `from + count` never passes the slice's end.
            unsafe { std::ptr::copy_nonoverlapping(host, target.add(from), count) };
        })
    }

    /// Whether `[address, address + length)` is open.
    pub(crate) fn holds(&self, address: u64, length: u64) -> bool {
        address >= self.base && address.checked_add(length).is_some_and(|end| end <= self.end())
    }

    fn visit(&self, address: u64, length: usize, mut each: impl FnMut(*mut u8, usize, usize)) -> bool {
        if !self.holds(address, length as u64) {
            return false;
        }
        let mut done = 0;
        for run in &self.runs {
            let at = address + done as u64;
            if done == length {
                break;
            }
            if at >= run.address + run.length {
                continue;
            }
            let skip = at - run.address;
            let count = ((run.length - skip) as usize).min(length - done);
            // SAFETY: `skip` lies inside the run.
            each(unsafe { run.host.add(skip as usize) }, done, count);
            done += count;
        }
        done == length
    }
}
