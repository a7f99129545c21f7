//! The fixed part of a machine's address space: which guest addresses are open from the start, where they lie in
//! memory, and the page tables that say so.

use kvm_bindings::kvm_regs;
use twinwall_abi::layout::{ATTACHMENTS, HEAP, INPUT, LARGE_PAGE, MAILBOX, OUTBOX, OUTPUT, PAGE, STACK_TOP};

use crate::attachment::Attachments;
use crate::error::MachineError;
use crate::image::Image;
use crate::memory::{Access, HostMemory, PageTables};
use crate::system;

/// Guest physical address of the image's read-only memory.
pub(crate) const IMAGE_PHYSICAL: u64 = 0x10_0000_0000;
/// Guest physical address of the attachments.
pub(crate) const ATTACHMENTS_PHYSICAL: u64 = 0x20_0000_0000;
/// Guest physical address of memory that opens later.
pub(crate) const GROWTH_PHYSICAL: u64 = 0x8_0000_0000;
/// Linear memories at least this large are mapped, and grow, in large pages.
pub(crate) const LARGE_GROWTH: u64 = 4 << 20;
/// Tables for the ranges that are open from the start; each range takes a few.
const BASE_TABLES: u64 = 96;

/// A writable range of guest addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) address: u64,
    pub(crate) length: u64,
}

/// A range and where it lies in the machine's private memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placed {
    pub(crate) range: Range,
    pub(crate) offset: u64,
}

/// Everything that is the same for all machines made from it.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) placed: Vec<Placed>,
    /// Offset in private memory, and guest physical address, of what the guest can write; before it lie system pages
    /// and page tables, with room for the tables of later growth.
    pub(crate) base: u64,
    /// Bytes that the guest can write.
    pub(crate) base_bytes: u64,
    /// Whether private memory wants large host pages.
    pub(crate) large: bool,
    /// System pages and page tables, to be copied to the start of each machine's private memory.
    pub(crate) system: Vec<u8>,
    pub(crate) tables: PageTables,
    /// Bytes that may open later.
    pub(crate) growth_budget: u64,
    /// Registers at a machine's first entry.
    pub(crate) registers: kvm_regs,
}

/// The ranges that an image wants open before it boots.
pub(crate) fn boot_ranges(image: &Image) -> Vec<Range> {
    let header = &image.header;
    let writable = &image.writable;
    let ranges = [
        Range { address: writable.address, length: writable.contents.len() as u64 },
        Range { address: MAILBOX, length: PAGE },
        Range { address: OUTBOX, length: header.outbox_bytes() },
        Range { address: STACK_TOP - header.stack_bytes(), length: header.stack_bytes() },
        Range { address: INPUT, length: header.input_bytes() },
        Range { address: OUTPUT, length: header.output_bytes() },
        Range { address: HEAP, length: header.heap_bytes() },
    ];
    ranges.into_iter().filter(|range| range.length > 0).collect()
}

impl Plan {
    /// Places `ranges` (disjoint) and builds the page tables.
    pub(crate) fn new(
        image: &Image,
        attachments: &Attachments,
        mut ranges: Vec<Range>,
        growth_budget: u64,
        registers: kvm_regs,
    ) -> Result<Self, MachineError> {
        // Ranges with large pages come first, so that they stay aligned without holes.
        ranges = ranges.into_iter().flat_map(split_large).collect();
        ranges.sort_by_key(|range| (!is_large(range), range.address));
        let large = ranges.iter().any(is_large);
        let base_bytes: u64 = ranges.iter().map(|range| range.length).sum();
        let tables_bytes = (BASE_TABLES + table_pages(base_bytes) + table_pages(growth_budget)) * PAGE;
        let base = (system::TABLES + tables_bytes).next_multiple_of(if large { LARGE_PAGE } else { PAGE });
        let mut placed = Vec::with_capacity(ranges.len());
        let mut offset = base;
        for range in ranges {
            placed.push(Placed { range, offset });
            offset += range.length;
        }
        let mut memory = HostMemory::small(base as usize)?;
        let mut tables =
            PageTables::new(system::TABLES as usize, system::TABLES, (tables_bytes / PAGE) as usize);
        system::build(&mut memory, &mut tables)?;
        map_read_only(&mut tables, &mut memory, image, attachments)?;
        for &Placed { range, offset } in &placed {
            let large = is_large(&range);
            tables.map(&mut memory, range.address, offset, range.length, Access::Write, large)?;
        }
        let used = system::TABLES as usize + tables.used_bytes();
        Ok(Self {
            placed,
            base,
            base_bytes,
            large,
            system: memory.slice()[..used].to_vec(),
            tables,
            growth_budget,
            registers,
        })
    }
}

/// Large pages pay for ranges that are made of them.
fn is_large(range: &Range) -> bool {
    range.address.is_multiple_of(LARGE_PAGE) && range.length.is_multiple_of(LARGE_PAGE)
}

/// Parts a range that is mostly large pages into those and the rest.
fn split_large(range: Range) -> impl Iterator<Item = Range> {
    let aligned = range.address.is_multiple_of(LARGE_PAGE) && range.length >= LARGE_GROWTH;
    let head = if aligned { range.length / LARGE_PAGE * LARGE_PAGE } else { 0 };
    let parts = [
        Range { address: range.address, length: head },
        Range { address: range.address + head, length: range.length - head },
    ];
    parts.into_iter().filter(|part| part.length > 0)
}

/// Page tables that `bytes` of small pages can need, when they lie in few windows.
fn table_pages(bytes: u64) -> u64 {
    bytes.div_ceil(LARGE_PAGE) + bytes.div_ceil(1 << 30) + 64
}

fn map_read_only(
    tables: &mut PageTables,
    memory: &mut HostMemory,
    image: &Image,
    attachments: &Attachments,
) -> Result<(), MachineError> {
    for segment in &image.segments {
        let physical = IMAGE_PHYSICAL + segment.address - image.base;
        tables.map(memory, segment.address, physical, segment.length, segment.access, segment.large)?;
    }
    for attachment in &attachments.list {
        let access = if attachment.executable { Access::Execute } else { Access::Read };
        let physical = ATTACHMENTS_PHYSICAL + attachment.address - ATTACHMENTS;
        tables.map(memory, attachment.address, physical, attachment.length, access, true)?;
    }
    Ok(())
}
