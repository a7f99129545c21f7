//! The pages that only ring 0 sees: descriptor tables, exception stubs, the stack they use.
//!
//! Ring 0 holds nothing else. A stub reports its vector on [`EXCEPTION_PORT`], with the processor's exception frame on
//! its stack; if the host then lets the machine go on, the stub returns to the instruction that faulted.

use twinwall_abi::gate::{DATA_SELECTOR, EXCEPTION_PORT, GATE_PORT};
use twinwall_abi::layout::PAGE;

use crate::error::MachineError;
use crate::memory::{Access, HostMemory, PageTables};

/// Guest addresses, virtual and physical alike.
pub(crate) const GDT: u64 = 0x1000;
pub(crate) const IDT: u64 = 0x1400;
const STUBS: u64 = 0x2000;
const STACK: u64 = 0x3000;
const STACK_TOP: u64 = STACK + PAGE;
pub(crate) const TSS: u64 = 0x4000;
/// Guest physical address of the page tables, behind the system pages.
pub(crate) const TABLES: u64 = 0x5000;

/// Number of exception vectors, each with a gate; software interrupts above them are #GP.
pub(crate) const VECTORS: u64 = 32;
pub(crate) const IDT_LIMIT: u16 = (VECTORS * 16 - 1) as u16;
pub(crate) const GDT_LIMIT: u16 = 0x4f;
/// Fixed part, bitmap up to the gate's port, and the byte of ones that must end it.
pub(crate) const TSS_LIMIT: u32 = TSS_BITMAP as u32 + GATE_PORT as u32 / 8 + 1;
const TSS_BITMAP: usize = 104;

/// Selectors; ring-3 ones with their privilege level.
pub(crate) const CODE_0: u16 = 0x10;
pub(crate) const DATA_3: u16 = DATA_SELECTOR;
pub(crate) const CODE_3: u16 = 0x33;
pub(crate) const TASK: u16 = 0x40;

const STUB_BYTES: u64 = 16;
/// Vectors for which the processor pushes an error code.
const WITH_ERROR_CODE: u32 =
    1 << 8 | 1 << 10 | 1 << 11 | 1 << 12 | 1 << 13 | 1 << 14 | 1 << 17 | 1 << 21 | 1 << 29 | 1 << 30;

/// What a stub reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ExceptionFrame {
    pub(crate) vector: u64,
    pub(crate) error_code: u64,
    pub(crate) instruction: u64,
    pub(crate) code_segment: u64,
}

/// Writes the system pages and maps them.
pub(crate) fn build(memory: &mut HostMemory, tables: &mut PageTables) -> Result<(), MachineError> {
    write_gdt(memory);
    write_interrupts(memory);
    write_task(memory);
    for (page, access) in [
        (GDT, Access::SystemRead),
        (STUBS, Access::SystemExecute),
        (STACK, Access::SystemWrite),
        (TSS, Access::SystemRead),
    ] {
        tables.map(memory, page, page, PAGE, access, false)?;
    }
    Ok(())
}

fn put(memory: &mut HostMemory, address: u64, bytes: &[u8]) {
    let at = address as usize;
    memory.slice_mut()[at..at + bytes.len()].copy_from_slice(bytes);
}

/// Descriptors have their accessed bit set, so that the processor never writes the table.
fn write_gdt(memory: &mut HostMemory) {
    let entries: [(u16, u64); 4] = [
        (CODE_0, 0x00af_9b00_0000_ffff),
        (0x18, 0x00cf_9300_0000_ffff),
        (DATA_3 & !3, 0x00cf_f300_0000_ffff),
        (CODE_3 & !3, 0x00af_fb00_0000_ffff),
    ];
    for (selector, descriptor) in entries {
        put(memory, GDT + u64::from(selector), &descriptor.to_le_bytes());
    }
    let task = u64::from(TSS_LIMIT) | (TSS & 0xff_ffff) << 16 | 0x8b << 40;
    put(memory, GDT + u64::from(TASK), &task.to_le_bytes());
}

fn write_interrupts(memory: &mut HostMemory) {
    for vector in 0..VECTORS {
        let stub = STUBS + vector * STUB_BYTES;
        // Present 64-bit interrupt gate of privilege level 0 on interrupt stack 1.
        let low =
            (stub & 0xffff) | u64::from(CODE_0) << 16 | 1 << 32 | 0x8e << 40 | (stub >> 16 & 0xffff) << 48;
        put(memory, IDT + vector * 16, &low.to_le_bytes());
        put(memory, stub, &stub_code(vector));
    }
}

/// `push 0` (where the processor pushed no error code); `push vector`; `out EXCEPTION_PORT, al`; `add rsp, 16`; `iretq`.
fn stub_code(vector: u64) -> Vec<u8> {
    let mut code = Vec::with_capacity(STUB_BYTES as usize);
    if WITH_ERROR_CODE >> vector & 1 == 0 {
        code.extend([0x6a, 0x00]);
    }
    code.extend([0x6a, vector as u8, 0xe6, EXCEPTION_PORT, 0x48, 0x83, 0xc4, 0x10, 0x48, 0xcf]);
    code
}

/// All ports are closed but the gate's; ports behind the limit are closed too.
fn write_task(memory: &mut HostMemory) {
    let mut task = [0xff_u8; TSS_LIMIT as usize + 1];
    task[..TSS_BITMAP].fill(0);
    task[36..44].copy_from_slice(&STACK_TOP.to_le_bytes());
    task[102..104].copy_from_slice(&(TSS_BITMAP as u16).to_le_bytes());
    task[TSS_BITMAP + usize::from(GATE_PORT) / 8] = !(1 << (GATE_PORT % 8));
    put(memory, TSS, &task);
}

/// Reads what the stub of the last exception left on its stack.
pub(crate) fn exception_frame(memory: &HostMemory) -> ExceptionFrame {
    let word = |slot: u64| {
        let at = (STACK_TOP - 56 + slot * 8) as usize;
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&memory.slice()[at..at + 8]);
        u64::from_le_bytes(bytes)
    };
    ExceptionFrame { vector: word(0), error_code: word(1), instruction: word(2), code_segment: word(3) }
}

/// Makes the stubs' stack zero again: exception frames hold addresses and flags of the guest.
pub(crate) fn clear_stack(memory: &mut HostMemory) {
    memory.slice_mut()[STACK as usize..STACK_TOP as usize].fill(0);
}
