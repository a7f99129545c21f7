//! One KVM virtual machine with one vCPU, and what its exits mean.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use kvm_bindings::{
    CpuId, KVM_API_VERSION, KVM_CAP_READONLY_MEM, KVM_EXIT_INTERNAL_ERROR, KVM_EXIT_IO, KVM_EXIT_IO_OUT,
    KVM_EXIT_MMIO, KVM_EXIT_SHUTDOWN, KVM_MEM_LOG_DIRTY_PAGES, KVM_MEM_READONLY, kvm_cpuid_entry2, kvm_regs,
    kvm_sregs, kvm_userspace_memory_region,
};
use kvm_ioctls::{Kvm, SyncReg, VcpuFd, VmFd};
use twinwall_abi::gate::{EXCEPTION_PORT, GATE_PORT};

use crate::cpu;
use crate::error::{MachineError, refused};
use crate::memory::HostMemory;

/// Why the vCPU stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The gate: one byte to its port, once, from ring 3.
    Gate,
    /// An exception stub in ring 0.
    Exception,
    /// A signal, or `immediate_exit`.
    Interrupted,
    /// Anything else: an attack, or a broken image.
    Foreign(&'static str),
}

/// What all machines of the process share.
#[derive(Debug)]
pub(crate) struct Hypervisor {
    kvm: Kvm,
    cpuid: CpuId,
    read_only_slots: bool,
    /// Control registers and segments of a machine that has not run.
    state: OnceLock<kvm_sregs>,
}

impl Hypervisor {
    /// Opens `/dev/kvm` once for the process.
    pub(crate) fn get() -> Result<&'static Self, MachineError> {
        static SHARED: OnceLock<Hypervisor> = OnceLock::new();
        if let Some(shared) = SHARED.get() {
            return Ok(shared);
        }
        let kvm = Kvm::new().map_err(refused("opening /dev/kvm"))?;
        if kvm.get_api_version() != KVM_API_VERSION as i32 {
            return Err(MachineError::NotKvm);
        }
        let cpuid = cpu::guest_cpuid(&kvm)?;
        let read_only_slots = kvm.check_extension_raw(u64::from(KVM_CAP_READONLY_MEM)) > 0;
        Ok(SHARED.get_or_init(|| Self { kvm, cpuid, read_only_slots, state: OnceLock::new() }))
    }

    pub(crate) fn kvm(&self) -> &Kvm {
        &self.kvm
    }

    /// The CPUID table of all machines.
    pub(crate) fn cpuid(&self) -> &[kvm_cpuid_entry2] {
        self.cpuid.as_slice()
    }
}

/// A VM and its vCPU. Dropping it ends both; memory named by its slots must outlive it.
#[derive(Debug)]
pub(crate) struct Vm {
    // Field order is drop order: the vCPU goes before its VM.
    vcpu: VcpuFd,
    vm: VmFd,
    /// By their numbers.
    slots: Vec<kvm_userspace_memory_region>,
    /// Numbers of those that the guest may write.
    writable_slots: Vec<u32>,
    /// Whether KVM logs the guest's writes to the slots that it may write.
    logs: bool,
    hypervisor: &'static Hypervisor,
}

impl Vm {
    /// Creates a VM without memory and a vCPU without state.
    pub(crate) fn create(hypervisor: &'static Hypervisor) -> Result<Self, MachineError> {
        let vm = create_vm(&hypervisor.kvm)?;
        let vcpu = vm.create_vcpu(0).map_err(refused("KVM_CREATE_VCPU"))?;
        Ok(Self { vcpu, vm, slots: Vec::new(), writable_slots: Vec::new(), logs: false, hypervisor })
    }

