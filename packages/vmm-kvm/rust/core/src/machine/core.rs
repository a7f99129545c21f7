//! A live virtual machine: its VM, its memory, and the ranges of it that the host reads and writes.

use std::sync::Arc;

use kvm_bindings::{kvm_regs, kvm_sregs};
use twinwall_abi::layout::{
    HEAP, INPUT, MAILBOX, MEMORIES, MEMORY_SLOTS, MEMORY_STRIDE, OUTBOX, OUTPUT, STACK_TOP,
};
use twinwall_abi::{Answer, Report, Request, mailbox};

use super::vm::{Hypervisor, Vm};
use crate::attachment::Attachments;
use crate::dirty_log::Choice;
use crate::error::MachineError;
use crate::image::Image;
use crate::memory::{Extent, Extents, Growth, HostMemory, PageTables};
use crate::plan::{ATTACHMENTS_PHYSICAL, GROWTH_PHYSICAL, IMAGE_PHYSICAL, Plan, Range};
use crate::system::{self, ExceptionFrame};

/// Read-only memory that a machine's slots name; it must outlive the VM.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) image: Arc<Image>,
    pub(crate) attachments: Arc<Attachments>,
}

/// A live virtual machine.
#[derive(Debug)]
pub(crate) struct Core {
    // Field order is drop order: the VM goes before the memory that its slots name.
    pub(crate) vm: Vm,
    /// System pages, page tables, and behind them everything that the guest can write from the start.
    pub(super) private: HostMemory,
    pub(super) private_slot: u32,
    /// Offset of the latter.
    pub(super) base: usize,
    pub(super) growth: Growth,
    pub(super) tables: PageTables,
    /// What the slots of read-only memory name.
    _shared: Shared,
    pub(super) registers: kvm_regs,
    pub(super) state: kvm_sregs,
    pub(crate) input: Extents,
    pub(crate) output: Extents,
    pub(crate) outbox: Extents,
    pub(super) heap_end: u64,
    pub(super) memory_ends: [u64; MEMORY_SLOTS as usize],
    pub(super) stack_bottom: u64,
    pub(super) mailbox: *mut u8,
    /// Whether an exception stub has run since the last restore.
    pub(super) exceptions: bool,
    /// How it is restored.
    pub(super) choice: Choice,
    /// Ranges opened after the start, with their host addresses.
    pub(super) opened: Vec<Extent>,
}

// SAFETY: the raw pointers name memory that the value owns and moves with it; KVM lets any thread of the process run
// a vCPU, one at a time, and `run` needs `&mut`.
unsafe impl Send for Core {}

impl Core {
    /// Makes a machine whose base memory holds `contents`, parked before its first entry.
    pub(crate) fn create(
        hypervisor: &'static Hypervisor,
        shared: Shared,
        plan: &Plan,
        contents: &[u8],
    ) -> Result<Self, MachineError> {
        let mut vm = Vm::create(hypervisor)?;
        let too_large = || MachineError::Layout("the contents do not fit the machine");
        let base = plan.base as usize;
        let bytes = base + plan.base_bytes as usize;
        let mut private = if plan.large { HostMemory::large(bytes)? } else { HostMemory::small(bytes)? };
        private.populate(0, plan.system.len());
        private.populate(base, contents.len());
        private.write(0, &plan.system).ok_or_else(too_large)?;
        private.write(base, contents).ok_or_else(too_large)?;
        let private_slot = vm.add_memory(0, &private, false)?;
        vm.add_memory(IMAGE_PHYSICAL, &shared.image.memory, true)?;
        if let Some(attachments) = &shared.attachments.memory {
            vm.add_memory(ATTACHMENTS_PHYSICAL, attachments, true)?;
        }
        let state = vm.set_state(plan.tables.root())?;
        vm.load(&plan.registers, &state);
        vm.watch(false);
        let mut core = Self {
            vm,
            private,
            private_slot,
            base,
            growth: Growth::new(GROWTH_PHYSICAL, plan.growth_budget),
            tables: plan.tables.clone(),
            _shared: shared,
            registers: plan.registers,
            state,
            input: Extents::new(INPUT),
            output: Extents::new(OUTPUT),
            outbox: Extents::new(OUTBOX),
            heap_end: HEAP,
            memory_ends: std::array::from_fn(|slot| MEMORIES + slot as u64 * MEMORY_STRIDE),
            stack_bottom: STACK_TOP,
            mailbox: std::ptr::null_mut(),
            exceptions: false,
            choice: Choice::new(),
            opened: Vec::new(),
        };
        core.note_base(plan)?;
        Ok(core)
    }

    /// Finds the areas among the ranges that are open from the start.
    fn note_base(&mut self, plan: &Plan) -> Result<(), MachineError> {
        let mut placed = plan.placed.clone();
        placed.sort_by_key(|placed| placed.range.address);
        for placed in placed {
            if placed.offset + placed.range.length > self.private.length() as u64 {
                return Err(MachineError::Layout("a range lies outside the machine"));
            }
            // Not by way of a slice: the pointer stays in use while others borrow the memory.
            // SAFETY: the offset lies inside the mapping, as was just checked.
            let host = unsafe { self.private.pointer().add(placed.offset as usize) };
            self.note(Extent { address: placed.range.address, length: placed.range.length, host });
        }
        if self.mailbox.is_null() {
            return Err(MachineError::Layout("there is no mailbox"));
        }
        Ok(())
    }

