//! Sets of instructions: which are announced to guests, and what the self-test says of those that do not work.

use std::arch::x86_64::CpuidResult;

use kvm_bindings::kvm_cpuid_entry2;
use twinwall_abi::ErrorCode;

use crate::error::CallError;
use crate::instructions::proof::{test, test_pieces, verdict};
use crate::instructions::{INSTRUCTION_SETS, InstructionSet, announce, host_leaf, known_leaf};
use crate::machine::Hypervisor;
use crate::probe;
use crate::probe::pieces::pieces;
use crate::self_test::{OpenError, run};

const LEAF_1: u32 = 1 | 1 << 9 | 1 << 12 | 1 << 19 | 1 << 20 | 1 << 23 | 1 << 26 | 1 << 28;
const LEAF_7: u32 = 1 << 3 | 1 << 5 | 1 << 8;
const LEAF_EXTENDED: u32 = 1 << 5;

/// The table of a hypervisor that tells of no instructions and keeps these components of extended state.
fn silent(state: u32) -> Vec<kvm_cpuid_entry2> {
    let entry = |function, index| kvm_cpuid_entry2 { function, index, ..Default::default() };
    let state = kvm_cpuid_entry2 { eax: state, ..entry(0xd, 0) };
    vec![entry(0, 0), entry(1, 0), entry(7, 0), entry(7, 1), state, entry(0xd, 1), entry(0x8000_0001, 0)]
}

/// A processor with every bit of CPUID set but these of leaves 1, 7 and 0x8000_0001.
fn all_but(leaf_1: u32, leaf_7: u32, leaf_extended: u32) -> impl Fn(u32) -> CpuidResult {
    move |leaf| {
        let (ebx, ecx) = match leaf {
            1 => (u32::MAX, !leaf_1),
            7 => (!leaf_7, u32::MAX),
            0x8000_0001 => (u32::MAX, !leaf_extended),
            _ => (u32::MAX, u32::MAX),
        };
        CpuidResult { eax: u32::MAX, ebx, ecx, edx: u32::MAX }
    }
}

/// A table like [`silent`] with these bits.
fn table(state: u32, leaf_1: u32, leaf_7: u32, leaf_extended: u32) -> Vec<kvm_cpuid_entry2> {
    let mut entries = silent(state);
    (entries[1].ecx, entries[2].ebx, entries[6].ecx) = (leaf_1, leaf_7, leaf_extended);
    entries
}

#[test]
fn announces_these_sets_and_nothing_else() {
    let mut entries = silent(0xe7);
    announce(&mut entries, all_but(0, 0, 0));
    assert_eq!(entries, table(0xe7, LEAF_1, LEAF_7, LEAF_EXTENDED));
}

#[test]
fn does_not_announce_what_the_host_lacks() {
    let (fma, avx2, lzcnt) = (1 << 12, 1 << 5, 1 << 5);
    let mut entries = silent(7);
    announce(&mut entries, all_but(fma, avx2, lzcnt));
    assert_eq!(entries, table(7, LEAF_1 & !fma, LEAF_7 & !avx2, 0));
    let mut entries = silent(7);
    announce(&mut entries, all_but(u32::MAX, u32::MAX, u32::MAX));
    assert_eq!(entries, silent(7));
}

#[test]
fn keeps_what_the_hypervisor_tells() {
    let told = table(7, 1 << 12 | 1 << 25, 1 << 8 | 1 << 29, 1 << 6);
    let mut entries = told.clone();
    announce(&mut entries, all_but(u32::MAX, u32::MAX, u32::MAX));
    assert_eq!(entries, told);
}

#[test]
fn does_not_announce_sets_whose_state_the_hypervisor_does_not_keep() {
    let (avx_and_fma, xsave, avx2) = (1 << 28 | 1 << 12, 1 << 26, 1 << 5);
    let mut entries = silent(3);
    announce(&mut entries, all_but(0, 0, 0));
    assert_eq!(entries, table(3, LEAF_1 & !avx_and_fma, LEAF_7 & !avx2, LEAF_EXTENDED));
    let mut entries = silent(0);
    announce(&mut entries, all_but(0, 0, 0));
    assert_eq!(entries, table(0, LEAF_1 & !avx_and_fma & !xsave, LEAF_7 & !avx2, LEAF_EXTENDED));
}

/// Processors answer for a leaf beyond their last with the contents of another.
#[test]
fn a_leaf_beyond_the_last_is_empty() {
    let old = |leaf| CpuidResult { eax: [6, 0x8000_0004][(leaf >> 31) as usize], ..all_but(0, 0, 0)(leaf) };
    let mut entries = silent(7);
    announce(&mut entries, |leaf| known_leaf(leaf, old));
    assert_eq!(entries, table(7, LEAF_1, 0, LEAF_EXTENDED));
}

