//! Read-only bytes beside an image: compiled modules and file trees. One host copy serves all machines of a snapshot.

use twinwall_abi::layout::{ATTACHMENTS, ATTACHMENTS_END, LARGE_PAGE};

use crate::error::MachineError;
use crate::memory::HostMemory;

/// Bytes that an image may read and, when asked for, execute, but never write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attachment {
    /// Guest virtual address.
    pub(crate) address: u64,
    /// Bytes, in whole large pages.
    pub(crate) length: u64,
    pub(crate) executable: bool,
}

/// All attachments of a snapshot, in one stretch of memory: each memslot makes a machine dearer.
#[derive(Debug)]
pub(crate) struct Attachments {
    /// Absent when there are none.
    pub(crate) memory: Option<HostMemory>,
    pub(crate) list: Vec<Attachment>,
}

/// Guest addresses of attachments of the given lengths, in order; `None` when they do not fit.
#[must_use]
pub fn attachment_addresses(lengths: &[usize]) -> Option<Vec<u64>> {
    let mut next = ATTACHMENTS;
    let mut addresses = Vec::with_capacity(lengths.len());
    for &length in lengths {
        addresses.push(next);
        next = next.checked_add(room(length)?)?;
        if next > ATTACHMENTS_END {
            return None;
        }
    }
    Some(addresses)
}

fn room(length: usize) -> Option<u64> {
    (length as u64).max(1).checked_next_multiple_of(LARGE_PAGE)
}

impl Attachments {
    /// Copies `contents` (bytes, and whether they are executable) to sealed memory, at the distances that
    /// [`attachment_addresses`] gives.
    pub(crate) fn new(contents: &[(&[u8], bool)]) -> Result<Self, MachineError> {
        let too_large = || MachineError::Layout("the attachments are larger than their address range");
        let lengths: Vec<usize> = contents.iter().map(|(bytes, _)| bytes.len()).collect();
        let addresses = attachment_addresses(&lengths).ok_or_else(too_large)?;
        let mut list = Vec::with_capacity(contents.len());
        for (&(bytes, executable), address) in contents.iter().zip(addresses) {
            list.push(Attachment { address, length: room(bytes.len()).ok_or_else(too_large)?, executable });
        }
        let Some(last) = list.last() else { return Ok(Self { memory: None, list }) };
        let mut memory = HostMemory::large((last.address + last.length - ATTACHMENTS) as usize)?;
        for (attachment, (bytes, _)) in list.iter().zip(contents) {
            memory.write((attachment.address - ATTACHMENTS) as usize, bytes).ok_or_else(too_large)?;
        }
        memory.seal()?;
        Ok(Self { memory: Some(memory), list })
    }
}
