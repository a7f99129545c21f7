//! Back to the snapshot: every writable byte and the registers, whatever the guest did.
//!
//! Either everything is copied that the guest can write, or what KVM's log says that it wrote, and what the host wrote
//! beside it. What is put back never depends on what the guest says.

use twinwall_abi::layout::PAGE;

use super::core::Core;
use crate::contents::Contents;
use crate::dirty_log::{self, Strategy};
use crate::error::MachineError;
use crate::memory::set_pages;
use crate::system;

impl Core {
    /// Puts back memory and registers. Only after an exit that was exactly the gate's. Returns how many bytes were copied or
    /// cleared.
    ///
    /// # Errors
    /// [`MachineError`] when KVM does not give its log: the machine is not to be used again.
    pub(crate) fn restore(&mut self, contents: &Contents) -> Result<u64, MachineError> {
        let bytes = if self.vm.logs() { self.restore_written(contents)? } else { self.restore_all(contents) };
        if self.exceptions {
            system::clear_stack(&mut self.private);
            self.exceptions = false;
        }
        let (registers, state) = (self.registers, self.state);
        self.vm.load(&registers, &state);
        Ok(bytes)
    }

    fn restore_all(&mut self, contents: &Contents) -> u64 {
        contents.write_to(&mut self.private.slice_mut()[self.base..]);
        if self.growth.opened() > 0 {
            self.growth.clear();
        }
        self.writable_bytes()
    }

    fn restore_written(&mut self, contents: &Contents) -> Result<u64, MachineError> {
        let mut copied = 0;
        let log = self.vm.take_log(self.private_slot)?;
        let base = self.private.slice_mut();
        // Below are system pages, which ring 3 cannot reach: the stack of the stubs is cleared where one ran.
        for page in set_pages(&log).filter(|page| page.start >= self.base) {
            let (from, to) = (page.start - self.base, page.end - self.base);
            if let (Some(page), Some(bytes)) = (base.get_mut(page), contents.bytes().get(from..to)) {
                page.copy_from_slice(bytes);
                copied += PAGE;
            }
        }
        let vm = &self.vm;
        copied += self.growth.clear_logged(|slot| vm.take_log(slot))?;
        Ok(copied + self.restore_host_writes(contents))
    }

    /// Puts back what KVM's log does not have: requests, answers and input, which the host wrote.
    fn restore_host_writes(&mut self, contents: &Contents) -> u64 {
        let start = self.private.pointer() as usize + self.base;
        let mut copied = 0;
        for (host, length) in self.input.take_written().chain([(self.mailbox, PAGE as usize)]) {
            let of_base =
                (host as usize).checked_sub(start).and_then(|at| contents.bytes().get(at..at + length));
            match of_base {
                // SAFETY: the run is memory of this machine, whose vCPU is not running; the contents are not.
                Some(bytes) => unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), host, length) },
                // SAFETY: as above. What opened since the snapshot was zero.
                None => unsafe { host.write_bytes(0, length) },
            }
            copied += length as u64;
        }
        copied
    }

    /// Pages that differ from the snapshot.
    pub(crate) fn changed_pages(&self, contents: &Contents) -> usize {
        let base = self.private.slice()[self.base..].chunks(PAGE as usize);
        let expected = contents.bytes().chunks(PAGE as usize);
        base.zip(expected).filter(|(page, expected)| page != expected).count() + self.growth.changed_pages()
    }

    /// How the next restore goes.
    pub(crate) fn strategy(&self) -> Strategy {
        if self.vm.logs() { Strategy::DirtyLog } else { Strategy::Copy }
    }

    /// Bytes that the guest can write now.
    pub(crate) fn writable_bytes(&self) -> u64 {
        self.base_bytes() + self.opened_bytes()
    }

    /// Bytes that a restore would put back, as far as that can be told before it.
    pub(crate) fn expected_restore(&self) -> u64 {
        match self.strategy() {
            Strategy::Copy => self.writable_bytes(),
            Strategy::DirtyLog => self.choice.last_logged(),
        }
    }

    /// Fixes how the machine is restored. It must stand at its snapshot.
    ///
    /// # Errors
    /// [`MachineError`] when KVM refuses: the machine is not to be used again.
    pub(crate) fn fix(&mut self, strategy: Strategy) -> Result<(), MachineError> {
        self.choice.fix();
        self.vm.set_log(strategy == Strategy::DirtyLog)
    }

    /// Chooses how the next restore goes, after one that put back `bytes`, of `busy` nanoseconds between two restores.
    ///
    /// # Errors
    /// As [`Self::fix`].
    pub(crate) fn choose(&mut self, bytes: u64, busy: u64) -> Result<(), MachineError> {
        let Some(costs) = dirty_log::costs() else { return Ok(()) };
        let now = self.strategy();
        let next = self.choice.after(now, costs, self.writable_bytes(), bytes, busy);
        if next == now { Ok(()) } else { self.vm.set_log(next == Strategy::DirtyLog) }
    }
}
