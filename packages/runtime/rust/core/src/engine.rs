//! The engine, and the module in it.

use alloc::format;
use alloc::sync::Arc;
use core::num::NonZeroUsize;
use core::ptr::NonNull;

use twinwall_abi::ErrorCode;
use twinwall_tune::{Profile, tune};
use wasmtime::{Config, Engine, Module};

use crate::failure::{BACKTRACE_FRAMES, Failure};
use crate::memory::Slots;
use crate::platform::Platform;

/// The engine for modules that were compiled with or without fuel.
pub(crate) fn engine<P: Platform>(fuel: bool) -> Result<Engine, Failure> {
    let mut config = Config::new();
    tune(&mut config, Profile { machine: P::MACHINE, fuel });
    config.max_wasm_stack(P::WASM_STACK);
    config.wasm_backtrace_max_frames(NonZeroUsize::new(BACKTRACE_FRAMES));
    config.with_custom_code_memory(P::code_memory());
    if let Some(places) = P::linear_memories() {
        config.with_host_memory(Arc::new(Slots::<P>::new(places)));
    }
    // SAFETY: the platform promises that its answers are right.
    unsafe { config.detect_host_feature(P::has_cpu_feature) };
    Engine::new(&config).map_err(|error| Failure::internal(format!("the engine did not start: {error:#}")))
}

/// Loads a compiled module where it lies.
pub(crate) fn module(engine: &Engine, address: u64, length: u64) -> Result<Module, Failure> {
    let code = NonNull::new(address as *mut u8)
        .map(|start| NonNull::slice_from_raw_parts(start, length as usize))
        .ok_or_else(|| Failure::internal("the boot configuration names no module"))?;
    // SAFETY: the host attached these bytes read-only (and executable) for as long as the machine lives, and it
    // attaches only what the compiler made.
    unsafe { Module::deserialize_raw(engine, code) }.map_err(|error| {
        Failure::new(ErrorCode::BadModule, format!("the compiled module does not load: {error:#}"))
    })
}
