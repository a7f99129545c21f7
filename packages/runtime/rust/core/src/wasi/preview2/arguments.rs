//! Arguments of a function, in an image.

use super::mistyped;

/// The tuple of a function's parameters. Positions follow from their types; each function here knows its own.
#[derive(Clone, Copy)]
pub(crate) struct Arguments<'a> {
    image: &'a [u8],
}

impl<'a> Arguments<'a> {
    pub(super) fn new(image: &'a [u8]) -> Self {
        Self { image }
    }

    /// The number of so many bytes at `at`.
    fn number<const BYTES: usize>(self, at: usize) -> wasmtime::Result<[u8; BYTES]> {
        self.image.get(at..).and_then(|rest| rest.first_chunk()).copied().ok_or_else(mistyped)
    }

    pub(super) fn u8(self, at: usize) -> wasmtime::Result<u8> {
        self.number(at).map(u8::from_le_bytes)
    }

    pub(super) fn u32(self, at: usize) -> wasmtime::Result<u32> {
        self.number(at).map(u32::from_le_bytes)
    }

    pub(super) fn u64(self, at: usize) -> wasmtime::Result<u64> {
        self.number(at).map(u64::from_le_bytes)
    }

    /// The list, or the string, of elements of `size` bytes whose pointer and length are at `at`.
    pub(super) fn list(self, at: usize, size: usize) -> wasmtime::Result<&'a [u8]> {
        let (pointer, length) = (self.u32(at)? as usize, self.u32(at + 4)? as usize);
        length
            .checked_mul(size)
            .and_then(|bytes| self.image.get(pointer..)?.get(..bytes))
            .ok_or_else(mistyped)
    }
}
