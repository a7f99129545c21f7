//! Four-level guest page tables in host memory. Entries go from not present to present and never back: on some KVMs
//! the guest keeps a translation that the host took away.

use twinwall_abi::layout::{LARGE_PAGE, PAGE};

use super::mapping::HostMemory;
use crate::error::MachineError;

const PRESENT: u64 = 1;
const WRITABLE: u64 = 1 << 1;
const USER: u64 = 1 << 2;
/// Set from the start, so that the processor never writes a table.
const ACCESSED_DIRTY: u64 = 1 << 5 | 1 << 6;
const LARGE: u64 = 1 << 7;
const NO_EXECUTE: u64 = 1 << 63;
const ADDRESS: u64 = 0x000f_ffff_ffff_f000;

/// Who may do what with a page. Nothing is ever writable and executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Ring 3 reads.
    Read,
    /// Ring 3 reads and executes.
    Execute,
    /// Ring 3 reads and writes.
    Write,
    /// Ring 0 reads.
    SystemRead,
    /// Ring 0 reads and executes.
    SystemExecute,
    /// Ring 0 reads and writes.
    SystemWrite,
}

impl Access {
    fn bits(self) -> u64 {
        let common = PRESENT | ACCESSED_DIRTY;
        match self {
            Self::Read => common | USER | NO_EXECUTE,
            Self::Execute => common | USER,
            Self::Write => common | USER | WRITABLE | NO_EXECUTE,
            Self::SystemRead => common | NO_EXECUTE,
            Self::SystemExecute => common,
            Self::SystemWrite => common | WRITABLE | NO_EXECUTE,
        }
    }
}

/// The tables of one machine: pages of a memslot whose guest physical address is `base`, used from the first on.
#[derive(Clone, Debug)]
pub(crate) struct PageTables {
    /// Offset of the tables in the memory they lie in.
    offset: usize,
    /// Guest physical address of the first table (the root).
    base: u64,
    used: usize,
    capacity: usize,
}

impl PageTables {
    /// Tables of at most `capacity` pages; the root is made at once.
    pub(crate) fn new(offset: usize, base: u64, capacity: usize) -> Self {
        Self { offset, base, used: 1, capacity }
    }

    /// Guest physical address of the root table: the value of CR3.
    pub(crate) fn root(&self) -> u64 {
        self.base
    }

    /// Bytes of tables in use.
    pub(crate) fn used_bytes(&self) -> usize {
        self.used * PAGE as usize
    }

    /// Maps `[virtual, virtual + length)` to `[physical, …)` with large pages where both sides allow it and `large`
    /// is set. Pages that are mapped already stay as they are.
    pub(crate) fn map(
        &mut self,
        memory: &mut HostMemory,
        virtual_address: u64,
        physical: u64,
        length: u64,
        access: Access,
        large: bool,
    ) -> Result<(), MachineError> {
        let mut done = 0;
        while done < length {
            let (from, to) = (virtual_address + done, physical + done);
            let fits = large && from % LARGE_PAGE == 0 && to % LARGE_PAGE == 0 && length - done >= LARGE_PAGE;
            let level = if fits { 1 } else { 0 };
            let slot = self.slot(memory, from, level)?;
            if read(memory, slot) & PRESENT == 0 {
                let size = if fits { LARGE } else { 0 };
                write(memory, slot, to | access.bits() | size);
            }
            done += if fits { LARGE_PAGE } else { PAGE };
        }
        Ok(())
    }

    /// Whether the page that holds `virtual_address` is mapped.
    #[cfg(test)]
    pub(crate) fn is_mapped(&self, memory: &HostMemory, virtual_address: u64) -> bool {
        let mut table = self.offset;
        for level in (0..4).rev() {
            let entry = read(memory, table + index(virtual_address, level) * 8);
            if entry & PRESENT == 0 {
                return false;
            }
            if level == 0 || entry & LARGE != 0 {
                return true;
            }
            table = self.offset + ((entry & ADDRESS) - self.base) as usize;
        }
        false
    }

    /// All mapped ranges: guest virtual address, length, and the entry.
    #[cfg(test)]
    pub(crate) fn leaves(&self, memory: &HostMemory) -> Vec<(u64, u64, u64)> {
        let mut found = Vec::new();
        let mut tables = vec![(self.offset, 3_u32, 0_u64)];
        while let Some((table, level, start)) = tables.pop() {
            for slot in 0..512_u64 {
                let entry = read(memory, table + slot as usize * 8);
                let address = start + (slot << (12 + 9 * level));
                if entry & PRESENT == 0 {
                    continue;
                }
                if level == 0 || entry & LARGE != 0 {
                    found.push((address, PAGE << (9 * level), entry));
                } else {
                    let below = self.offset + ((entry & ADDRESS) - self.base) as usize;
                    tables.push((below, level - 1, address));
                }
            }
        }
        found
    }

    /// Offset in `memory` of the entry for `virtual_address` in the table of `level` (0: pages, 1: large pages).
    fn slot(
        &mut self,
        memory: &mut HostMemory,
        virtual_address: u64,
        level: u32,
    ) -> Result<usize, MachineError> {
        let mut table = self.offset;
        for above in (level + 1..4).rev() {
            let slot = table + index(virtual_address, above) * 8;
            let mut entry = read(memory, slot);
            if entry & PRESENT == 0 {
                entry = self.fresh_table()? | PRESENT | WRITABLE | USER | ACCESSED_DIRTY;
                write(memory, slot, entry);
            } else if entry & LARGE != 0 {
                return Err(MachineError::Layout("a small page inside a mapped large page"));
            }
            table = self.offset + ((entry & ADDRESS) - self.base) as usize;
        }
        Ok(table + index(virtual_address, level) * 8)
    }

    fn fresh_table(&mut self) -> Result<u64, MachineError> {
        if self.used == self.capacity {
            return Err(MachineError::Layout("no page left for page tables"));
        }
        self.used += 1;
        Ok(self.base + (self.used as u64 - 1) * PAGE)
    }
}

fn index(virtual_address: u64, level: u32) -> usize {
    (virtual_address >> (12 + 9 * level)) as usize & 511
}

fn read(memory: &HostMemory, offset: usize) -> u64 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(&memory.slice()[offset..offset + 8]);
    u64::from_le_bytes(bytes)
}

fn write(memory: &mut HostMemory, offset: usize, entry: u64) {
    let slot = memory.slice_mut()[offset..].as_mut_ptr().cast::<u64>();
    // SAFETY: table offsets are multiples of 8 inside page-aligned memory; a volatile 8-byte store is one access, so
    // a processor that walks the tables sees the old or the new entry.
    unsafe { slot.write_volatile(entry.to_le()) };
}