fn bytes(words: &[u64]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn refused(set: &InstructionSet, announced: bool, seen: bool, result: Result<Vec<u8>, CallError>) -> String {
    let error = verdict(set, announced, seen, || result).expect_err(set.name);
    assert_eq!(error.code, ErrorCode::Internal);
    assert!(error.message.split(' ').any(|word| word == set.name), "{error}");
    assert!(error.message.contains("update this host's kernel"), "{error}");
    error.message
}

#[test]
fn any_other_result_is_a_failure() {
    for set in &INSTRUCTION_SETS {
        let right = bytes(set.expected);
        assert_eq!(verdict(set, true, true, || Ok(right.clone())), Ok(true));
        for bit in 0..right.len() * 8 {
            let mut wrong = right.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            assert!(refused(set, true, true, Ok(wrong)).contains("works wrongly"));
        }
        refused(set, true, true, Ok(right[1..].to_vec()));
        refused(set, true, true, Ok(Vec::new()));
        let exception = CallError::new(ErrorCode::BadReply, "the guest raised processor exception 6");
        assert!(refused(set, true, true, Err(exception)).contains("processor exception 6"));
    }
}

#[test]
fn what_the_guest_sees_is_what_has_to_work() {
    let set = &INSTRUCTION_SETS[1];
    assert_eq!(verdict(set, false, false, || panic!("executed")), Ok(false));
    assert!(refused(set, true, false, Ok(bytes(set.expected))).contains("do not see"));
    assert_eq!(verdict(set, false, true, || Ok(bytes(set.expected))), Ok(true));
    refused(set, false, true, Ok(Vec::new()));
}

pieces! { twinwall_impostors;
    "SSE4.2":
        "movups xmm0, [r9]" "movups xmm1, [r9 + 16]" "pcmpgtd xmm0, xmm1" "movups [r8], xmm0"
        "mov qword ptr [rbx + 544], 16";
    "POPCNT": "ud2";
    "AVX":
        "vmovupd xmm0, [r9]" "vaddpd xmm0, xmm0, [r9 + 32]" "vperm2f128 ymm0, ymm0, ymm0, 1"
        "vmovupd [r8], ymm0" "mov qword ptr [rbx + 544], 32";
    "FMA":
        "vmovupd ymm0, [r9]" "vmulpd ymm0, ymm0, ymm0" "vaddpd ymm0, ymm0, [r9 + 32]" "vmovupd [r8], ymm0"
        "mov qword ptr [rbx + 544], 32";
    "AVX2":
        "vmovdqu xmm0, [r9]" "vpaddq xmm0, xmm0, [r9 + 32]" "vpermq ymm0, ymm0, 0x1b"
        "vmovdqu [r8], ymm0" "mov qword ptr [rbx + 544], 32";
    "BMI1":
        "mov rcx, [r9]" "andn rax, rcx, [r9 + 8]" "mov [r8], rax"
        "mov eax, 5" "bsf rax, [r9 + 16]" "mov [r8 + 8], rax"
        "mov eax, 5" "bsf rax, [r9 + 24]" "mov [r8 + 16], rax"
        "mov qword ptr [rbx + 544], 24";
    "LZCNT":
        "mov eax, 5" "bsr rax, [r9]" "mov [r8], rax"
        "mov eax, 5" "bsr rax, [r9 + 8]" "mov [r8 + 8], rax"
        "mov qword ptr [rbx + 544], 16";
}

/// The self-test of a processor on which `set` does what its nearest relative does.
fn with_impostor(set: &'static str) -> Result<String, CallError> {
    let code = |name| if name == set { piece(name) } else { probe::instructions::piece(name) };
    test_pieces(Hypervisor::get()?.cpuid(), code)
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn relatives_of_an_instruction_are_told_apart() {
    for set in ["SSE4.2", "POPCNT", "AVX", "FMA", "AVX2", "BMI1", "LZCNT"] {
        if !has(set) {
            println!("skipped: {set}: this processor does not have it");
            continue;
        }
        let error = with_impostor(set).expect_err(set);
        assert!(error.message.starts_with(&format!("{set} ")), "{error}");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_set_that_does_not_work_keeps_the_driver_from_opening() {
    let error = run(&[("instruction sets", || with_impostor("POPCNT"))]).expect_err("an impostor");
    assert!(matches!(error, OpenError::SelfTest(_)), "{error:?}");
    let message = error.to_string();
    let start = "this KVM failed the self-test: instruction sets: POPCNT does not work in guests";
    assert!(message.starts_with(start), "{message}");
    assert!(message.contains("processor exception 6"), "{message}");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_the_host_has_works_in_guests() {
    let found = test().expect("all sets work");
    let (works, absent) = found.split_once(" work").expect("a list of sets");
    for set in &INSTRUCTION_SETS {
        let list = if has(set.name) { works } else { absent };
        assert!(list.split([',', ' ']).any(|word| word == set.name), "{}: {found}", set.name);
    }
}

/// Whether this processor has the set.
fn has(name: &str) -> bool {
    let set = INSTRUCTION_SETS.iter().find(|set| set.name == name).expect("a known set");
    let leaf = host_leaf(set.leaf);
    set.is_in(leaf.ebx, leaf.ecx)
}
