//! The state of a vCPU that enters ring 3: registers, control registers, CPUID.

use kvm_bindings::{
    CpuId, KVM_MAX_CPUID_ENTRIES, kvm_cpuid_entry2, kvm_dtable, kvm_regs, kvm_segment, kvm_sregs, kvm_xcrs,
};
use kvm_ioctls::{Kvm, VcpuFd};
use twinwall_abi::layout::STACK_TOP;

use crate::error::{MachineError, refused};
use crate::{instructions, system};

/// Protected mode, monitor coprocessor, extension type, numeric error, write protect, paging. No alignment checks.
const CR0: u64 = 1 | 1 << 1 | 1 << 4 | 1 << 5 | 1 << 16 | 1 << 31;
/// PAE, OSFXSR, OSXMMEXCPT, OSXSAVE; no PCE, no FSGSBASE, no PKE.
const CR4: u64 = 1 << 5 | 1 << 9 | 1 << 10 | 1 << 18;
/// Long mode enabled and active, no-execute; no SCE, so `syscall` is #UD.
const EFER: u64 = 1 << 8 | 1 << 10 | 1 << 11;
/// x87, SSE, AVX; the last only where there is AVX.
const XCR0: u64 = 7;
const X87_SSE: u64 = 3;
/// Bit 1 is always set. I/O privilege level 3: processors that ignore the TSS bitmap honour it, and the other way round.
const RFLAGS: u64 = 1 << 1 | 3 << 12;

/// Registers at the first entry of an image.
pub(crate) fn entry_registers(entry: u64) -> kvm_regs {
    kvm_regs { rip: entry, rsp: STACK_TOP - 8, rflags: RFLAGS, ..Default::default() }
}

/// The registers to which a machine goes back: those of the parked guest, at the image's resume address.
pub(crate) fn resume_registers(parked: &kvm_regs, resume: u64) -> kvm_regs {
    kvm_regs { rip: resume, rflags: RFLAGS, ..*parked }
}

/// Sets the processor that the guest sees, and the register state that it may use.
pub(crate) fn set_cpuid(vcpu: &VcpuFd, cpuid: &CpuId) -> Result<(), MachineError> {
    vcpu.set_cpuid2(cpuid).map_err(refused("KVM_SET_CPUID2"))?;
    set_xcr0(vcpu, extended_state(cpuid.as_slice()))
}

/// Sets control registers and segments for page tables at `root`, and returns them as KVM reads them back.
pub(crate) fn set_state(vcpu: &VcpuFd, root: u64) -> Result<kvm_sregs, MachineError> {
    let mut state = vcpu.get_sregs().map_err(refused("KVM_GET_SREGS"))?;
    state.cr0 = CR0;
    state.cr2 = 0;
    state.cr3 = root;
    state.cr4 = CR4;
    state.cr8 = 0;
    state.efer = EFER;
    state.cs = segment(system::CODE_3, 0xb, true);
    for data in [&mut state.ds, &mut state.es, &mut state.fs, &mut state.gs, &mut state.ss] {
        *data = segment(system::DATA_3, 0x3, false);
    }
    state.tr = kvm_segment {
        base: system::TSS,
        limit: system::TSS_LIMIT,
        selector: system::TASK,
        type_: 0xb,
        present: 1,
        ..Default::default()
    };
    state.ldt = kvm_segment { unusable: 1, ..Default::default() };
    state.gdt = kvm_dtable { base: system::GDT, limit: system::GDT_LIMIT, ..Default::default() };
    state.idt = kvm_dtable { base: system::IDT, limit: system::IDT_LIMIT, ..Default::default() };
    vcpu.set_sregs(&state).map_err(refused("KVM_SET_SREGS"))?;
    vcpu.get_sregs().map_err(refused("KVM_GET_SREGS"))
}

fn set_xcr0(vcpu: &VcpuFd, value: u64) -> Result<(), MachineError> {
    let mut registers = kvm_xcrs { nr_xcrs: 1, ..Default::default() };
    registers.xcrs[0].xcr = 0;
    registers.xcrs[0].value = value;
    vcpu.set_xcrs(&registers).map_err(refused("KVM_SET_XCRS"))
}

