//! From a compiled component to functions that can be called.

use alloc::format;
use alloc::vec::Vec;
use core::marker::PhantomData;
use core::ptr::NonNull;

use twinwall_abi::ErrorCode;
use twinwall_abi::tables::BootConfiguration;
use wasmtime::component::{Component, Func, Instance, Linker, TypedFunc};
use wasmtime::{Engine, Store, Trap};

use super::values::{Arguments, Lifted};
use super::{link, wasi};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::wasi::Exit;

/// A component that waits for calls.
pub(crate) struct ComponentProgram<P> {
    /// In the order in which requests name them.
    exports: Vec<Func>,
    platform: PhantomData<fn() -> P>,
}

impl<P: Platform> ComponentProgram<P> {
    /// Instantiates the component, which runs whatever initialises it.
    pub(crate) fn boot(
        store: &mut Store<Guest<P>>,
        component: &Component,
        configuration: &BootConfiguration<'_>,
    ) -> Result<Self, Failure> {
        let mut linker = Linker::new(store.engine());
        link::host_functions(store, &mut linker, configuration)?;
        wasi::define(store, &mut linker, component)?;
        let instance = linker.instantiate(&mut *store, component).map_err(|error| refused(&error))?;
        let wanted = configuration.component_exports().unwrap_or_default();
        let exports = wanted
            .iter()
            .map(|export| {
                find(store, &instance, export.interface_name(), export.name())
                    .ok_or_else(|| missing(export.interface_name(), export.name()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { exports, platform: PhantomData })
    }

    /// Export `index` as a function on values.
    pub(super) fn export<'i>(&self, index: u32) -> Result<TypedFunc<Arguments<'i, P>, Lifted<1>>, Failure> {
        let function = self.function(index)?;
        // SAFETY: both types handle every type that a component function may have.
        Ok(unsafe { TypedFunc::new_unchecked(function) })
    }

    /// Export `index`.
    pub(super) fn function(&self, index: u32) -> Result<Func, Failure> {
        self.exports.get(index as usize).copied().ok_or_else(|| {
            Failure::new(ErrorCode::NoFunction, format!("the component has no export number {index}"))
        })
    }
}

/// Loads a compiled component where it lies.
pub(crate) fn load(engine: &Engine, address: u64, length: u64) -> Result<Component, Failure> {
    let code = NonNull::new(address as *mut u8)
        .map(|start| NonNull::slice_from_raw_parts(start, length as usize))
        .ok_or_else(|| Failure::internal("the boot configuration names no component"))?;
    // SAFETY: the host attached these bytes read-only (and executable) for as long as the machine lives, and it
    // attaches only what the compiler made.
    unsafe { Component::deserialize_raw(engine, code) }.map_err(|error| {
        Failure::new(ErrorCode::BadModule, format!("the compiled component does not load: {error:#}"))
    })
}

fn find<P: Platform>(
    store: &mut Store<Guest<P>>,
    instance: &Instance,
    interface: Option<&str>,
    name: &str,
) -> Option<Func> {
    let interface = match interface {
        None => None,
        Some(interface) => Some(instance.get_export_index(&mut *store, None, interface)?),
    };
    let function = instance.get_export_index(&mut *store, interface.as_ref(), name)?;
    instance.get_func(&mut *store, function)
}

/// Why a component was not instantiated: what its own code failed with, an import, or its size.
fn refused(error: &wasmtime::Error) -> Failure {
    if error.is::<Trap>() || error.is::<Failure>() || error.is::<Exit>() {
        return Failure::of(error);
    }
    let text = format!("{error:#}");
    // wasmtime has no types for these.
    if text.contains("imports") || text.contains("implementation") {
        return Failure::new(ErrorCode::Import, text);
    }
    Failure::new(ErrorCode::Memory, format!("the component does not fit its memory limit: {text}"))
}

#[cold]
fn missing(interface: Option<&str>, name: &str) -> Failure {
    let interface = interface.unwrap_or("the world");
    Failure::new(ErrorCode::NoFunction, format!("the component exports no function `{name}` of {interface}"))
}
