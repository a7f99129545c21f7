//! The pieces of a module that data passes through: its memory and its allocator.

use core::ops::Range;

use twinwall_abi::ErrorCode;
use wasmtime::{AsContextMut, Extern, Func, Memory};

use crate::failure::Failure;
use crate::signature::{ALLOCATE, SINK, Shape};

/// An export that may be missing or of the wrong kind. That matters only to a call that needs it.
#[derive(Clone, Copy, Debug)]
enum Piece<T> {
    Missing,
    WrongType,
    Found(T),
}

/// Memory and allocator of a module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pieces {
    memory: Piece<Memory>,
    allocate: Piece<Func>,
    free: Piece<Func>,
}

impl Pieces {
    /// Looks the exports up by `get`.
    pub(crate) fn find<S: AsContextMut>(store: &mut S, get: impl Fn(&mut S, &str) -> Option<Extern>) -> Self {
        let memory = match get(store, "memory") {
            None => Piece::Missing,
            Some(Extern::Memory(memory)) => Piece::Found(memory),
            Some(_) => Piece::WrongType,
        };
        let mut function = |name: &str, shape: Shape| match get(store, name) {
            None => Piece::Missing,
            Some(Extern::Func(function)) if shape.is(&function.ty(&*store)) => Piece::Found(function),
            Some(_) => Piece::WrongType,
        };
        let allocate = function("twinwall_allocate", ALLOCATE);
        let free = function("twinwall_free", SINK);
        Self { memory, allocate, free }
    }

    /// The memory that bytes are passed in.
    #[inline]
    pub(crate) fn memory(&self) -> Result<Memory, Failure> {
        match self.memory {
            Piece::Found(memory) => Ok(memory),
            Piece::Missing => Err(missing("the module exports no memory `memory`")),
            Piece::WrongType => Err(wrong_type("the export `memory` is not a memory")),
        }
    }

    /// `twinwall_allocate`.
    #[inline]
    pub(crate) fn allocate(&self) -> Result<Func, Failure> {
        match self.allocate {
            Piece::Found(function) => Ok(function),
            Piece::Missing => Err(missing("the module exports no function `twinwall_allocate`")),
            Piece::WrongType => {
                Err(wrong_type("the export `twinwall_allocate` must be a function of type (i32) -> i32"))
            }
        }
    }

    /// `twinwall_free`, if there is one.
    #[inline]
    pub(crate) fn free(&self) -> Result<Option<Func>, Failure> {
        match self.free {
            Piece::Found(function) => Ok(Some(function)),
            Piece::Missing => Ok(None),
            Piece::WrongType => {
                Err(wrong_type("the export `twinwall_free` must be a function of type (i32, i32) -> ()"))
            }
        }
    }
}

#[cold]
fn missing(message: &'static str) -> Failure {
    Failure::new(ErrorCode::BadModule, message)
}

#[cold]
fn wrong_type(message: &'static str) -> Failure {
    Failure::new(ErrorCode::Type, message)
}

/// The offsets of `length` bytes at `pointer` in a memory of `size` bytes; a pointer to nothing is always good.
#[inline]
pub(crate) fn range(size: usize, pointer: u32, length: u32) -> Option<Range<usize>> {
    if length == 0 {
        return Some(0..0);
    }
    let start = pointer as usize;
    let end = start.checked_add(length as usize)?;
    (end <= size).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_end_with_the_memory() {
        assert_eq!(range(65536, 65535, 1), Some(65535..65536));
        assert_eq!(range(65536, 65535, 2), None);
        assert_eq!(range(65536, u32::MAX, u32::MAX), None);
        assert_eq!(range(0, u32::MAX, 0), Some(0..0));
        assert_eq!(range(1 << 32, u32::MAX, 1), Some(0xffff_ffff..1 << 32));
    }
}
