//! The host's functions and resources, as imports of a component.

use alloc::format;

use twinwall_abi::tables::{BootConfiguration, HostFunction};
use twinwall_abi::{ErrorCode, FunctionShape};
use wasmtime::component::{Linker, LinkerInstance, ResourceType};
use wasmtime::{Store, StoreContextMut};

use super::call::{host_call, resource_dropped};
use super::values::Lifted;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;

/// Defines what the host declared.
pub(super) fn host_functions<P: Platform>(
    store: &mut Store<Guest<P>>,
    linker: &mut Linker<Guest<P>>,
    configuration: &BootConfiguration<'_>,
) -> Result<(), Failure> {
    for (index, declared) in (0_u32..).zip(configuration.host_functions().unwrap_or_default().iter()) {
        let mut scope = match declared.interface_name() {
            None => linker.root(),
            Some(interface) => linker.instance(interface).map_err(|error| twice(&declared, &error))?,
        };
        match declared.shape() {
            FunctionShape::Typed => function(&mut scope, &declared, index)?,
            FunctionShape::Resource => {
                let kind = store.data_mut().handles.add_host_type();
                resource(&mut scope, &declared, index, kind)?;
            }
            _ => return Err(Failure::internal("a host function of a component is declared without types")),
        }
    }
    Ok(())
}

fn function<P: Platform>(
    scope: &mut LinkerInstance<'_, Guest<P>>,
    declared: &HostFunction<'_>,
    index: u32,
) -> Result<(), Failure> {
    scope
        .func_wrap(declared.name(), move |store: StoreContextMut<'_, Guest<P>>, arguments: Lifted<0>| {
            host_call(store, index, arguments)
        })
        .map_err(|error| twice(declared, &error))?;
    Ok(())
}

fn resource<P: Platform>(
    scope: &mut LinkerInstance<'_, Guest<P>>,
    declared: &HostFunction<'_>,
    index: u32,
    kind: u32,
) -> Result<(), Failure> {
    scope
        .resource(declared.name(), ResourceType::host_dynamic(kind), move |store, representation| {
            resource_dropped(store, index, representation)
        })
        .map_err(|error| twice(declared, &error))
}

#[cold]
fn twice(declared: &HostFunction<'_>, error: &wasmtime::Error) -> Failure {
    Failure::new(ErrorCode::Import, format!("the host function `{}`: {error:#}", declared.name()))
}
