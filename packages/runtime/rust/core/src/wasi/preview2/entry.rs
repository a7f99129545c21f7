//! What a resource is.

use super::mistyped;
use super::resources::Resources;
use crate::wasi::OutputStream;
use crate::wasi::tree::NodeId;

/// A resource.
#[derive(Clone, Copy)]
pub(super) enum Entry {
    Input(Input),
    Output(OutputStream),
    /// Ready at that time of the monotonic clock.
    Pollable(u64),
    /// A file or directory.
    Descriptor(NodeId),
    /// A directory that is being listed: the number of the next entry.
    Listing(NodeId, usize),
    /// Of an interface that is not supported: nothing can be done with it.
    Nothing,
}

/// Where an input stream reads from.
#[derive(Clone, Copy)]
pub(super) enum Input {
    Stdin,
    File { contents: &'static [u8], position: usize },
}

impl Resources {
    pub(super) fn input(&mut self, number: u32) -> wasmtime::Result<&mut Input> {
        match self.get(number)? {
            Entry::Input(input) => Ok(input),
            _ => Err(mistyped()),
        }
    }

    pub(super) fn output(&mut self, number: u32) -> wasmtime::Result<OutputStream> {
        match *self.get(number)? {
            Entry::Output(stream) => Ok(stream),
            _ => Err(mistyped()),
        }
    }

    pub(super) fn due(&mut self, number: u32) -> wasmtime::Result<u64> {
        match *self.get(number)? {
            Entry::Pollable(due) => Ok(due),
            // What is not supported is never waited for.
            _ => Ok(0),
        }
    }

    pub(super) fn descriptor(&mut self, number: u32) -> wasmtime::Result<NodeId> {
        match *self.get(number)? {
            Entry::Descriptor(node) => Ok(node),
            _ => Err(mistyped()),
        }
    }
}
