//! The compiler as a WebAssembly module, bound by wasm-bindgen.
//!
//! An instance serves one compilation, or reads the files of one world, and is then thrown away, so that nothing of one module can reach the next.
//! No function throws: failures come back as values, and what ends an instance for good (a panic, the memory
//! limit) leaves a note that [`last_words`] reads afterwards.

mod memory;
mod outcome;
mod panic;
mod wit;

use twinwall_compiler::Limits;
use twinwall_tune::{Machine, Profile};
use wasm_bindgen::prelude::wasm_bindgen;

pub use outcome::Outcome;
pub use wit::{Described, WitFiles};

/// Compiles `module` for `machine` (`kvm` or `soft`), with instruction counting when `fuel` is set.
///
/// `artifact_bytes` bounds the result; `memory_bytes` what the compiler may have allocated at any one time.
#[wasm_bindgen]
pub fn compile(
    module: &[u8],
    machine: &str,
    fuel: bool,
    module_bytes: usize,
    artifact_bytes: usize,
    memory_bytes: usize,
) -> Outcome {
    panic::keep_note();
    memory::set_limit(memory_bytes);
    let Some(machine) = Machine::from_name(machine) else {
        return Outcome::unknown_machine(machine);
    };
    let limits = Limits { module_bytes, artifact_bytes };
    twinwall_compiler::compile(module, Profile { machine, fuel }, limits).into()
}

/// What ended this instance: `memory` when the limit was reached, else the message of a panic, else nothing.
#[wasm_bindgen]
pub fn last_words() -> String {
    if memory::limit_was_reached() {
        return "memory".to_owned();
    }
    panic::take_note()
}

/// Compiler release and code flags of a profile, as an artifact names them; empty for an unknown machine.
#[wasm_bindgen]
pub fn compiler_text(machine: &str, fuel: bool) -> String {
    Machine::from_name(machine)
        .map(|machine| Profile { machine, fuel }.compiler().to_owned())
        .unwrap_or_default()
}
