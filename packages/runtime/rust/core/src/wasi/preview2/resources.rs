//! Resources that a component holds.

use alloc::format;
use alloc::vec::Vec;

use twinwall_abi::ErrorCode;

use super::entry::Entry;
use super::mistyped;
use crate::failure::Failure;
use crate::wasi::Errno;

/// Most resources at a time.
const MOST_RESOURCES: usize = 4096;

/// Most when one is opened: the others are left for what a program needs in order to say that it has too many.
const MOST_OPEN: usize = 4000;

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
        self.place(entry, MOST_RESOURCES).ok_or_else(|| {
            let message = format!("the component holds {MOST_RESOURCES} resources of WASI, the most it may");
            wasmtime::Error::new(Failure::new(ErrorCode::Limit, message))
        })
    }

    /// Keeps what the component opens, where it can be told that there are too many.
    pub(super) fn open(&mut self, entry: Entry) -> Result<u32, Errno> {
        self.place(entry, MOST_OPEN).ok_or(Errno::TooManyDescriptors)
    }

    /// Takes the first free place of so many.
    fn place(&mut self, entry: Entry, most: usize) -> Option<u32> {
        let free = self.entries.iter().position(Option::is_none);
        let place = free.unwrap_or(self.entries.len());
        if place >= most {
            return None;
        }
        match self.entries.get_mut(place) {
            Some(slot) => *slot = Some(entry),
            None => self.entries.push(Some(entry)),
        }
        Some(place as u32)
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
