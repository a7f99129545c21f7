//! Read-only bytes beside an image: compiled modules and file trees. One host copy serves all machines of a snapshot.

use twinwall_abi::layout::{ATTACHMENTS, ATTACHMENTS_END, LARGE_PAGE};

use crate::error::MachineError;
use crate::memory::HostMemory;

/// Guest physical address of the first attachment; the others keep their virtual distance from it.
const PHYSICAL: u64 = 0x20_0000_0000;

/// Bytes that an image may read and, when asked for, execute, but never write.
#[derive(Debug)]
pub struct Attachment {
    pub(crate) memory: HostMemory,
    pub(crate) address: u64,
    pub(crate) executable: bool,
}

impl Attachment {
    /// Guest physical address.
    pub(crate) fn physical(&self) -> u64 {
        self.address - ATTACHMENTS + PHYSICAL
    }
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

/// Copies `contents` into sealed memory at the addresses that [`attachment_addresses`] gives.
pub(crate) fn attach(contents: &[(&[u8], bool)]) -> Result<Vec<Attachment>, MachineError> {
    let lengths: Vec<usize> = contents.iter().map(|(bytes, _)| bytes.len()).collect();
    let too_large = || MachineError::Layout("the attachments are larger than their address range");
    let addresses = attachment_addresses(&lengths).ok_or_else(too_large)?;
    let mut attachments = Vec::with_capacity(contents.len());
    for (&(bytes, executable), address) in contents.iter().zip(addresses) {
        let length = room(bytes.len()).ok_or_else(too_large)?;
        let mut memory = HostMemory::large(length as usize)?;
        memory.write(0, bytes).ok_or_else(too_large)?;
        memory.seal()?;
        attachments.push(Attachment { memory, address, executable });
    }
    Ok(attachments)
}
