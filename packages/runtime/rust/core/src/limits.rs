//! The cap on linear memories and tables together.

use wasmtime::ResourceLimiter;

/// Bytes that an element of a table counts, on every machine: results must not depend on the size of a pointer. It is what
/// a table that grows may hold of the heap for each element: a pointer of 8 bytes, twice as much room as needed, and the
/// smaller tables before it. A growth that the cap allows then never fails for want of heap.
const ELEMENT_BYTES: u64 = 32;

/// Counts what memories and tables hold and refuses what would exceed the cap.
#[derive(Debug)]
pub(crate) struct Limits {
    cap: u64,
    used: u64,
    /// What the last growth that was allowed added: it is taken back when the growth fails after all.
    last: u64,
}

impl Limits {
    /// At most `cap` bytes.
    pub(crate) fn new(cap: u64) -> Self {
        Self { cap, used: 0, last: 0 }
    }

    /// Bytes in use.
    pub(crate) fn used(&self) -> u64 {
        self.used
    }

    fn grow(&mut self, current: u64, desired: u64, maximum: Option<u64>) -> bool {
        self.last = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return false;
        }
        let more = desired.saturating_sub(current);
        match self.used.checked_add(more) {
            Some(used) if used <= self.cap => {
                self.used = used;
                self.last = more;
                true
            }
            _ => false,
        }
    }

    fn take_back(&mut self) {
        self.used -= self.last;
        self.last = 0;
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(self.grow(current as u64, desired as u64, maximum.map(|bytes| bytes as u64)))
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let bytes = |elements: usize| (elements as u64).saturating_mul(ELEMENT_BYTES);
        Ok(self.grow(bytes(current), bytes(desired), maximum.map(bytes)))
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_cap() {
        let mut limits = Limits::new(1000);
        assert!(limits.memory_growing(0, 360, None).unwrap());
        assert!(limits.table_growing(0, 20, None).unwrap());
        assert_eq!(limits.used(), 1000);
        assert!(!limits.table_growing(20, 21, None).unwrap());
        assert!(!limits.memory_growing(360, 361, None).unwrap());
        assert_eq!(limits.used(), 1000);
    }

    #[test]
    fn a_growth_that_fails_later_does_not_count() {
        let mut limits = Limits::new(1000);
        assert!(limits.memory_growing(0, 100, None).unwrap());
        assert!(limits.memory_growing(100, 900, None).unwrap());
        limits.memory_grow_failed(wasmtime::Error::msg("no pages")).unwrap();
        assert_eq!(limits.used(), 100);
        limits.memory_grow_failed(wasmtime::Error::msg("again")).unwrap();
        assert_eq!(limits.used(), 100);
    }

    #[test]
    fn a_declared_maximum_is_kept_and_sums_do_not_wrap() {
        let mut limits = Limits::new(u64::MAX);
        assert!(!limits.memory_growing(0, 200, Some(100)).unwrap());
        assert!(limits.memory_growing(0, usize::MAX, None).unwrap());
        assert!(!limits.memory_growing(0, 1, None).unwrap());
    }
}
