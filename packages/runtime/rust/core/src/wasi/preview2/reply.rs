//! Results of functions, as images.

use alloc::vec::Vec;

/// A result that is being written: fixed bytes, then what they refer to.
pub(crate) struct Reply {
    image: Vec<u8>,
}

impl Reply {
    /// A result of so many bytes, all zero.
    pub(super) fn new(size: usize) -> Self {
        Self { image: alloc::vec![0; size] }
    }

    /// No result.
    pub(super) fn none() -> Self {
        Self::new(0)
    }

    /// One number of four bytes, such as a handle.
    pub(super) fn of_u32(number: u32) -> Self {
        Self::new(4).u32(0, number)
    }

    /// One number of eight bytes.
    pub(super) fn of_u64(number: u64) -> Self {
        Self::new(8).u64(0, number)
    }

    pub(super) fn image(self) -> Vec<u8> {
        self.image
    }

    pub(super) fn u8(mut self, at: usize, number: u8) -> Self {
        self.set(at, &[number]);
        self
    }

    pub(super) fn u32(mut self, at: usize, number: u32) -> Self {
        self.set(at, &number.to_le_bytes());
        self
    }

    pub(super) fn u64(mut self, at: usize, number: u64) -> Self {
        self.set(at, &number.to_le_bytes());
        self
    }

    /// Bytes, or a text, whose pointer and length are at `at`.
    pub(super) fn bytes(mut self, at: usize, bytes: &[u8]) -> Self {
        let start = self.image.len();
        self.image.extend_from_slice(bytes);
        self.pair(at, start, bytes.len())
    }

    /// A list of `count` elements of `size` bytes, whose pointer and length are at `at`; their alignment is 4. Returns
    /// where the first one is.
    pub(super) fn list(mut self, at: usize, count: usize, size: usize) -> (Self, usize) {
        let start = self.image.len().next_multiple_of(4);
        self.image.resize(start + count * size, 0);
        (self.pair(at, start, count), start)
    }

    fn pair(self, at: usize, start: usize, length: usize) -> Self {
        let start = if length == 0 { 0 } else { start };
        self.u32(at, start as u32).u32(at + 4, length as u32)
    }

    fn set(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.image.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }
}
