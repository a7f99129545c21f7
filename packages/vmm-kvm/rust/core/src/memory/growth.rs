//! Pages that open after the snapshot: chunks of host memory, each a memslot of its own, used from the first on.

use std::ops::Range;

use twinwall_abi::layout::{LARGE_PAGE, PAGE};

use super::mapping::HostMemory;
use crate::error::MachineError;

/// Smallest chunk; each further one is at least as large as all before it.
const FIRST_CHUNK: u64 = 4 << 20;

/// A piece of newly opened memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) physical: u64,
    pub(crate) host: *mut u8,
    pub(crate) length: u64,
}

#[derive(Debug)]
struct Chunk {
    memory: HostMemory,
    physical: u64,
    /// Its memslot.
    slot: u32,
    used: u64,
}

/// The growth of one machine.
#[derive(Debug)]
pub(crate) struct Growth {
    chunks: Vec<Chunk>,
    next_physical: u64,
    /// Bytes still allowed.
    budget: u64,
    opened: u64,
}

impl Growth {
    /// Growth of at most `budget` bytes from guest physical address `physical` on.
    pub(crate) fn new(physical: u64, budget: u64) -> Self {
        Self { chunks: Vec::new(), next_physical: physical, budget, opened: 0 }
    }

    /// Bytes opened so far.
    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    /// Bytes that may still be opened.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// Takes up to `length` bytes, as many as lie together; a new chunk is announced by `add_slot(physical, memory)`,
    /// which gives its slot.
    /// With `large` the piece starts at a large page and is a multiple of it.
    pub(crate) fn take(
        &mut self,
        length: u64,
        large: bool,
        add_slot: impl FnOnce(u64, &HostMemory) -> Result<u32, MachineError>,
    ) -> Result<Piece, MachineError> {
        let step = if large { LARGE_PAGE } else { PAGE };
        let has_room = self
            .chunks
            .last()
            .is_some_and(|chunk| chunk.used.next_multiple_of(step) + step <= chunk.memory.length() as u64);
        if !has_room {
            self.add_chunk(length, large, add_slot)?;
        }
        let Some(chunk) = self.chunks.last_mut() else {
            return Err(MachineError::Layout("no chunk to grow into"));
        };
        let start = chunk.used.next_multiple_of(step);
        let room = (chunk.memory.length() as u64 - start) / step * step;
        let taken = length.min(room);
        chunk.used = start + taken;
        self.opened += taken;
        self.budget = self.budget.saturating_sub(taken);
        // SAFETY: `start` lies inside the chunk's memory.
        let host = unsafe { chunk.memory.pointer().add(start as usize) };
        Ok(Piece { physical: chunk.physical + start, host, length: taken })
    }

    fn add_chunk(
        &mut self,
        length: u64,
        large: bool,
        add_slot: impl FnOnce(u64, &HostMemory) -> Result<u32, MachineError>,
    ) -> Result<(), MachineError> {
        let wanted = length.max(self.opened).max(FIRST_CHUNK);
        let bytes = wanted.min(self.budget.max(length)).next_multiple_of(LARGE_PAGE);
        // A large host page for a few small ones would cost its 2 MiB at the first touch.
        let memory =
            if large { HostMemory::large(bytes as usize)? } else { HostMemory::small(bytes as usize)? };
        let slot = add_slot(self.next_physical, &memory)?;
        self.chunks.push(Chunk { memory, physical: self.next_physical, slot, used: 0 });
        self.next_physical += bytes;
        Ok(())
    }

    /// Makes every opened page zero again.
    pub(crate) fn clear(&mut self) {
        for chunk in &mut self.chunks {
            let used = chunk.used as usize;
            chunk.memory.slice_mut()[..used].fill(0);
        }
    }

    /// Makes the pages zero again that are set in the log of their slot, as `log` gives it; returns how many bytes those
    /// are.
    pub(crate) fn clear_logged(
        &mut self,
        log: impl Fn(u32) -> Result<Vec<u64>, MachineError>,
    ) -> Result<u64, MachineError> {
        let mut cleared = 0;
        for chunk in &mut self.chunks {
            let memory = chunk.memory.slice_mut();
            for page in set_pages(&log(chunk.slot)?) {
                let Some(page) = memory.get_mut(page) else { continue };
                page.fill(0);
                cleared += page.len() as u64;
            }
        }
        Ok(cleared)
    }
}

impl Growth {
    /// Pages that are not zero.
    pub(crate) fn changed_pages(&self) -> usize {
        const ZEROS: [u8; PAGE as usize] = [0; PAGE as usize];
        let used = self.chunks.iter().map(|chunk| &chunk.memory.slice()[..chunk.used as usize]);
        used.flat_map(|used| used.chunks(ZEROS.len())).filter(|page| **page != ZEROS).count()
    }
}

/// The pages that are set in a log, as ranges of bytes from the start of its slot.
pub(crate) fn set_pages(log: &[u64]) -> impl Iterator<Item = Range<usize>> + '_ {
    const BYTES: usize = PAGE as usize;
    let words = log.iter().enumerate().filter(|(_, word)| **word != 0);
    words.flat_map(|(index, &word)| {
        let set = (0..64).filter(move |bit| word >> bit & 1 != 0);
        set.map(move |bit| {
            let start = (index * 64 + bit) * BYTES;
            start..start + BYTES
        })
    })
}

#[cfg(test)]
impl Growth {
    /// Guest physical ranges of the chunks: start and length.
    pub(crate) fn ranges(&self) -> Vec<(u64, u64)> {
        self.chunks.iter().map(|chunk| (chunk.physical, chunk.memory.length() as u64)).collect()
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.chunks.iter().all(|chunk| chunk.memory.slice().iter().all(|&byte| byte == 0))
    }
}
