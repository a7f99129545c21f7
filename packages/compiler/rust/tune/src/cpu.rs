//! The CPU features that code for the `kvm` machine uses.

/// Register in which CPUID reports a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CpuidRegister {
    /// EBX.
    Ebx,
    /// ECX.
    Ecx,
}

/// One CPU feature, under the names that compiler, wasmtime and CPUID use for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CpuFeature {
    /// ISA flag of Cranelift, for instance `has_sse41`.
    pub flag: &'static str,
    /// Name that wasmtime passes to the `detect_host_feature` function, for instance `sse4.1`.
    pub name: &'static str,
    /// CPUID leaf (EAX on entry); the subleaf (ECX on entry) is always zero.
    pub leaf: u32,
    /// Register that holds the bit.
    pub register: CpuidRegister,
    /// Number of the bit in that register.
    pub bit: u8,
}

impl CpuFeature {
    /// Whether the feature is set in what CPUID returned for [`leaf`](Self::leaf).
    pub const fn is_set(&self, ebx: u32, ecx: u32) -> bool {
        let value = match self.register {
            CpuidRegister::Ebx => ebx,
            CpuidRegister::Ecx => ecx,
        };
        value >> self.bit & 1 == 1
    }
}

/// Features that every module for the `kvm` machine may use: the x86-64-v3 level without MOVBE and F16C.
///
/// AVX, AVX2 and FMA also need the YMM state enabled in XCR0 (value 7), which the host sets for its machines.
pub const KVM_CPU_FEATURES: [CpuFeature; 11] = [
    feature("has_sse3", "sse3", 1, CpuidRegister::Ecx, 0),
    feature("has_ssse3", "ssse3", 1, CpuidRegister::Ecx, 9),
    feature("has_fma", "fma", 1, CpuidRegister::Ecx, 12),
    feature("has_sse41", "sse4.1", 1, CpuidRegister::Ecx, 19),
    feature("has_sse42", "sse4.2", 1, CpuidRegister::Ecx, 20),
    feature("has_popcnt", "popcnt", 1, CpuidRegister::Ecx, 23),
    feature("has_avx", "avx", 1, CpuidRegister::Ecx, 28),
    feature("has_bmi1", "bmi1", 7, CpuidRegister::Ebx, 3),
    feature("has_avx2", "avx2", 7, CpuidRegister::Ebx, 5),
    feature("has_bmi2", "bmi2", 7, CpuidRegister::Ebx, 8),
    feature("has_lzcnt", "lzcnt", 0x8000_0001, CpuidRegister::Ecx, 5),
];

/// The feature that wasmtime asks for by `name`, if modules may use it.
pub fn cpu_feature(name: &str) -> Option<&'static CpuFeature> {
    KVM_CPU_FEATURES.iter().find(|feature| feature.name == name)
}

const fn feature(
    flag: &'static str,
    name: &'static str,
    leaf: u32,
    register: CpuidRegister,
    bit: u8,
) -> CpuFeature {
    CpuFeature { flag, name, leaf, register, bit }
}
