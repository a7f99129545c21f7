//! The sets of instructions that guests are told of.
//!
//! A hypervisor may run ring 3 on the bare processor and yet leave instructions out of the CPUID that it offers. They
//! work, whatever CPUID says, and compiled modules need them: so guests are told of what the host's processor has, and
//! [`proof`] executes every set that guests are told of before any of them may.

pub(crate) mod proof;

use std::arch::x86_64::{__cpuid_count, CpuidResult};

use kvm_bindings::kvm_cpuid_entry2;

use crate::cpu;

/// Register in which CPUID reports a set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Register {
    Ebx,
    Ecx,
}

/// A set of instructions, where CPUID tells of it, and what its piece of the probe makes of some input.
#[derive(Debug)]
pub(crate) struct InstructionSet {
    /// Its name in the manuals; that of its piece in [`crate::probe::instructions`] too.
    pub(crate) name: &'static str,
    /// CPUID leaf; the subleaf is 0.
    pub(crate) leaf: u32,
    pub(crate) register: Register,
    pub(crate) bit: u32,
    /// Components of extended state that must be enabled for it, as bits of XCR0.
    state: u64,
    pub(crate) input: &'static [u64],
    pub(crate) expected: &'static [u64],
}

/// CR4 enables SSE, whatever XCR0 says.
const NO_STATE: u64 = 0;
const SSE: u64 = 3;
const AVX: u64 = 7;

/// x86-64-v3 without MOVBE and F16C: what compiled modules use, and XSAVE, which every image uses to enter.
///
/// Operands are such that a near relative of the instruction, or half of the register, gives another result.
pub(crate) const INSTRUCTION_SETS: [InstructionSet; 12] = [
    InstructionSet { input: &[], expected: &[SSE], ..set("XSAVE", 1, Register::Ecx, 26, SSE) },
    InstructionSet {
        input: &[floats(1.5, 2.25), floats(-3.0, 4.0), floats(0.5, -8.0), floats(16.0, 0.125)],
        expected: &[floats(3.75, 1.0), floats(-7.5, 16.125)],
        ..set("SSE3", 1, Register::Ecx, 0, NO_STATE)
    },
    // Bytes in reverse order; an index with its highest bit set makes a zero.
    InstructionSet {
        input: &[0x1716_1514_1312_1110, 0x1f1e_1d1c_1b1a_1918, 0x0809_0a0b_800d_0e0f, 0x0001_0203_0405_0607],
        expected: &[0x1819_1a1b_001d_1e1f, 0x1011_1213_1415_1617],
        ..set("SSSE3", 1, Register::Ecx, 9, NO_STATE)
    },
    // Four products, of which the lower half stays.
    InstructionSet {
        input: &[0x0001_0001_0000_0003, 0x0000_0007_ffff_fffb, 0x0001_0001_0000_0005, 0x8000_0001_0000_0006],
        expected: &[0x0002_0001_0000_000f, 0x8000_0007_ffff_ffe2],
        ..set("SSE4.1", 1, Register::Ecx, 19, NO_STATE)
    },
    // A comparison of 64 bits, signed: halves alone would decide otherwise.
    InstructionSet {
        input: &[0x1_0000_0000, u64::MAX, 5, 0],
        expected: &[u64::MAX, 0],
        ..set("SSE4.2", 1, Register::Ecx, 20, NO_STATE)
    },
    InstructionSet {
        input: &[0xf000_0000_0100_0003],
        expected: &[7],
        ..set("POPCNT", 1, Register::Ecx, 23, NO_STATE)
    },
    InstructionSet {
        input: &[
            1.5_f64.to_bits(),
            (-2.0_f64).to_bits(),
            3.25_f64.to_bits(),
            1024.0_f64.to_bits(),
            0.25_f64.to_bits(),
            7.0_f64.to_bits(),
            (-3.5_f64).to_bits(),
            0.5_f64.to_bits(),
        ],
        expected: &[(-0.25_f64).to_bits(), 1024.5_f64.to_bits(), 1.75_f64.to_bits(), 5.0_f64.to_bits()],
        ..set("AVX", 1, Register::Ecx, 28, AVX)
    },
    // (1 + 2^-30)^2 - (1 + 2^-29) is 2^-60; a product that is rounded before the sum loses it. The same for 2^1 to 2^3.
    InstructionSet {
        input: &[
            power(0) | 1 << 22,
            power(1) | 1 << 22,
            power(2) | 1 << 22,
            power(3) | 1 << 22,
            NEGATIVE | power(0) | 1 << 23,
            NEGATIVE | power(2) | 1 << 23,
            NEGATIVE | power(4) | 1 << 23,
            NEGATIVE | power(6) | 1 << 23,
        ],
        expected: &[power(-60), power(-58), power(-56), power(-54)],
        ..set("FMA", 1, Register::Ecx, 12, AVX)
    },
    InstructionSet {
        input: &[1, u64::MAX, i64::MAX as u64, 0xffff_ffff, 2, 3, 1, 1],
        expected: &[0x1_0000_0000, 1 << 63, 2, 3],
        ..set("AVX2", 7, Register::Ebx, 5, AVX)
    },
    InstructionSet {
        input: &[0xff00_ff00_ff00_ff00, 0x0123_4567_89ab_cdef, 0, 1 << 40],
        expected: &[0x0023_0067_00ab_00ef, 64, 40],
        ..set("BMI1", 7, Register::Ebx, 3, NO_STATE)
    },
    InstructionSet {
        input: &[0x0123_4567_89ab_cdef, 0xff00_ff00_ff00_ff00],
        expected: &[0x0145_89cd, 0x0100_4500_8900_cd00, 0xef01_2345_6789_abcd],
        ..set("BMI2", 7, Register::Ebx, 8, NO_STATE)
    },
    InstructionSet {
        input: &[0, 1 << 40],
        expected: &[64, 23],
        ..set("LZCNT", 0x8000_0001, Register::Ecx, 5, NO_STATE)
    },
];

