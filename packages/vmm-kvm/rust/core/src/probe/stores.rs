//! Guests that write where they are told: the input is a count and that many addresses, and at each the piece stores
//! something, each piece by another kind of instruction.

use super::pieces::pieces;

pieces! { twinwall_stores, gate = twinwall_abi::gate::GATE_PORT;
    "plain": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "mov [rax], rax" "dec rcx" "jnz 2b";
    "one byte": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "not byte ptr [rax]" "dec rcx" "jnz 2b";
    "locked": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "lock not qword ptr [rax]" "dec rcx" "jnz 2b";
    "exchanged": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "mov rdx, rax" "xchg [rax], rdx" "dec rcx" "jnz 2b";
    "non-temporal": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "movnti [rax], rax" "dec rcx" "jnz 2b" "sfence";
    "read first": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "mov rdx, [rax]" "not rdx" "mov [rax], rdx"
        "dec rcx" "jnz 2b";
    "vector": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "movups xmm1, [rax]" "pcmpeqd xmm0, xmm0"
        "pxor xmm1, xmm0" "movups [rax], xmm1" "dec rcx" "jnz 2b";
    "string": "cld" "mov rcx, [r9]" "lea rsi, [r9 + 8]" "2:" "lodsq" "mov rdi, rax" "mov rdx, rcx" "mov ecx, 3" "rep stosq"
        "mov rcx, rdx" "dec rcx" "jnz 2b";
    // Asks for memory: address and length.
    "grow": "mov dword ptr [rbx + 512], 4" "mov rax, [r9]" "mov [rbx + 560], rax" "mov rax, [r9 + 8]"
        "mov [rbx + 568], rax" "out {gate}, al" "mov eax, [rbx + 256]" "mov [r8], rax"
        "mov dword ptr [rbx + 512], 2" "mov qword ptr [rbx + 544], 8";
}

/// How many of [`NAMES`] store; "grow" is behind them.
pub(crate) const STORES: usize = NAMES.len() - 1;
