//! One piece of code for each set of instructions that guests are told of, and one that asks the processor which it has.
//! Each reads the input area and writes what came out to the output area.

use super::pieces::pieces;

pieces! { twinwall_instructions;
    // The number of leaves, then a leaf each; answers EAX, EBX, ECX, EDX of each, at subleaf 0.
    "CPUID":
        "mov r11, rbx" "mov r12, [r9]" "lea r13, [r9 + 8]" "mov r14, r8"
        "2:" "mov eax, [r13]" "xor ecx, ecx" "cpuid"
        "mov [r14], eax" "mov [r14 + 4], ebx" "mov [r14 + 8], ecx" "mov [r14 + 12], edx"
        "add r13, 8" "add r14, 16" "dec r12" "jnz 2b"
        "mov rbx, r11" "sub r14, r8" "mov [rbx + 544], r14";

    // x87 and SSE are enabled on every machine.
    "XSAVE": "xor ecx, ecx" "xgetbv" "and eax, 3" "mov [r8], rax" "mov qword ptr [rbx + 544], 8";
    "SSE3":
        "movups xmm0, [r9]" "movups xmm1, [r9 + 16]" "haddps xmm0, xmm1" "movups [r8], xmm0"
        "mov qword ptr [rbx + 544], 16";
    "SSSE3":
        "movups xmm0, [r9]" "movups xmm1, [r9 + 16]" "pshufb xmm0, xmm1" "movups [r8], xmm0"
        "mov qword ptr [rbx + 544], 16";
    "SSE4.1":
        "movups xmm0, [r9]" "movups xmm1, [r9 + 16]" "pmulld xmm0, xmm1" "movups [r8], xmm0"
        "mov qword ptr [rbx + 544], 16";
    "SSE4.2":
        "movups xmm0, [r9]" "movups xmm1, [r9 + 16]" "pcmpgtq xmm0, xmm1" "movups [r8], xmm0"
        "mov qword ptr [rbx + 544], 16";
    "POPCNT": "popcnt rax, [r9]" "mov [r8], rax" "mov qword ptr [rbx + 544], 8";
    // Four sums, then the halves change places.
    "AVX":
        "vmovupd ymm0, [r9]" "vaddpd ymm0, ymm0, [r9 + 32]" "vperm2f128 ymm0, ymm0, ymm0, 1"
        "vmovupd [r8], ymm0" "mov qword ptr [rbx + 544], 32";
    // The square of the first four and the second four, rounded once.
    "FMA":
        "vmovupd ymm0, [r9]" "vfmadd213pd ymm0, ymm0, [r9 + 32]" "vmovupd [r8], ymm0"
        "mov qword ptr [rbx + 544], 32";
    // Four sums in reverse order.
    "AVX2":
        "vmovdqu ymm0, [r9]" "vpaddq ymm0, ymm0, [r9 + 32]" "vpermq ymm0, ymm0, 0x1b"
        "vmovdqu [r8], ymm0" "mov qword ptr [rbx + 544], 32";
    // Without BMI1, `tzcnt` is `bsf`, which leaves its destination alone when its source is zero.
    "BMI1":
        "mov rcx, [r9]" "andn rax, rcx, [r9 + 8]" "mov [r8], rax"
        "mov eax, 5" "tzcnt rax, [r9 + 16]" "mov [r8 + 8], rax"
        "mov eax, 5" "tzcnt rax, [r9 + 24]" "mov [r8 + 16], rax"
        "mov qword ptr [rbx + 544], 24";
    "BMI2":
        "mov rcx, [r9]" "pext rax, rcx, [r9 + 8]" "mov [r8], rax"
        "pdep rax, rax, [r9 + 8]" "mov [r8 + 8], rax"
        "rorx rax, rcx, 8" "mov [r8 + 16], rax"
        "mov qword ptr [rbx + 544], 24";
    // Without LZCNT, `lzcnt` is `bsr`: the number of the highest bit instead of the zeros above it.
    "LZCNT":
        "mov eax, 5" "lzcnt rax, [r9]" "mov [r8], rax"
        "mov eax, 5" "lzcnt rax, [r9 + 8]" "mov [r8 + 8], rax"
        "mov qword ptr [rbx + 544], 16";
}