    /// Gives `memory` to the guest at `physical`; returns the number of its slot.
    pub(crate) fn add_memory(
        &mut self,
        physical: u64,
        memory: &HostMemory,
        read_only: bool,
    ) -> Result<u32, MachineError> {
        let flags = match (read_only, self.logs) {
            (true, _) if self.hypervisor.read_only_slots => KVM_MEM_READONLY,
            (false, true) => KVM_MEM_LOG_DIRTY_PAGES,
            _ => 0,
        };
        let slot = self.slots.len() as u32;
        let region = kvm_userspace_memory_region {
            slot,
            flags,
            guest_phys_addr: physical,
            memory_size: memory.length() as u64,
            userspace_addr: memory.pointer() as u64,
        };
        // SAFETY: the range is a mapping that the machine keeps until after its VM is closed, and no slot overlaps
        // another: callers place them in disjoint guest physical ranges.
        let result = unsafe { self.vm.set_user_memory_region(region) };
        result.map_err(refused("KVM_SET_USER_MEMORY_REGION"))?;
        self.slots.push(region);
        if !read_only {
            self.writable_slots.push(slot);
        }
        Ok(slot)
    }

    /// Whether KVM logs the guest's writes.
    pub(crate) fn logs(&self) -> bool {
        self.logs
    }

    /// Begins or ends the log of the guest's writes. It begins empty: what was written before is not in it.
    ///
    /// # Errors
    /// [`MachineError`] when KVM refuses; part of the memory may be logged then, and the VM is not to be used again.
    pub(crate) fn set_log(&mut self, logs: bool) -> Result<(), MachineError> {
        for &slot in &self.writable_slots {
            let region = &mut self.slots[slot as usize];
            region.flags = if logs { KVM_MEM_LOG_DIRTY_PAGES } else { 0 };
            // SAFETY: the slot stays where it is, with the memory that it names; only its flags change.
            let result = unsafe { self.vm.set_user_memory_region(*region) };
            result.map_err(refused("KVM_SET_USER_MEMORY_REGION"))?;
        }
        self.logs = logs;
        Ok(())
    }

    /// Takes the log of a slot: a bit for each of its pages, lowest first in each word, set where the guest, or KVM in its
    /// place, has written since the log was last taken. The host's own writes are not in it.
    pub(crate) fn take_log(&self, slot: u32) -> Result<Vec<u64>, MachineError> {
        let bytes = self.slots.get(slot as usize).map_or(0, |region| region.memory_size as usize);
        self.vm.get_dirty_log(slot, bytes).map_err(refused("KVM_GET_DIRTY_LOG"))
    }

    /// Sets CPUID and extended control registers, and returns control registers and segments for page tables at
    /// `root`, as KVM reads them back, to be loaded at the first entry.
    pub(crate) fn set_state(&self, root: u64) -> Result<kvm_sregs, MachineError> {
        cpu::set_cpuid(&self.vcpu, &self.hypervisor.cpuid)?;
        // All machines have the same state, so it is negotiated with KVM once.
        match self.hypervisor.state.get() {
            Some(state) if state.cr3 == root => Ok(*state),
            _ => {
                let state = cpu::set_state(&self.vcpu, root)?;
                Ok(*self.hypervisor.state.get_or_init(|| state))
            }
        }
    }

    /// Registers to be loaded at the next entry; segments only when they differ from `state`.
    pub(crate) fn load(&mut self, registers: &kvm_regs, state: &kvm_sregs) {
        let changed = self.vcpu.sync_regs().sregs != *state;
        self.vcpu.sync_regs_mut().regs = *registers;
        self.vcpu.set_sync_dirty_reg(SyncReg::Register);
        if changed {
            self.vcpu.sync_regs_mut().sregs = *state;
            self.vcpu.set_sync_dirty_reg(SyncReg::SystemRegister);
        }
    }

    /// Asks for the segment state, and with `all` the general registers, at each exit.
    pub(crate) fn watch(&mut self, all: bool) {
        self.vcpu.set_sync_valid_reg(SyncReg::SystemRegister);
        if all {
            self.vcpu.set_sync_valid_reg(SyncReg::Register);
        } else {
            self.vcpu.clear_sync_valid_reg(SyncReg::Register);
        }
    }

    /// Stops asking for registers: only for measurements of the bare round trip.
    pub(crate) fn watch_nothing(&mut self) {
        self.vcpu.clear_sync_valid_reg(SyncReg::SystemRegister);
        self.vcpu.clear_sync_valid_reg(SyncReg::Register);
    }

    /// General registers, as KVM tells them now.
    pub(crate) fn general_registers(&self) -> Result<kvm_regs, MachineError> {
        self.vcpu.get_regs().map_err(refused("KVM_GET_REGS"))
    }

