//! `args_*` and `environ_*`.

use alloc::vec::Vec;
use core::fmt;

use super::errno::Errno;
use super::memory::Memory;
use super::state::WasiState;

/// Most bytes of arguments or environment, terminators included.
const BYTES_LIMIT: usize = 16 << 20;

/// Arguments or environment that no program could be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunError {
    /// An argument or environment variable contains a NUL character.
    Nul,
    /// Arguments or environment are longer than 16 MiB.
    TooLong,
}

impl fmt::Display for RunError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Nul => "an argument or environment variable contains a NUL character",
            Self::TooLong => "arguments or environment are longer than 16 MiB",
        })
    }
}

impl core::error::Error for RunError {}

/// Strings in the form that programs ask for them: all bytes, each string ending in NUL.
#[derive(Default)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    count: u32,
}

impl Strings {
    pub(super) fn new<'a>(strings: impl IntoIterator<Item = &'a str>) -> Result<Self, RunError> {
        let mut packed = Self::default();
        for string in strings {
            if string.as_bytes().contains(&0) {
                return Err(RunError::Nul);
            }
            if packed.bytes.len() + string.len() >= BYTES_LIMIT {
                return Err(RunError::TooLong);
            }
            packed.bytes.extend_from_slice(string.as_bytes());
            packed.bytes.push(0);
            packed.count += 1;
        }
        Ok(packed)
    }

    pub(super) fn count(&self) -> usize {
        self.count as usize
    }

    /// The strings, without their terminators.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.split(|byte| *byte == 0).take(self.count())
    }

    fn sizes(&self, memory: &mut Memory<'_>, count: u32, bytes: u32) -> Result<(), Errno> {
        memory.write_u32(count, self.count)?;
        memory.write_u32(bytes, self.bytes.len() as u32)
    }

    /// Writes the strings to `buffer` and a pointer to each to `pointers`.
    fn get(&self, memory: &mut Memory<'_>, pointers: u32, buffer: u32) -> Result<(), Errno> {
        // At most 16 Mi strings, so four bytes for each fit a `u32`.
        memory.check(pointers, self.count * 4)?;
        memory.write(buffer, &self.bytes)?;
        let mut slot = pointers;
        let mut string = buffer;
        for bytes in self.bytes.split_inclusive(|byte| *byte == 0) {
            memory.write_u32(slot, string)?;
            // The end of memory may be 2^32 itself, and nothing is written there.
            slot = slot.wrapping_add(4);
            string = string.wrapping_add(bytes.len() as u32);
        }
        Ok(())
    }
}

pub(super) fn args_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    argv: u32,
    argv_buf: u32,
) -> Result<(), Errno> {
    state.arguments.get(memory, argv, argv_buf)
}

pub(super) fn args_sizes_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    argc: u32,
    argv_buf_size: u32,
) -> Result<(), Errno> {
    state.arguments.sizes(memory, argc, argv_buf_size)
}

pub(super) fn environ_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    environ: u32,
    environ_buf: u32,
) -> Result<(), Errno> {
    state.environment.get(memory, environ, environ_buf)
}

pub(super) fn environ_sizes_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    count: u32,
    buf_size: u32,
) -> Result<(), Errno> {
    state.environment.sizes(memory, count, buf_size)
}
