//! A core module that waits for calls.

use alloc::vec::Vec;

use wasmtime::{Func, ValRaw};

use crate::exports::Exports;
use crate::pieces::Pieces;

/// A core module with everything that its calls need, resolved before the snapshot.
pub(crate) struct ModuleProgram {
    pub(crate) pieces: Pieces,
    pub(crate) exports: Exports,
    /// `_start` of a command.
    pub(crate) start: Option<Func>,
    /// Room for the values of a call on numbers, allocated once.
    pub(crate) values: Vec<ValRaw>,
}
