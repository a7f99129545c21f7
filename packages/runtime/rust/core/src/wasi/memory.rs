//! The program's linear memory, seen through checked offsets.

use core::ops::Range;
use core::str;

use super::errno::Errno;

/// Longest path in bytes, as on Linux.
const PATH_LIMIT: usize = 4096;

/// Most bytes that one read or write moves, as on Linux; the rest is for the next call.
pub(super) const TRANSFER_LIMIT: usize = 0x7fff_f000;

/// Most vectors that one read or write looks at; the rest is for the next call.
const VECTOR_LIMIT: u32 = 1024;

/// The path that a program gave as bytes.
pub(super) fn path(bytes: &[u8]) -> Result<&str, Errno> {
    if bytes.len() > PATH_LIMIT {
        return Err(Errno::NameTooLong);
    }
    if bytes.is_empty() {
        return Err(Errno::NoEntry);
    }
    if bytes.contains(&0) {
        return Err(Errno::Invalid);
    }
    str::from_utf8(bytes).map_err(|_| Errno::IllegalSequence)
}

/// A linear memory. Every access is checked against its present length.
pub(super) struct Memory<'a> {
    bytes: &'a mut [u8],
}

impl<'a> Memory<'a> {
    /// Looks at `bytes`; an empty slice stands for a module without memory. Of a 64-bit memory only
    /// the part exists that preview 1 can name, so that no checked pointer overflows when advanced.
    pub(super) fn new(bytes: &'a mut [u8]) -> Self {
        let length = bytes.len().min(usize::try_from(1_u64 << 32).unwrap_or(usize::MAX));
        Self { bytes: &mut bytes[..length] }
    }

    /// The offsets of `length` bytes at `pointer`. Nothing can lie at a pointer when `length` is
    /// zero, so any pointer is good then (C and Rust both pass dangling ones).
    fn range(&self, pointer: u32, length: u32) -> Result<Range<usize>, Errno> {
        if length == 0 {
            return Ok(0..0);
        }
        let end = u64::from(pointer) + u64::from(length);
        if end > self.bytes.len() as u64 {
            return Err(Errno::Fault);
        }
        // `end` fits `usize` because it is within a slice; so does `pointer`, which is below it.
        Ok(pointer as usize..end as usize)
    }

    /// Fails unless `length` bytes at `pointer` are in memory.
    pub(super) fn check(&self, pointer: u32, length: u32) -> Result<(), Errno> {
        self.range(pointer, length).map(|_| ())
    }

    pub(super) fn bytes(&self, pointer: u32, length: u32) -> Result<&[u8], Errno> {
        let range = self.range(pointer, length)?;
        self.bytes.get(range).ok_or(Errno::Fault)
    }

    pub(super) fn bytes_mut(&mut self, pointer: u32, length: u32) -> Result<&mut [u8], Errno> {
        let range = self.range(pointer, length)?;
        self.bytes.get_mut(range).ok_or(Errno::Fault)
    }

    fn array<const N: usize>(&self, pointer: u32) -> Result<[u8; N], Errno> {
        let bytes = self.bytes(pointer, N as u32)?;
        bytes.try_into().map_err(|_| Errno::Fault)
    }

    pub(super) fn read_u8(&self, pointer: u32) -> Result<u8, Errno> {
        Ok(u8::from_le_bytes(self.array(pointer)?))
    }

    pub(super) fn read_u16(&self, pointer: u32) -> Result<u16, Errno> {
        Ok(u16::from_le_bytes(self.array(pointer)?))
    }

    pub(super) fn read_u32(&self, pointer: u32) -> Result<u32, Errno> {
        Ok(u32::from_le_bytes(self.array(pointer)?))
    }

    pub(super) fn read_u64(&self, pointer: u32) -> Result<u64, Errno> {
        Ok(u64::from_le_bytes(self.array(pointer)?))
    }

    pub(super) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), Errno> {
        let length = u32::try_from(bytes.len()).map_err(|_| Errno::Fault)?;
        self.bytes_mut(pointer, length)?.copy_from_slice(bytes);
        Ok(())
    }

    pub(super) fn write_u32(&mut self, pointer: u32, value: u32) -> Result<(), Errno> {
        self.write(pointer, &value.to_le_bytes())
    }

    pub(super) fn write_u64(&mut self, pointer: u32, value: u64) -> Result<(), Errno> {
        self.write(pointer, &value.to_le_bytes())
    }

    /// A path: UTF-8 without NUL, not empty, at most 4096 bytes.
    pub(super) fn path(&self, pointer: u32, length: u32) -> Result<&str, Errno> {
        if length as usize > PATH_LIMIT {
            return Err(Errno::NameTooLong);
        }
        path(self.bytes(pointer, length)?)
    }

    /// The vectors of a read or write, checked as a whole, so that nothing moves when one is bad.
    pub(super) fn vectors(&self, pointer: u32, count: u32) -> Result<Vectors, Errno> {
        let vectors = Vectors { pointer, count: count.min(VECTOR_LIMIT) };
        for index in 0..vectors.count {
            let (pointer, length) = vectors.get(self, index)?;
            self.check(pointer, length)?;
        }
        Ok(vectors)
    }

    /// Copies the start of `source` to the vectors; returns how many bytes fitted.
    pub(super) fn scatter(&mut self, vectors: Vectors, source: &[u8]) -> Result<usize, Errno> {
        let mut rest = source.get(..TRANSFER_LIMIT).unwrap_or(source);
        let total = rest.len();
        for index in 0..vectors.count {
            if rest.is_empty() {
                break;
            }
            // Read again, and checked again: what was copied may have overwritten the vectors.
            let (pointer, length) = vectors.get(self, index)?;
            let buffer = self.bytes_mut(pointer, length)?;
            let (now, later) = rest.split_at(rest.len().min(buffer.len()));
            buffer[..now.len()].copy_from_slice(now);
            rest = later;
        }
        Ok(total - rest.len())
    }
}

/// An array of `iovec` or `ciovec` in memory.
#[derive(Clone, Copy)]
pub(super) struct Vectors {
    pointer: u32,
    pub(super) count: u32,
}

impl Vectors {
    /// Pointer and length of the buffer that vector `index` names.
    pub(super) fn get(self, memory: &Memory<'_>, index: u32) -> Result<(u32, u32), Errno> {
        // `index` is below 1024.
        let pointer = self.pointer.checked_add(index * 8).ok_or(Errno::Fault)?;
        let length = pointer.checked_add(4).ok_or(Errno::Fault)?;
        Ok((memory.read_u32(pointer)?, memory.read_u32(length)?))
    }
}
