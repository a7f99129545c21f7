//! Resources that a component holds.

use alloc::format;
use alloc::vec::Vec;

use twinwall_abi::ErrorCode;

use super::entry::Entry;
use super::mistyped;
use crate::failure::Failure;

/// Most resources at a time.
const MOST_RESOURCES: usize = 4096;

/// The host's side of all resources of WASI, by the number that stands for each.
///
/// Those of before the snapshot stay: a component that has run its initialisation may hold them in its memory.
#[derive(Default)]
pub(crate) struct Resources {
    entries: Vec<Option<Entry>>,
    /// The last result: it is read after the function has returned.
    pub(crate) reply: Vec<u8>,
}

impl Resources {
    /// Keeps a resource; returns its number.
    pub(super) fn add(&mut self, entry: Entry) -> wasmtime::Result<u32> {
        let free = self.entries.iter().position(Option::is_none);
        let place = free.unwrap_or(self.entries.len());
        if place >= MOST_RESOURCES {
            let message = format!("the component holds {MOST_RESOURCES} resources of WASI, the most it may");
            return Err(wasmtime::Error::new(Failure::new(ErrorCode::Limit, message)));
        }
        match self.entries.get_mut(place) {
            Some(slot) => *slot = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        Ok(place as u32)
    }

    pub(super) fn get(&mut self, number: u32) -> wasmtime::Result<&mut Entry> {
        let entry = self.entries.get_mut(number as usize).and_then(Option::as_mut);
        entry.ok_or_else(mistyped)
    }

    /// The component dropped a resource.
    pub(crate) fn remove(&mut self, number: u32) {
        if let Some(slot) = self.entries.get_mut(number as usize) {
            *slot = None;
        }
    }
}