fn segment(selector: u16, type_: u8, code: bool) -> kvm_segment {
    kvm_segment {
        base: 0,
        limit: 0xffff_ffff,
        selector,
        type_,
        present: 1,
        dpl: (selector & 3) as u8,
        db: u8::from(!code),
        s: 1,
        l: u8::from(code),
        g: 1,
        ..Default::default()
    }
}

/// Current privilege level: that of the stack segment.
pub(crate) fn privilege_level(state: &kvm_sregs) -> u8 {
    state.ss.dpl
}

/// Leaves that say what instructions there are; the others describe caches, topology, timers and the hypervisor.
const LEAVES: [u32; 8] = [0, 1, 7, 0xd, 0x8000_0000, 0x8000_0001, 0x8000_0007, 0x8000_0008];

/// The components of extended state that guests have: those of [`XCR0`] that the hypervisor's CPUID table offers.
pub(crate) fn extended_state(cpuid: &[kvm_cpuid_entry2]) -> u64 {
    let entry = cpuid.iter().find(|entry| entry.function == 0xd && entry.index == 0);
    XCR0 & entry.map_or(0, |entry| u64::from(entry.eax))
}

/// Names what a guest may have learnt of its processor: equal names are equal processors to guests.
pub(crate) fn name(cpuid: &[kvm_cpuid_entry2]) -> String {
    let entries = cpuid.iter().map(|entry| {
        let kvm_cpuid_entry2 { function, index, eax, ecx, edx, .. } = *entry;
        // Leaf 1, ebx: which core it is.
        let ebx = if function == 1 { 0 } else { entry.ebx };
        format!("{function:x}.{index:x}:{eax:x},{ebx:x},{ecx:x},{edx:x}")
    });
    entries.collect::<Vec<_>>().join(";")
}

/// The processor that guests see: the host's without virtualisation, performance counters, protection keys, FS/GS
/// base instructions and AVX-512 (its state is not in XCR0).
pub(crate) fn guest_cpuid(kvm: &Kvm) -> Result<CpuId, MachineError> {
    let mut cpuid =
        kvm.get_supported_cpuid(KVM_MAX_CPUID_ENTRIES).map_err(refused("KVM_GET_SUPPORTED_CPUID"))?;
    cpuid.retain(|entry| LEAVES.contains(&entry.function));
    if extended_state(cpuid.as_slice()) & X87_SSE != X87_SSE {
        return Err(MachineError::NoXsave);
    }
    instructions::announce(cpuid.as_mut_slice(), instructions::host_leaf);
    for entry in cpuid.as_mut_slice() {
        match (entry.function, entry.index) {
            // MONITOR, VMX, SMX; PDCM.
            (1, _) => entry.ecx &= !(1 << 3 | 1 << 5 | 1 << 6 | 1 << 15),
            (7, 0) => {
                // FSGSBASE; AVX-512 F, DQ, IFMA, PF, ER, CD, BW, VL; Intel PT.
                entry.ebx &= !(1
                    | 1 << 16
                    | 1 << 17
                    | 1 << 21
                    | 1 << 25
                    | 1 << 26
                    | 1 << 27
                    | 1 << 28
                    | 1 << 30
                    | 1 << 31);
                // PKU, OSPKE, shadow stacks; AVX-512 VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ.
                entry.ecx &= !(1 << 1 | 1 << 3 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 11 | 1 << 12 | 1 << 14);
                // AVX-512 4VNNIW, 4FMAPS, VP2INTERSECT, FP16; AMX; indirect branch tracking.
                entry.edx &= !(1 << 2 | 1 << 3 | 1 << 8 | 1 << 20 | 1 << 22 | 1 << 23 | 1 << 24 | 1 << 25);
            }
            // AVX512_BF16.
            (7, 1) => entry.eax &= !(1 << 5),
            (0xd, 0) => (entry.eax, entry.edx) = (entry.eax & XCR0 as u32, 0),
            // SVM; performance counter extensions.
            (0x8000_0001, _) => entry.ecx &= !(1 << 2 | 1 << 23 | 1 << 24 | 1 << 28),
            _ => {}
        }
    }
    Ok(cpuid)
}
