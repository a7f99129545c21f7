//! Hostile code of ring 3, by name. Each piece starts with the registers that `probe::image_with` promises and comes
//! to the gate when it runs through.

use twinwall_abi::gate::{EXCEPTION_PORT, GATE_PORT};

use crate::probe::pieces::pieces;

pieces! { twinwall_attacks, gate = GATE_PORT, exception = EXCEPTION_PORT;
    // Accesses that a hypervisor completes at a later entry.
    "insb from the gate": "mov edx, {gate}" "lea rdi, [r10 - 64]" "insb";
    "insb from another port": "mov edx, 0x3f8" "lea rdi, [r10 - 64]" "insb";
    "rep insb": "mov edx, {gate}" "mov ecx, 4096" "mov rdi, r8" "rep insb";
    "rep insd": "mov edx, {gate}" "mov ecx, 64" "mov rdi, r8" "rep insd";
    "insb across a page": "mov edx, {gate}" "mov ecx, 64" "lea rdi, [r10 - 32]" "rep insb";
    "in al": "in al, {gate}";
    "in eax, dx": "mov edx, {gate}" "in eax, dx";
    "outsw": "mov edx, {gate}" "mov rsi, r8" "outsw";
    "rep outsd": "mov edx, {gate}" "mov ecx, 64" "mov rsi, r8" "rep outsd";
    "outsb from unmapped memory": "mov edx, {gate}" "mov rsi, r10" "outsb";
    "movsq to an unmapped page": "mov rsi, r9" "lea rdi, [r10 - 4]" "movsq";
    "movsq from an unmapped page": "lea rsi, [r10 - 4]" "mov rdi, r8" "movsq";
    "rep movsb to an unmapped page": "mov ecx, 4096" "mov rsi, r9" "lea rdi, [r10 - 32]" "rep movsb";
    "rep stosq to an unmapped page": "mov ecx, 4096" "lea rdi, [r10 - 32]" "rep stosq";
    "SSE load across a page": "movups xmm0, [r10 - 8]";
    "SSE store across a page": "movups [r10 - 8], xmm0";
    "AVX load across a page": "vmovups ymm0, [r10 - 8]";
    "fxsave across a page": "fxsave64 [r10 - 64]";
    "cmpxchg16b of unmapped memory": "lock cmpxchg16b [r10]";
    "locked add to unmapped memory": "lock add qword ptr [r10], 1";

    // Stacks that an exception must not depend on.
    "push at address zero": "xor esp, esp" "push rax";
    "push at a non-canonical address": "movabs rsp, 0x4000000000000000" "push rax";
    "undefined instruction without a stack": "xor esp, esp" "ud2";
    "read of a non-canonical address": "movabs rax, 0x8000000000000000" "mov al, [rax]";
    "jump to a non-canonical address": "movabs rax, 0x8000000000000000" "jmp rax";
    "jump to kernel addresses": "mov rax, -4096" "jmp rax";
    "read of kernel addresses": "mov rax, -4096" "mov al, [rax]";
    "write to the image": "lea rax, [rip]" "lock or byte ptr [rax], 1";
    "execution of the mailbox": "mov byte ptr [rbx + 1024], 0xc3" "lea rax, [rbx + 1024]" "call rax";
    "execution of the input": "jmp r9";
    "read of the page tables": "mov eax, 0x5000" "mov rax, [rax]";
    "write to the exception stack": "mov eax, 0x3ff0" "mov [rax], rax";
    "write to the task state": "mov eax, 0x4000" "mov [rax], rax";

    // Ring 0 and what only it may do.
    "cr0": "mov rax, cr0";
    "write cr0": "mov eax, 0x80000031" "mov cr0, rax";
    "write cr4": "mov eax, 0x20" "mov cr4, rax";
    "write cr8": "xor eax, eax" "mov cr8, rax";
    "debug registers": "mov rax, dr7";
    "write debug registers": "xor eax, eax" "mov dr0, rax";
    "lmsw": "xor eax, eax" "lmsw ax";
    "clts": "clts";
    "invlpg": "invlpg [r9]";
    "wbinvd": "wbinvd";
    "lgdt": "lgdt [r9]";
    "lidt": "lidt [r9]";
    "lldt": "xor eax, eax" "lldt ax";
    "ltr": "mov eax, 0x40" "ltr ax";
    "swapgs": "swapgs";
    "wrmsr": "mov ecx, 0xc0000080" "xor eax, eax" "xor edx, edx" "wrmsr";
    "rdpmc": "xor ecx, ecx" "rdpmc";
    "xsetbv": "xor ecx, ecx" "mov eax, 1" "xor edx, edx" "xsetbv";
    "sysret": "sysretq";
    "rsm": "rsm";
    "iretq to ring 0": "push 0" "push r10" "push 2" "push 0x10" "lea rax, [rip]" "push rax" "iretq";
    "far return to ring 0": "push 0x10" "lea rax, [rip]" "push rax" ".byte 0x48, 0xcb";
    "far return through the task": "push 0x40" "push 0" ".byte 0x48, 0xcb";
    "far return through a local table": "push 0x0f" "push 0" ".byte 0x48, 0xcb";
    "stack segment of ring 0": "mov eax, 0x18" "mov ss, eax";
    "null stack segment": "xor eax, eax" "mov ss, eax";
    "int 3": "int3";
    "int 14": "int 14";
    "int 2": "int 2";
    "int 32": "int 32";
    "int1": ".byte 0xf1";
    "single step": "pushfq" "or qword ptr [rsp], 0x100" "popfq" "nop" "nop";
    "x87 exception": "fninit" "push 0x40" "fldcw [rsp]" "fldz" "fld1" "fdivrp" "fwait";
    "SSE exception": "push 0" "ldmxcsr [rsp]" "xorps xmm0, xmm0" "divss xmm0, xmm0";

    // Harmless or not, as the processor likes.
    "sysenter": "sysenter";
    "vmcall": "vmcall";
    "vmmcall": "vmmcall";
    "vmrun": ".byte 0x0f, 0x01, 0xd8";
    "vmlaunch": ".byte 0x0f, 0x01, 0xc2";
    "vmxoff": ".byte 0x0f, 0x01, 0xc4";
    "vmload": ".byte 0x0f, 0x01, 0xda";
    "clgi": ".byte 0x0f, 0x01, 0xdd";
    "encls": ".byte 0x0f, 0x01, 0xcf";
    "enclu": "mov eax, 2" ".byte 0x0f, 0x01, 0xd7";
    "rdpkru": "xor ecx, ecx" ".byte 0x0f, 0x01, 0xee";
    "wrpkru": "xor ecx, ecx" "xor edx, edx" "mov eax, 0x55555554" ".byte 0x0f, 0x01, 0xef";
    "monitor": "mov rax, r9" "xor ecx, ecx" "xor edx, edx" ".byte 0x0f, 0x01, 0xc8";
    "mwait": "xor eax, eax" "xor ecx, ecx" ".byte 0x0f, 0x01, 0xc9";
    "umwait": "xor eax, eax" "mov edx, -1" ".byte 0xf2, 0x0f, 0xae, 0xf1";
    "enter interrupts": "sti" "nop" "nop";
    "leave interrupts": "cli";
    "sgdt": "sgdt [r8]";
    "every flag": "push 0x3f4fd7" "and qword ptr [rsp], -257" "popfq";
    "alignment check": "pushfq" "or qword ptr [rsp], 0x40000" "popfq" "mov rax, [r8 + 1]";
    "trap flag at the gate": "pushfq" "or qword ptr [rsp], 0x100" "popfq" "out {gate}, al";
    "stack shadow at the gate": "mov eax, ss" "mov ss, eax" "out {gate}, al";
    "forged exception in a shadow": "mov eax, ss" "mov ss, eax" "out {exception}, al";
    "compatibility mode": "push 0x23" "lea rax, [rip + 3f]" "push rax" ".byte 0x48, 0xcb" "3:" "out {gate}, al" "2:" "jmp 2b";
    "host code selector": "push 0x33" "lea rax, [rip + 3f]" "push rax" ".byte 0x48, 0xcb" "3:" "nop";
    "host data selectors": "mov eax, 0x63" "mov fs, eax" "mov eax, 0x7b" "mov gs, eax" "mov ds, eax" "mov es, eax";
    "gs base": "mov rax, r9" "wrgsbase rax";
    "string gate": "mov edx, {gate}" "mov rsi, r8" "outsb";
    "repeated gate": "mov edx, {gate}" "mov ecx, 4096" "mov rsi, r8" "rep outsb";
    "prefixed gate": ".byte 0xf3, 0x48, 0xe6" ".byte {gate}";
    "operand prefix": ".byte 0x66, 0xe6" ".byte {gate}";
    "locked gate": ".byte 0xf0, 0xe6" ".byte {gate}";

    // Locked accesses across cache lines: a host may slow such a process down, or end it.
    "split lock": "lock add qword ptr [r10 - 68], 1";
    "split lock across pages": "mov byte ptr [r10 - 4097], 1" "lock add qword ptr [r10 - 4100], 1";
    "split exchange": "mov rax, [r9]" "xchg [r10 - 68], rax";
    "split locks without end": "2:" "lock add qword ptr [r10 - 68], 1" "jmp 2b";

    // Lines of memory that all machines of an image share, flushed and asked for.
    "flush of shared lines": "lea rax, [rip]" "mov ecx, 64" "2:" "clflush [rax]" "add rax, 64" "dec ecx" "jnz 2b" "mfence";
    "prefetch of shared lines": "lea rax, [rip]" "prefetchw [rax]" "prefetcht0 [rax]" "prefetchw [r9]";
    "cpuid": "mov r11, rbx" "xor eax, eax" "xor ecx, ecx" "cpuid" "mov rbx, r11";
    "cpuid of every leaf": "mov r11, rbx" "xor r12d, r12d" "2:" "mov eax, r12d" "xor ecx, ecx" "cpuid" "inc r12d"
        "cmp r12d, 64" "jb 2b" "mov rbx, r11";
    "int 8": "int 8";
    "int 13": "int 13";
    "int 255": "int 255";
    "into": ".byte 0xce";
    "sysexit": "sysexit";
    "wrfsbase at a non-canonical address": "movabs rax, 0x8000000000000000" "wrfsbase rax";
    "rep lodsb without end": "2:" "mov ecx, 4096" "mov rsi, r9" "rep lodsb" "jmp 2b";

    // All that ring 3 may write from the start, and the registers: the first 8 bytes of the input again and again.
    "fill everything":
        "cld" "mov rax, [r9]" "mov r11, [r9]" "mov rdi, r9" "mov ecx, 512" "rep stosq"
        "mov rdi, r8" "mov ecx, 512" "rep stosq" "lea rdi, [r10 - 4096]" "mov ecx, 512" "rep stosq"
        "lea rdi, [rbx + 8192]" "mov ecx, 512" "rep stosq" "lea rdi, [rbx + 640]" "mov ecx, 432" "rep stosq"
        "movq xmm3, rax" "mov rcx, rax" "mov rdx, rax" "mov rsi, rax" "mov rdi, rax" "mov rbp, rax" "mov r12, rax"
        "mov r13, rax" "mov r14, rax" "mov r15, rax";

    // Vectors, x87 and flags: filled from the input, told to the output.
    "keep vectors":
        "vmovups ymm0, [r9]" "vmovups ymm1, [r9]" "vmovups ymm2, [r9]" "vmovups ymm3, [r9]" "vmovups ymm4, [r9]"
        "vmovups ymm5, [r9]" "vmovups ymm6, [r9]" "vmovups ymm7, [r9]" "vmovups ymm8, [r9]" "vmovups ymm9, [r9]"
        "vmovups ymm10, [r9]" "vmovups ymm11, [r9]" "vmovups ymm12, [r9]" "vmovups ymm13, [r9]"
        "vmovups ymm14, [r9]" "vmovups ymm15, [r9]"
        "fninit" "fldpi" "fld qword ptr [r9]" "push 0x27f" "fldcw [rsp]" "push 0x7fbf" "ldmxcsr [rsp]" "std";
    "tell vectors":
        "pushfq" "pop rax" "mov [r8 + 1024], rax"
        "vmovups [r8], ymm0" "vmovups [r8 + 32], ymm1" "vmovups [r8 + 64], ymm2" "vmovups [r8 + 96], ymm3"
        "vmovups [r8 + 128], ymm4" "vmovups [r8 + 160], ymm5" "vmovups [r8 + 192], ymm6"
        "vmovups [r8 + 224], ymm7" "vmovups [r8 + 256], ymm8" "vmovups [r8 + 288], ymm9"
        "vmovups [r8 + 320], ymm10" "vmovups [r8 + 352], ymm11" "vmovups [r8 + 384], ymm12"
        "vmovups [r8 + 416], ymm13" "vmovups [r8 + 448], ymm14" "vmovups [r8 + 480], ymm15"
        "stmxcsr [r8 + 1032]" "fnstenv [r8 + 1040]" "fxsave64 [r8 + 512]"
        "mov qword ptr [rbx + 544], 1072";
    "keep registers":
        "cld" "mov rax, [r9]" "mov rcx, rax" "mov rdx, rax" "mov rsi, rax" "mov rdi, rax" "mov rbp, rax" "mov r11, rax"
        "mov r12, rax" "mov r13, rax" "mov r14, rax" "mov r15, rax" "mov [rbx + 2048], rax" "mov [rbx + 264], rax"
        "mov [r8], rax" "mov [r8 + 4088], rax" "mov [r9 + 4088], rax" "mov [rbx + 8192], rax" "push rax";
    "tell registers":
        "mov [r8 + 64], rsi" "mov [r8 + 72], rdi" "mov [r8 + 80], rbp" "mov [r8 + 88], r11" "mov [r8 + 96], r12"
        "mov [r8 + 104], r13" "mov [r8 + 112], r14" "mov [r8 + 120], r15" "mov [r8 + 128], rsp" "mov [r8 + 136], rdx"
        "mov rax, [rbx + 2048]" "mov [r8 + 144], rax" "mov rax, [rbx + 264]" "mov [r8 + 152], rax"
        "mov rax, [r9 + 4088]" "mov [r8 + 160], rax" "mov rax, [rbx + 8192]" "mov [r8 + 168], rax"
        "mov rax, [r8 + 4088]" "mov [r8 + 176], rax"
        "mov qword ptr [rbx + 544], 4096";

    "keep selectors": "mov eax, 0x2b" "mov ds, eax" "mov fs, eax" "xor eax, eax" "mov es, eax" "mov gs, eax";
    "tell selectors":
        "mov eax, ds" "mov [r8], rax" "mov eax, es" "mov [r8 + 8], rax" "mov eax, fs" "mov [r8 + 16], rax"
        "mov eax, gs" "mov [r8 + 24], rax" "mov eax, ss" "mov [r8 + 32], rax" "mov eax, cs" "mov [r8 + 40], rax"
        "mov qword ptr [rbx + 544], 48";
    "keep segment bases": "mov rax, [r9]" "shr rax, 20" "wrgsbase rax" "wrfsbase rax";
    "tell segment bases": "rdgsbase rax" "mov [r8], rax" "rdfsbase rax" "mov [r8 + 8], rax"
        "mov qword ptr [rbx + 544], 16";
    "keep wide vectors": "vpbroadcastq zmm0, qword ptr [r9]" "vmovdqa64 zmm9, zmm0" "vmovdqa64 zmm16, zmm0"
        "vmovdqa64 zmm31, zmm0" "kmovq k1, [r9]" "kmovq k7, [r9]";
    "tell wide vectors": "vmovdqu64 [r8], zmm0" "vmovdqu64 [r8 + 64], zmm9" "vmovdqu64 [r8 + 128], zmm16"
        "vmovdqu64 [r8 + 192], zmm31" "kmovq [r8 + 256], k1" "kmovq [r8 + 264], k7"
        "mov qword ptr [rbx + 544], 272";

    // Endless work for the host.
    "host calls without end":
        "2:" "mov dword ptr [rbx + 512], 3" "mov qword ptr [rbx + 544], 16" "out {gate}, al" "jmp 2b";
    "host call with the input's address and length":
        "mov dword ptr [rbx + 512], 3" "mov rax, [r9]" "mov [rbx + 536], rax" "mov rax, [r9 + 8]"
        "mov [rbx + 544], rax" "out {gate}, al" "mov dword ptr [rbx + 512], 2" "mov qword ptr [rbx + 544], 0"
        "mov [rbx + 536], r8";
    "reply with the input's address and length":
        "mov rax, [r9]" "mov [rbx + 536], rax" "mov rax, [r9 + 8]" "mov [rbx + 544], rax";
    "failure with the input's address and length":
        "mov word ptr [rbx + 516], 4" "mov rax, [r9]" "mov [rbx + 536], rax" "mov rax, [r9 + 8]"
        "mov [rbx + 544], rax" "mov [rbx + 552], rax";
    // Right answers, and reports of the attacker's own.
    "echo": "mov rcx, [rbx + 32]" "mov [rbx + 544], rcx" "mov rsi, r9" "mov rdi, r8" "rep movsb";
    "report from the input": "mov rsi, r9" "lea rdi, [rbx + 512]" "mov ecx, 104" "rep movsb";
    "drains without end": "2:" "mov dword ptr [rbx + 512], 5" "out {gate}, al" "jmp 2b";
    "records without end":
        "2:" "mov dword ptr [rbx + 512], 5" "mov dword ptr [rbx + 8192], 1" "mov dword ptr [rbx + 8200], 1008"
        "mov qword ptr [rbx + 576], 1024" "out {gate}, al" "jmp 2b";
    "an outbox of the input's length": "mov dword ptr [rbx + 8192], 1" "mov rax, [r9 + 8]" "mov [rbx + 8200], eax"
        "mov rax, [r9]" "mov [rbx + 576], rax";
    // Each of the 32 memories in turn by a step that doubles, until the host refuses; then the deadline.
    "memories without end":
        "mov r11d, 4096"
        "3:" "movabs rax, 0x2000000000" "mov ecx, 32"
        "2:" "mov dword ptr [rbx + 512], 4" "mov [rbx + 560], rax" "mov [rbx + 568], r11" "out {gate}, al"
        "movabs rdx, 0x200000000" "add rax, rdx" "dec ecx" "jnz 2b"
        "shl r11, 1" "jnz 3b" "mov r11d, 4096" "jmp 3b";
    "growth of the input's address and length":
        "mov dword ptr [rbx + 512], 4" "mov rax, [r9]" "mov [rbx + 560], rax" "mov rax, [r9 + 8]"
        "mov [rbx + 568], rax" "out {gate}, al" "mov eax, [rbx + 256]" "mov [r8], rax"
        "mov dword ptr [rbx + 512], 2" "mov qword ptr [rbx + 544], 8";
    // Every page of the stack window, from the lowest open one down: an exception each.
    "each page of the stack": "lea rax, [r10 - 1]" "mov ecx, 256" "2:" "mov byte ptr [rax], 0x55" "sub rax, 4096"
        "dec ecx" "jnz 2b";
    "early ready": "mov dword ptr [rbx + 512], 1";
    "abort": "mov dword ptr [rbx + 512], 6" "mov qword ptr [rbx + 544], 4096";
    "abort with text elsewhere": "mov dword ptr [rbx + 512], 6" "mov qword ptr [rbx + 544], -1"
        "mov qword ptr [rbx + 536], -1";
}
