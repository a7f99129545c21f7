//! Cranelift, by way of wasmtime.

use std::any::Any;

use cranelift_codegen::timing::{self, Pass, Profiler};
use twinwall_tune::{KVM_CPU_FEATURES, Machine, Profile, tune};
use wasmtime::{Config, Engine, OptLevel};

use crate::CompileError;
use crate::error::one_line;
use crate::facts::Facts;

/// Compiles a valid module or component, of which these are the facts, and returns wasmtime's serialized form of it.
pub(crate) fn generate(wasm: &[u8], facts: &Facts, profile: Profile) -> Result<Vec<u8>, CompileError> {
    silence_pass_timer();
    let config = configure(profile).map_err(|error| CompileError::Settings(describe(&error)))?;
    let engine = Engine::new(&config).map_err(|error| CompileError::Settings(describe(&error)))?;
    let code = match facts.world {
        None => engine.precompile_module(wasm),
        Some(_) => engine.precompile_component(wasm),
    };
    code.map_err(|error| CompileError::Refused(describe(&error)))
}

fn configure(profile: Profile) -> wasmtime::Result<Config> {
    let mut config = Config::new();
    tune(&mut config, profile);
    config.target(profile.machine.target())?;
    config.cranelift_opt_level(OptLevel::Speed);
    // Backtraces follow frame pointers; no guest has an unwinder.
    config.native_unwind_info(false);
    if profile.machine == Machine::Kvm {
        for feature in &KVM_CPU_FEATURES {
            // SAFETY: the flag is one of Cranelift's own for this target and only widens the instruction set; a
            // guest loads the code only after CPUID confirmed each of these features.
            unsafe { config.cranelift_flag_enable(feature.flag) };
        }
    }
    Ok(config)
}

/// The whole chain of an error on one line.
fn describe(error: &wasmtime::Error) -> String {
    one_line(&format!("{error:#}"))
}

/// Keeps Cranelift from asking for the time, which traps where the standard library has no clock.
fn silence_pass_timer() {
    thread_local! {
        static SILENCED: () = drop(timing::set_thread_profiler(Box::new(NoTimer)));
    }
    SILENCED.with(|()| ());
}

/// A profiler of compiler passes that measures nothing.
struct NoTimer;

impl Profiler for NoTimer {
    fn start_pass(&self, _pass: Pass) -> Box<dyn Any> {
        Box::new(())
    }
}
