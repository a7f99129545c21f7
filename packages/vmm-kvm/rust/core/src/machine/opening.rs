//! Opening of memory: pages go from closed to open while a guest runs, and never back.

use twinwall_abi::layout::{
    AREA_WINDOW, HEAP, HEAP_WINDOW, INPUT, LARGE_PAGE, MEMORIES, MEMORY_STRIDE, OUTPUT, PAGE, STACK_TOP,
    STACK_WINDOW,
};

use super::core::Core;
use crate::error::MachineError;
use crate::memory::{Access, Extent, Piece};
use crate::plan::LARGE_GROWTH;

/// The largest linear memory slot that may open.
const MEMORY_WINDOW: u64 = 4 << 30;

impl Core {
    /// Opens the input area up to `length` bytes.
    pub(crate) fn open_input(&mut self, length: u64) -> Result<(), MachineError> {
        if length > AREA_WINDOW {
            return Err(MachineError::Layout("the input does not fit its window"));
        }
        let missing = (INPUT + length).next_multiple_of(PAGE).saturating_sub(self.input.end());
        if missing == 0 { Ok(()) } else { self.open(self.input.end(), missing) }
    }

    /// Opens the stack window down to the page of `address`, and as much again as is open, where there is room.
    /// False when the address is not in the closed part of the window.
    pub(crate) fn open_stack(&mut self, address: u64) -> Result<bool, MachineError> {
        let lowest = STACK_TOP - STACK_WINDOW;
        if !(lowest..self.stack_bottom).contains(&address) {
            return Ok(false);
        }
        let open = STACK_TOP - self.stack_bottom;
        let bottom = (address / PAGE * PAGE).min(self.stack_bottom.saturating_sub(open)).max(lowest);
        if self.stack_bottom - bottom > self.growth.budget() {
            return Ok(false);
        }
        // From the top down, so that every piece meets what is open.
        while self.stack_bottom > bottom {
            let piece = self.take(self.stack_bottom - bottom, false)?;
            self.place(self.stack_bottom - piece.length, piece, false)?;
        }
        Ok(true)
    }

    /// Serves the gate operation `Grow`: opens the heap, a linear memory or the output area up to
    /// `address + length`. Returns the end of what is open, `None` when the request is refused.
    pub(crate) fn grow(&mut self, address: u64, length: u64, output_limit: u64) -> Option<u64> {
        let end = address.checked_add(length)?;
        if !address.is_multiple_of(PAGE) || !length.is_multiple_of(PAGE) {
            return None;
        }
        let (open_end, last) = self.window(address, output_limit)?;
        if end > last {
            return None;
        }
        if end <= open_end {
            return Some(open_end);
        }
        let base = if address >= MEMORIES { address - (address - MEMORIES) % MEMORY_STRIDE } else { address };
        let wanted = if address >= MEMORIES && end - base >= LARGE_GROWTH {
            end.next_multiple_of(LARGE_PAGE).min(last)
        } else {
            end
        };
        // What is asked for must fit the budget; rounding up is a courtesy.
        let budget = self.growth.budget();
        let target = if wanted - open_end <= budget { wanted } else { end };
        if target - open_end > budget || address > open_end {
            return None;
        }
        self.open(open_end, target - open_end).ok()?;
        Some(target)
    }

    /// End of the open part of the window that holds `address`, and the end of that window.
    fn window(&self, address: u64, output_limit: u64) -> Option<(u64, u64)> {
        if (HEAP..HEAP + HEAP_WINDOW).contains(&address) {
            return Some((self.heap_end, HEAP + HEAP_WINDOW));
        }
        let output_last = OUTPUT + output_limit.min(AREA_WINDOW).next_multiple_of(PAGE);
        if (OUTPUT..output_last).contains(&address) {
            return Some((self.output.end(), output_last));
        }
        let slot = usize::try_from(address.checked_sub(MEMORIES)? / MEMORY_STRIDE).ok()?;
        let base = MEMORIES + slot as u64 * MEMORY_STRIDE;
        let end = *self.memory_ends.get(slot)?;
        (address - base < MEMORY_WINDOW).then_some((end, base + MEMORY_WINDOW))
    }

    /// Opens `[address, address + length)`, which lies at the end of an open range.
    fn open(&mut self, address: u64, length: u64) -> Result<(), MachineError> {
        let mut done = 0;
        while done < length {
            let at = address + done;
            let left = length - done;
            let large = at.is_multiple_of(LARGE_PAGE) && left >= LARGE_PAGE;
            let wanted = match (large, at % LARGE_PAGE) {
                (true, _) => left / LARGE_PAGE * LARGE_PAGE,
                // Up to the next large page, when there are some to come.
                (false, rest) if left >= LARGE_PAGE => LARGE_PAGE - rest,
                (false, _) => left,
            };
            let piece = self.take(wanted, large)?;
            self.place(at, piece, large)?;
            done += piece.length;
        }
        Ok(())
    }

    /// Takes memory for up to `length` bytes; a new chunk of it becomes a memslot first.
    fn take(&mut self, length: u64, large: bool) -> Result<Piece, MachineError> {
        let vm = &mut self.vm;
        self.growth.take(length, large, |physical, memory| vm.add_memory(physical, memory, false))
    }

    /// Maps a piece of memory at a guest address.
    fn place(&mut self, address: u64, piece: Piece, large: bool) -> Result<(), MachineError> {
        let tables = &mut self.tables;
        tables.map(&mut self.private, address, piece.physical, piece.length, Access::Write, large)?;
        let extent = Extent { address, length: piece.length, host: piece.host };
        self.opened.push(extent);
        self.note(extent);
        Ok(())
    }
}