const fn set(name: &'static str, leaf: u32, register: Register, bit: u32, state: u64) -> InstructionSet {
    InstructionSet { name, leaf, register, bit, state, input: &[], expected: &[] }
}

const fn floats(low: f32, high: f32) -> u64 {
    low.to_bits() as u64 | (high.to_bits() as u64) << 32
}

/// 2^`exponent` as a double.
const fn power(exponent: i64) -> u64 {
    ((1023 + exponent) as u64) << 52
}

const NEGATIVE: u64 = 1 << 63;

impl InstructionSet {
    /// Whether the registers of its leaf tell of it.
    pub(crate) fn is_in(&self, ebx: u32, ecx: u32) -> bool {
        let value = match self.register {
            Register::Ebx => ebx,
            Register::Ecx => ecx,
        };
        value >> self.bit & 1 == 1
    }

    /// Whether a table of CPUID tells of it.
    pub(crate) fn is_announced(&self, entries: &[kvm_cpuid_entry2]) -> bool {
        entries.iter().any(|entry| self.lies_in(entry) && self.is_in(entry.ebx, entry.ecx))
    }

    fn lies_in(&self, entry: &kvm_cpuid_entry2) -> bool {
        entry.function == self.leaf && entry.index == 0
    }
}

/// Tells guests, in their CPUID `entries`, of the sets that the host's processor has and the hypervisor is silent about.
/// Sets with a state that the hypervisor does not keep for guests stay out: they cannot work.
pub(crate) fn announce(entries: &mut [kvm_cpuid_entry2], host: impl Fn(u32) -> CpuidResult) {
    let enabled = cpu::extended_state(entries);
    for set in &INSTRUCTION_SETS {
        let leaf = host(set.leaf);
        if !set.is_in(leaf.ebx, leaf.ecx) || enabled & set.state != set.state {
            continue;
        }
        for entry in entries.iter_mut().filter(|entry| set.lies_in(entry)) {
            match set.register {
                Register::Ebx => entry.ebx |= 1 << set.bit,
                Register::Ecx => entry.ecx |= 1 << set.bit,
            }
        }
    }
}

/// A leaf of the host's own processor, at subleaf 0.
pub(crate) fn host_leaf(leaf: u32) -> CpuidResult {
    known_leaf(leaf, |leaf| __cpuid_count(leaf, 0))
}

/// What `cpuid` says of a leaf; zeros for one beyond the last, for which processors give the contents of another.
pub(crate) fn known_leaf(leaf: u32, cpuid: impl Fn(u32) -> CpuidResult) -> CpuidResult {
    if leaf > cpuid(leaf & 0x8000_0000).eax { NOTHING } else { cpuid(leaf) }
}

pub(crate) const NOTHING: CpuidResult = CpuidResult { eax: 0, ebx: 0, ecx: 0, edx: 0 };