    pub(super) fn note(&mut self, extent: Extent) {
        let Extent { address, length, host } = extent;
        match address {
            MAILBOX => self.mailbox = host,
            _ if address == self.input.end() => self.input.push(extent),
            _ if address == self.output.end() => self.output.push(extent),
            _ if address == self.outbox.end() => self.outbox.push(extent),
            _ if address == self.heap_end => self.heap_end += length,
            _ if address < STACK_TOP && address + length == self.stack_bottom => self.stack_bottom = address,
            _ => {
                if let Some(end) = self.memory_ends.iter_mut().find(|end| **end == address) {
                    *end += length;
                }
            }
        }
    }

    /// Writes the request of the next entry.
    pub(crate) fn write_request(&mut self, request: &Request) {
        // SAFETY: the mailbox is a page of this machine's memory, and the vCPU is not running.
        unsafe {
            let target = self.mailbox.add(mailbox::REQUEST_OFFSET);
            std::ptr::copy_nonoverlapping(request.0.as_ptr(), target, request.0.len());
        }
    }

    /// Writes the answer to a gate operation.
    pub(crate) fn write_answer(&mut self, answer: &Answer) {
        // SAFETY: as in `write_request`.
        unsafe {
            let target = self.mailbox.add(mailbox::ANSWER_OFFSET);
            std::ptr::copy_nonoverlapping(answer.0.as_ptr(), target, answer.0.len());
        }
    }

    /// Copies the guest's report.
    pub(crate) fn read_report(&self) -> Report {
        let mut report = Report::default();
        // SAFETY: as in `write_request`.
        unsafe {
            let source = self.mailbox.add(mailbox::REPORT_OFFSET);
            std::ptr::copy_nonoverlapping(source, report.0.as_mut_ptr(), report.0.len());
        }
        report
    }

    /// What the exception stub reported.
    pub(crate) fn exception(&self) -> ExceptionFrame {
        system::exception_frame(&self.private)
    }

    /// Remembers that a stub has written its stack.
    pub(crate) fn note_exception(&mut self) {
        self.exceptions = true;
    }

    /// Starts the machine with the trap flag set: each instruction ends in a debug exception.
    pub(crate) fn trap_each_instruction(&mut self) {
        const TRAP: u64 = 1 << 8;
        let registers = kvm_regs { rflags: self.registers.rflags | TRAP, ..self.registers };
        self.vm.load(&registers, &self.state);
    }

    /// Bytes opened since the start.
    pub(crate) fn opened_bytes(&self) -> u64 {
        self.growth.opened()
    }

    /// Bytes of base memory.
    pub(crate) fn base_bytes(&self) -> u64 {
        (self.private.length() - self.base) as u64
    }

    /// All writable ranges and their bytes, in address order: the contents of a snapshot.
    pub(crate) fn capture(&self, plan: &Plan) -> Vec<(Range, Vec<u8>)> {
        let mut runs: Vec<(Range, Vec<u8>)> = Vec::new();
        for placed in &plan.placed {
            let from = placed.offset as usize;
            let bytes = &self.private.slice()[from..from + placed.range.length as usize];
            runs.push((placed.range, bytes.to_vec()));
        }
        for extent in &self.opened {
            // SAFETY: the extent names memory of a growth chunk of this machine, whose vCPU is not running.
            let bytes = unsafe { std::slice::from_raw_parts(extent.host, extent.length as usize) };
            runs.push((Range { address: extent.address, length: extent.length }, bytes.to_vec()));
        }
        runs.sort_by_key(|(range, _)| range.address);
        runs
    }
}

#[cfg(test)]
impl Core {
    /// All mapped ranges: guest virtual address, length, and the page-table entry.
    pub(crate) fn mapped(&self) -> Vec<(u64, u64, u64)> {
        self.tables.leaves(&self.private)
    }

    /// Guest physical ranges that a memslot backs: start and length.
    pub(crate) fn backed(&self) -> Vec<(u64, u64)> {
        let mut ranges = vec![(0, self.private.length() as u64)];
        ranges.push((IMAGE_PHYSICAL, self._shared.image.memory.length() as u64));
        if let Some(memory) = &self._shared.attachments.memory {
            ranges.push((ATTACHMENTS_PHYSICAL, memory.length() as u64));
        }
        ranges.extend(self.growth.ranges());
        ranges
    }

    pub(crate) fn is_mapped(&self, address: u64) -> bool {
        self.tables.is_mapped(&self.private, address)
    }

    pub(crate) fn base_contents(&self) -> &[u8] {
        &self.private.slice()[self.base..]
    }

    pub(crate) fn host_addresses(&self) -> Vec<u64> {
        let opened = self.opened.iter().map(|extent| extent.host as u64);
        opened.chain([self.mailbox as u64]).collect()
    }

    pub(crate) fn has_initial_state(&self) -> bool {
        self.vm.state() == self.state
    }

    pub(crate) fn grown_memory_is_zero(&self) -> bool {
        self.growth.is_zero()
    }
}