    /// General registers at the last exit, where they were watched.
    pub(crate) fn registers(&self) -> kvm_regs {
        self.vcpu.sync_regs().regs
    }

    /// Segment state and control registers at the last exit.
    pub(crate) fn state(&self) -> kvm_sregs {
        self.vcpu.sync_regs().sregs
    }

    /// The byte that ends the current or next entry at once when it is not 0.
    pub(crate) fn immediate_exit(&mut self) -> *mut u8 {
        &raw mut self.vcpu.get_kvm_run().immediate_exit
    }

    /// Lets the next entry begin, unless something else ends it from now on.
    pub(crate) fn clear_immediate_exit(&mut self) {
        // SAFETY: the byte is of the run structure, which is mapped; others access it as a byte too.
        unsafe { AtomicU8::from_ptr(self.immediate_exit()) }.store(0, Ordering::SeqCst);
    }

    /// TSC frequency of the guest in kHz, where the kernel knows it.
    pub(crate) fn tsc_khz(&self) -> Option<u32> {
        self.vcpu.get_tsc_khz().ok().filter(|&khz| khz > 0)
    }

    /// Enters the guest without looking at why it came out: only for measurements of the bare round trip.
    pub(crate) fn run_bare(&mut self) -> Result<(), MachineError> {
        match self.vcpu.run() {
            // A tick of an earlier call's deadline.
            Err(error) if error.errno() == libc::EINTR => Ok(()),
            result => result.map(drop).map_err(refused("KVM_RUN")),
        }
    }

    /// Enters the guest and says why it came out.
    pub(crate) fn run(&mut self) -> Result<Exit, MachineError> {
        if let Err(error) = self.vcpu.run() {
            return match error.errno() {
                libc::EINTR | libc::EAGAIN => Ok(Exit::Interrupted),
                _ => Err(refused("KVM_RUN")(error)),
            };
        }
        let run = self.vcpu.get_kvm_run();
        // SAFETY: KVM_SYNC_X86_SREGS was asked for by `watch`, so the kernel has filled this member.
        let level = cpu::privilege_level(unsafe { &run.s.regs.sregs });
        Ok(match run.exit_reason {
            KVM_EXIT_IO => {
                // SAFETY: the kernel fills this member of the union for KVM_EXIT_IO.
                let io = unsafe { run.__bindgen_anon_1.io };
                let one_byte = u32::from(io.direction) == KVM_EXIT_IO_OUT && io.size == 1 && io.count == 1;
                match (io.port, level) {
                    (port, 3) if port == u16::from(GATE_PORT) && one_byte => Exit::Gate,
                    (port, 0) if port == u16::from(EXCEPTION_PORT) && one_byte => Exit::Exception,
                    _ => Exit::Foreign("touched an I/O port that is not the gate"),
                }
            }
            KVM_EXIT_MMIO => Exit::Foreign("reached a guest physical address without memory"),
            KVM_EXIT_SHUTDOWN => Exit::Foreign("brought the machine to a triple fault"),
            KVM_EXIT_INTERNAL_ERROR => Exit::Foreign("did something that the hypervisor cannot emulate"),
            _ => Exit::Foreign("left the machine in a way that is not the gate"),
        })
    }
}

/// IA32_TIME_STAMP_COUNTER, the two that count cycles, and the time that Hyper-V and KVM tell guests.
#[cfg(test)]
const TIME_REGISTERS: [u32; 6] = [0x10, 0xe7, 0xe8, 0x4000_0010, 0x4000_0020, 0x4000_0021];

#[cfg(test)]
impl Vm {
    /// Memslots so far.
    pub(crate) fn memslots(&self) -> u32 {
        self.slots.len() as u32
    }

