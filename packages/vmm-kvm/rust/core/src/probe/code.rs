//! The probe's machine code.

use std::arch::global_asm;

use twinwall_abi::gate::{DATA_SELECTOR, EXCEPTION_PORT, GATE_PORT};
use twinwall_abi::layout::{INPUT, MAILBOX, OUTPUT, STACK_TOP};

global_asm!(
    ".pushsection .rodata.twinwall_probe, \"a\"",
    ".balign 64",
    ".global twinwall_probe_start",
    "twinwall_probe_start:",
    "  mov ebx, {mailbox}",
    "  mov dword ptr [rbx + 512], 1",
    ".global twinwall_probe_gate",
    "twinwall_probe_gate:",
    "2:",
    "  out {gate}, al",
    "3:",
    "  mov rax, [rbx + 8]",
    "  mov [rbx + 528], rax",
    "  mov dword ptr [rbx + 512], 2",
    "  mov dword ptr [rbx + 516], 0",
    "  mov r8d, {output}",
    "  mov [rbx + 536], r8",
    "  mov qword ptr [rbx + 544], 0",
    "  mov qword ptr [rbx + 576], 0",
    "  mov r9d, {input}",
    "  mov r10d, {stack}",
    "  mov eax, [rbx + 20]",
    // The table of behaviours: each is at most 64 bytes.
    "  lea rcx, [rip + 4f]",
    "  shl eax, 6",
    "  add rcx, rax",
    "  jmp rcx",
    ".global twinwall_probe_resume",
    "twinwall_probe_resume:",
    // All components: some hypervisors enable more extended state than the host asked for.
    "  mov eax, -1",
    "  mov edx, -1",
    "  xrstor64 [rip + 9f]",
    "  cld",
    // Data segments: not all hypervisors let the host put them back. Always, so that a count of instructions is one.
    "  mov eax, {data}",
    "  mov ds, eax",
    "  mov es, eax",
    "  mov fs, eax",
    "  mov gs, eax",
    "  jmp 3b",
    ".balign 64",
    ".global twinwall_probe_table",
    "twinwall_probe_table:",
    "4:",
    // Nothing
    "  jmp 2b",
    ".balign 64",
    // Keep
    "  mov rax, [r9]",
    "  mov [r10 - 64], rax",
    "  mov r12, rax",
    "  movq xmm5, rax",
    "  jmp 2b",
    ".balign 64",
    // Tell
    "  mov rax, [r10 - 64]",
    "  mov [r8], rax",
    "  mov qword ptr [rbx + 544], 8",
    "  jmp 2b",
    ".balign 64",
    // TellRegister
    "  mov [r8], r12",
    "  mov qword ptr [rbx + 544], 8",
    "  jmp 2b",
    ".balign 64",
    // DeepStack
    "  mov byte ptr [r10 - 307200], 1",
    "  mov byte ptr [r10 - 200000], 1",
    "  jmp 2b",
    ".balign 64",
    // UndefinedInstruction
    "  ud2",
    ".balign 64",
    // Loop
    "8:",
    "  jmp 8b",
    ".balign 64",
    // OtherPort
    "  out 0x99, al",
    "  jmp 2b",
    ".balign 64",
    // ReadGate
    "  in al, {gate}",
    "  jmp 2b",
    ".balign 64",
    // WideGate
    "  out {gate}, ax",
    "  jmp 2b",
    ".balign 64",
    // RepeatedGate
    "  mov edx, {gate}",
    "  mov ecx, 100",
    "  mov rsi, r8",
    "  rep outsb",
    "  jmp 2b",
    ".balign 64",
    // StringInput
    "  mov edx, {gate}",
    "  lea rdi, [r10 - 64]",
    "  insb",
    "  jmp 2b",
    ".balign 64",
    // ForgedException
    "  out {exception}, al",
    "  jmp 2b",
    ".balign 64",
    // NullRead
    "  xor eax, eax",
    "  mov al, [rax]",
    "  jmp 2b",
    ".balign 64",
    // SystemRead
    "  mov eax, 0x1000",
    "  mov rax, [rax]",
    "  jmp 2b",
    ".balign 64",
    // WriteCode
    "  lea rax, [rip]",
    "  mov byte ptr [rax], 0x90",
    "  jmp 2b",
    ".balign 64",
    // ExecuteStack
    "  lea rax, [r10 - 64]",
    "  mov byte ptr [rax], 0xc3",
    "  jmp rax",
    ".balign 64",
    // BelowStack
    "  mov byte ptr [r10 - 1048577], 1",
    "  jmp 2b",
    ".balign 64",
    // Halt
    "  hlt",
    "  jmp 2b",
    ".balign 64",
    // SystemCall
    "  syscall",
    "  jmp 2b",
    ".balign 64",
    // ReadMsr
    "  mov ecx, 0xc0000080",
    "  rdmsr",
    "  jmp 2b",
    ".balign 64",
    // LoadTables
    "  mov eax, 0x5000",
    "  mov cr3, rax",
    "  jmp 2b",
    ".balign 64",
    // SoftwareInterrupt
    "  int 0x80",
    "  jmp 2b",
    ".balign 64",
    // Divide
    "  xor ecx, ecx",
    "  xor edx, edx",
    "  div ecx",
    "  jmp 2b",
    ".balign 64",
    // Vmmcall
    "  vmmcall",
    "  jmp 2b",
    ".balign 64",
    // BadOutput
    "  mov qword ptr [rbx + 544], 64",
    "  mov rax, -16",
    "  mov [rbx + 536], rax",
    "  jmp 2b",
    ".balign 64",
    // BadOperation
    "  mov dword ptr [rbx + 512], 77",
    "  jmp 2b",
    ".balign 64",
    // BadOutbox
    "  bts qword ptr [rbx + 576], 63",
    "  jmp 2b",
    ".balign 64",
    // Grow
    "  mov rax, [r9]",
    "  jmp 5f",
    ".balign 64",
    // GrowForever
    "  jmp 6f",
    ".balign 64",
    // WrongRequest
    "  not qword ptr [rbx + 528]",
    "  jmp 2b",
    ".balign 64",
    // KeepSegmentBase
    "  mov rax, [r9]",
    "  wrfsbase rax",
    "  jmp 2b",
    ".balign 64",
    // TellSegmentBase
    "  rdfsbase rax",
    "  mov [r8], rax",
    "  mov qword ptr [rbx + 544], 8",
    "  jmp 2b",
    ".balign 64",
    // LoadSelectors
    "  xor eax, eax",
    "  mov gs, eax",
    "  mov eax, 0x2b",
    "  mov fs, eax",
    "  jmp 2b",
    ".balign 64",
    // TellVector
    "  movq rax, xmm5",
    "  mov [r8], rax",
    "  mov qword ptr [rbx + 544], 8",
    "  jmp 2b",
    ".balign 64",
    // KeepMask
    "  mov rax, [r9]",
    "  kmovq k1, rax",
    "  jmp 2b",
    ".balign 64",
    // TellMask
    "  kmovq rax, k1",
    "  mov [r8], rax",
    "  mov qword ptr [rbx + 544], 8",
    "  jmp 2b",
    ".balign 64",
    // Grow, continued: asks for 64 KiB at rax, touches its first byte when it was granted.
    "5:",
    "  mov dword ptr [rbx + 512], 4",
    "  mov [rbx + 560], rax",
    "  mov qword ptr [rbx + 568], 65536",
    "  out {gate}, al",
    "  mov ecx, [rbx + 256]",
    "  mov [r8], rcx",
    "  mov qword ptr [rbx + 544], 8",
    "  mov dword ptr [rbx + 512], 2",
    "  test ecx, ecx",
    "  jnz 2b",
    "  mov rcx, [rax]",
    "  mov [r8 + 8], rcx",
    "  mov qword ptr [rbx + 544], 16",
    "  mov byte ptr [rax], 0x77",
    "  jmp 2b",
    // GrowForever, continued
    "6:",
    "  movabs rax, 0x2000000000",
    "7:",
    "  mov dword ptr [rbx + 512], 4",
    "  mov [rbx + 560], rax",
    "  mov qword ptr [rbx + 568], 65536",
    "  out {gate}, al",
    "  add rax, 65536",
    "  jmp 7b",
    // What the resume address gives x87, SSE and AVX registers: as in every image.
    ".balign 64",
    "9:",
    ".skip 24",
    ".long 0x1f80",
    ".skip 804",
    ".global twinwall_probe_end",
    "twinwall_probe_end:",
    ".popsection",
    mailbox = const MAILBOX,
    gate = const GATE_PORT,
    data = const DATA_SELECTOR,
    exception = const EXCEPTION_PORT,
    output = const OUTPUT,
    input = const INPUT,
    stack = const STACK_TOP,
);

unsafe extern "C" {
    static twinwall_probe_start: u8;
    static twinwall_probe_gate: u8;
    static twinwall_probe_table: u8;
    static twinwall_probe_resume: u8;
    static twinwall_probe_end: u8;
}

/// The code, and offsets in it.
#[allow(dead_code, reason = "the last two are used by tests only")]
pub(super) struct Code {
    pub(super) bytes: &'static [u8],
    /// Where a restored machine enters.
    pub(super) resume: usize,
    /// Behaviour 0; the others follow, 64 bytes each.
    pub(super) table: usize,
    /// The way to the gate.
    pub(super) gate: usize,
}

impl Code {
    pub(super) fn get() -> Self {
        let start = &raw const twinwall_probe_start as usize;
        let offset = |label: *const u8| label as usize - start;
        let length = offset(&raw const twinwall_probe_end);
        Self {
            // SAFETY: the assembler placed the code between both labels, in read-only data of this program.
            bytes: unsafe { std::slice::from_raw_parts(&raw const twinwall_probe_start, length) },
            resume: offset(&raw const twinwall_probe_resume),
            table: offset(&raw const twinwall_probe_table),
            gate: offset(&raw const twinwall_probe_gate),
        }
    }
}
