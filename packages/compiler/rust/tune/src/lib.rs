//! The one wasmtime configuration that compiler and guests share.
//!
//! A guest loads a compiled module only when its own engine agrees with the compiler's on every setting that
//! shapes code. Both sides therefore call [`tune`] and nothing else; settings that belong to one side alone (the
//! target and ISA flags of the compiler, the stack size and memory placement of a guest) are set by that side.

#![no_std]

use wasmtime::{Config, WasmBacktraceDetails};

mod cpu;
mod fuel;

pub use cpu::{CpuFeature, CpuidRegister, KVM_CPU_FEATURES, cpu_feature};
pub use fuel::FUEL_PARTS;

/// The text of [`Profile::compiler`]: wasmtime's release, this crate's own revision (raise it with every change of
/// a setting below), target, CPU level and fuel.
macro_rules! concat_compiler {
    ($target:literal, $cpu:literal, $fuel:literal) => {
        concat!("wasmtime 48.0.8, tune 3, ", $target, ", ", $cpu, ", ", $fuel)
    };
}

/// Target triple of modules for the `kvm` machine.
///
/// The operating system counts: wasmtime compares it when it loads a module, and the images are built for it.
pub const KVM_TARGET: &str = "x86_64-unknown-linux-gnu";

/// Target triple of modules for the `soft` machine, whose image is a 32-bit WebAssembly module.
pub const SOFT_TARGET: &str = "pulley32";

/// The machine that a module is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Machine {
    /// x86-64 machine code for a KVM micro-VM.
    Kvm,
    /// Pulley bytecode for the interpreter inside a WebAssembly instance.
    Soft,
}

impl Machine {
    /// The target triple that the compiler is given for this machine.
    pub const fn target(self) -> &'static str {
        match self {
            Self::Kvm => KVM_TARGET,
            Self::Soft => SOFT_TARGET,
        }
    }

    /// The name used on command lines and in files: `kvm` or `soft`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Soft => "soft",
        }
    }

    /// The machine of that [`name`](Self::name), if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Kvm, Self::Soft].into_iter().find(|machine| machine.name() == name)
    }
}

/// Everything a user may choose about compiled code. Two profiles never share compiled modules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Profile {
    /// Where the code runs.
    pub machine: Machine,
    /// Whether the code counts instructions and stops when its fuel is used up.
    pub fuel: bool,
}

impl Profile {
    /// Compiler release and code flags as text. A guest refuses a module whose text differs from its own.
    pub const fn compiler(self) -> &'static str {
        match (self.machine, self.fuel) {
            (Machine::Kvm, false) => concat_compiler!("x86_64-unknown-linux-gnu", "x86-64-v3", "no-fuel"),
            (Machine::Kvm, true) => concat_compiler!("x86_64-unknown-linux-gnu", "x86-64-v3", "fuel"),
            (Machine::Soft, false) => concat_compiler!("pulley32", "none", "no-fuel"),
            (Machine::Soft, true) => concat_compiler!("pulley32", "none", "fuel"),
        }
    }
}

/// Applies every setting that compiler and guest must agree on for `profile`.
pub fn tune(config: &mut Config, profile: Profile) {
    explicit_checks_only(config);
    // A guest places each linear memory at a fixed address through its own `MemoryCreator`. The base then never
    // changes, and code may keep it in a register across calls. The reservation stays zero: it would only matter for
    // code that relies on faults, and the guest does not set 4 GiB aside.
    config.memory_may_move(false);
    config.consume_fuel(profile.fuel);
    if profile.fuel {
        config.operator_cost(fuel::costs());
    }
    deterministic_features(config);
    // Function names and module offsets in backtraces, and symbols by which a profiler outside the guest finds the
    // function of an address; but no DWARF, which would be parsed inside the guest.
    config.generate_address_map(true);
    config.debug_symbols(true);
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
}

/// Turns off all that needs signals or virtual memory, which no guest has.
fn explicit_checks_only(config: &mut Config) {
    config.signals_based_traps(false);
    config.memory_init_cow(false);
    config.memory_reservation(0);
    config.memory_guard_size(0);
    config.guard_before_linear_memory(false);
    // Growth slack would become part of the writable set that every restore has to copy.
    config.memory_reservation_for_growth(0);
    // Tables are filled before the snapshot: filling them lazily would write the same entries again in each call.
    config.table_lazy_init(false);
}

/// Fixes the WebAssembly proposals, whatever wasmtime's own defaults become.
fn deterministic_features(config: &mut Config) {
    config.wasm_multi_value(true);
    config.wasm_bulk_memory(true);
    config.wasm_simd(true);
    config.wasm_relaxed_simd(true);
    // Same results on every machine and CPU.
    config.relaxed_simd_deterministic(true);
    config.wasm_tail_call(true);
    config.wasm_extended_const(true);
    config.wasm_multi_memory(true);
    config.wasm_memory64(false);
    config.wasm_custom_page_sizes(false);
    config.wasm_wide_arithmetic(false);
}