    /// Extended state in the standard form: x87, SSE, then the header, then the rest.
    pub(crate) fn extended_state(&self) -> Vec<u8> {
        let mut state = self.vcpu.get_xsave().expect("KVM_GET_XSAVE");
        // Which components are in use: a processor may say so of one whose registers hold what they hold at first, and on some
        // that depends on when the thread was interrupted (Intel SDM volume 1, section 13.6).
        state.region[128..130].fill(0);
        state.region.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    /// All state that KVM tells, by name; model-specific registers one by one, but those that count time.
    pub(crate) fn everything(&self) -> Vec<(String, Vec<u8>)> {
        let vcpu = &self.vcpu;
        let mut state = vec![
            ("general registers".into(), format!("{:?}", vcpu.get_regs().expect("KVM_GET_REGS"))),
            (
                "segments and control registers".into(),
                format!("{:?}", vcpu.get_sregs().expect("KVM_GET_SREGS")),
            ),
            ("debug registers".into(), format!("{:?}", vcpu.get_debug_regs().expect("KVM_GET_DEBUGREGS"))),
            ("extended control registers".into(), format!("{:?}", vcpu.get_xcrs().expect("KVM_GET_XCRS"))),
            ("pending events".into(), format!("{:?}", vcpu.get_vcpu_events().expect("KVM_GET_VCPU_EVENTS"))),
        ]
        .into_iter()
        .map(|(name, text): (String, String)| (name, text.into_bytes()))
        .collect::<Vec<_>>();
        let general = vcpu.get_regs().expect("KVM_GET_REGS");
        let words = [
            general.rax,
            general.rbx,
            general.rcx,
            general.rdx,
            general.rsi,
            general.rdi,
            general.rbp,
            general.r8,
            general.r9,
            general.r10,
            general.r11,
            general.r12,
            general.r13,
            general.r14,
            general.r15,
        ];
        let bytes = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        state.push(("general registers as bytes".into(), bytes));
        state.push(("extended state".into(), self.extended_state()));
        let known = self.hypervisor.kvm.get_msr_index_list().expect("KVM_GET_MSR_INDEX_LIST");
        for &index in known.as_slice() {
            // Some are listed, and not to be read on this processor.
            if TIME_REGISTERS.contains(&index) {
                continue;
            }
            if let Some(data) = self.model_specific(index) {
                state.push((format!("model-specific register {index:#x}"), data.to_le_bytes().to_vec()));
            }
        }
        state
    }

    /// Segment and control registers as KVM reads them back, and extended control register 0.
    pub(crate) fn control(&self) -> (kvm_sregs, u64) {
        let xcrs = self.vcpu.get_xcrs().expect("KVM_GET_XCRS");
        (self.vcpu.get_sregs().expect("KVM_GET_SREGS"), xcrs.xcrs[0].value)
    }

    /// A model-specific register, where KVM lets it be read.
    pub(crate) fn model_specific(&self, index: u32) -> Option<u64> {
        let entry = kvm_bindings::kvm_msr_entry { index, ..Default::default() };
        let mut one = kvm_bindings::Msrs::from_entries(&[entry]).expect("one entry");
        matches!(self.vcpu.get_msrs(&mut one), Ok(1)).then(|| one.as_slice()[0].data)
    }

    /// Fills x87, SSE and AVX registers with `byte`, and sets other control words.
    pub(crate) fn fill_extended_state(&self, byte: u8) {
        let mut state = self.vcpu.get_xsave().expect("KVM_GET_XSAVE");
        let word = u32::from_le_bytes([byte; 4]);
        state.region[0] = 0x027f;
        state.region[6] = 0x7fbf;
        // Eight x87 registers of 10 bytes, sixteen SSE registers; behind the header the upper halves of AVX registers.
        for register in state.region[8..40].chunks_mut(4) {
            register[..3].copy_from_slice(&[word, word, word & 0xffff]);
        }
        state.region[40..104].fill(word);
        state.region[144..208].fill(word);
        state.region[128] = 7;
        // SAFETY: the structure has the size that the kernel reads: no larger state was asked for.
        unsafe { self.vcpu.set_xsave(&state) }.expect("KVM_SET_XSAVE");
    }
}

/// `KVM_CREATE_VM` fails with EINTR when a signal comes at the wrong moment.
fn create_vm(kvm: &Kvm) -> Result<VmFd, MachineError> {
    const TRIES: u32 = 100;
    for _ in 0..TRIES {
        match kvm.create_vm() {
            Err(error) if error.errno() == libc::EINTR => {}
            other => return other.map_err(refused("KVM_CREATE_VM")),
        }
    }
    kvm.create_vm().map_err(refused("KVM_CREATE_VM"))
}
