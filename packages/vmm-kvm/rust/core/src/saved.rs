//! The state of a guest as it leaves the process and comes back: in a file, say.
//!
//! It is what ring 3 may change, and nothing else: writable memory and general registers. Everything that makes the machine
//! (page tables, segments, control registers, where the guest goes on) is the loader's own. So whoever can forge a state can
//! make a guest do what he likes, within its machine.

use kvm_bindings::kvm_regs;
use twinwall_abi::layout::{
    HEAP, HEAP_WINDOW, INPUT, MAILBOX, MEMORIES, MEMORY_SLOTS, MEMORY_STRIDE, OUTBOX, OUTPUT, PAGE,
    STACK_TOP, STACK_WINDOW,
};

use crate::image::Image;
use crate::machine::Limits;
use crate::plan::Range;
use crate::snapshot::MAX_BYTES;

/// The largest linear memory.
const MEMORY_WINDOW: u64 = 4 << 30;

/// General registers without those that the loader sets: in the order of their numbers in machine code.
pub const SAVED_REGISTERS: usize = 16;

/// The state of a guest that stands at its gate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedState {
    /// rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8 … r15.
    pub registers: [u64; SAVED_REGISTERS],
    /// Writable memory, by ascending addresses.
    pub runs: Vec<SavedRun>,
}

/// A range of writable memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedRun {
    /// Guest virtual address of the first byte, a multiple of 4096.
    pub address: u64,
    /// Contents, a multiple of 4096 bytes.
    pub bytes: Vec<u8>,
}

/// What is wrong with a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Addresses are not in order, not those of pages, or overlap.
    #[error("its memory is not in whole pages, one behind the other")]
    Order,
    /// An address at which this image has no writable memory, or not so much.
    #[error("it has memory at {0:#x} that this image has not")]
    Place(u64),
    /// A range that every ready image has is missing.
    #[error("its memory at {0:#x} is missing")]
    Missing(u64),
    /// More memory than the limits allow.
    #[error("it has more memory than the limits allow")]
    TooLarge,
}

impl SavedRun {
    pub(crate) fn placed(&self) -> (Range, Vec<u8>) {
        (Range { address: self.address, length: self.bytes.len() as u64 }, self.bytes.clone())
    }
}

impl SavedState {
    pub(crate) fn new(registers: &kvm_regs, runs: Vec<(Range, Vec<u8>)>) -> Self {
        let kvm_regs { rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, .. } =
            *registers;
        Self {
            registers: [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15],
            runs: runs.into_iter().map(|(range, bytes)| SavedRun { address: range.address, bytes }).collect(),
        }
    }

    /// Registers of a guest that is parked; instruction pointer and flags are not its own.
    pub(crate) fn parked(&self) -> kvm_regs {
        let [rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15] = self.registers;
        kvm_regs {
            rax,
            rcx,
            rdx,
            rbx,
            rsp,
            rbp,
            rsi,
            rdi,
            r8,
            r9,
            r10,
            r11,
            r12,
            r13,
            r14,
            r15,
            ..kvm_regs::default()
        }
    }

    /// Checks that a guest of this image with these limits can have the state, and returns its bytes of writable memory.
    /// [`Snapshot::load`](crate::Snapshot::load) checks the same; this is for who passes states on.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self, image: &Image, limits: &Limits) -> Result<u64, StateError> {
        let (ranges, _) = self.ranges(image, limits.most_opened().min(MAX_BYTES))?;
        Ok(ranges.iter().map(|range| range.length).sum())
    }

    /// The ranges, if they are those of a ready image with at most `growth` bytes of memory of its own, and how many those
    /// are.
    pub(crate) fn ranges(&self, image: &Image, growth: u64) -> Result<(Vec<Range>, u64), StateError> {
        let mut ranges = Vec::with_capacity(self.runs.len());
        let (mut end, mut own) = (0, 0_u64);
        for run in &self.runs {
            let (address, length) = (run.address, run.bytes.len() as u64);
            if length == 0 || !address.is_multiple_of(PAGE) || !length.is_multiple_of(PAGE) || address < end {
                return Err(StateError::Order);
            }
            end = address.checked_add(length).ok_or(StateError::Order)?;
            if !fits(image, address, length) {
                return Err(StateError::Place(address));
            }
            if address >= HEAP {
                own = own.saturating_add(length);
            }
            ranges.push(Range { address, length });
        }
        if own > growth {
            return Err(StateError::TooLarge);
        }
        let header = &image.header;
        let needed = [
            (image.writable.address, image.writable.contents.len() as u64),
            (MAILBOX, PAGE),
            (OUTBOX, header.outbox_bytes()),
            (INPUT, header.input_bytes()),
            (OUTPUT, header.output_bytes()),
            (HEAP, header.heap_bytes()),
        ];
        for (address, length) in needed {
            if length > 0 && !ranges.iter().any(|range| range.address == address) {
                return Err(StateError::Missing(address));
            }
        }
        if !ranges.iter().any(|range| range.address + range.length == STACK_TOP) {
            return Err(StateError::Missing(STACK_TOP));
        }
        Ok((ranges, own))
    }
}

/// Whether a ready image may have `[address, address + length)`.
fn fits(image: &Image, address: u64, length: u64) -> bool {
    let header = &image.header;
    let end = address.saturating_add(length);
    match address {
        _ if address == image.writable.address => length == image.writable.contents.len() as u64,
        MAILBOX => length == PAGE,
        OUTBOX => length == header.outbox_bytes(),
        INPUT => length == header.input_bytes(),
        OUTPUT => length == header.output_bytes(),
        HEAP => length <= HEAP_WINDOW,
        _ if end == STACK_TOP => length <= STACK_WINDOW && length >= header.stack_bytes(),
        _ if address >= MEMORIES => {
            let slot = (address - MEMORIES) / MEMORY_STRIDE;
            (address - MEMORIES).is_multiple_of(MEMORY_STRIDE)
                && slot < MEMORY_SLOTS
                && length <= MEMORY_WINDOW
        }
        _ => false,
    }
}
