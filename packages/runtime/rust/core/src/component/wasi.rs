//! WASI 0.2, as imports of a component: what it imports of it, and no more.

use alloc::vec::Vec;

use twinwall_abi::ErrorCode;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Store, StoreContextMut};

use super::call::settle;
use super::values::{Answer, Lifted};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::wasi::preview2::{self, Found, Function, Refusal};

/// What a function does.
enum Action<P: Platform> {
    Run(Function<Guest<P>>),
    Refuse(Refusal),
}

/// Defines the imports of a component that are WASI's.
pub(super) fn define<P: Platform>(
    store: &mut Store<Guest<P>>,
    linker: &mut Linker<Guest<P>>,
    component: &Component,
) -> Result<(), Failure> {
    let engine = store.engine().clone();
    let ty = component.component_type();
    let mut kinds = Kinds::default();
    for (name, import) in ty.imports(&engine) {
        let Some(interface) = preview2::interface(name) else { continue };
        let ComponentItem::ComponentInstance(instance) = import.ty else { continue };
        let mut scope = linker.instance(name).map_err(|error| twice(&error))?;
        for (name, item) in instance.exports(&engine) {
            match item.ty {
                ComponentItem::Resource(ty) => {
                    let kind = kinds.of(store, ty);
                    resource(&mut scope, name, kind)?;
                }
                ComponentItem::ComponentFunc(ty) => {
                    let action = match preview2::find::<Guest<P>>(interface, name, &ty) {
                        Found::Function(function) => Action::Run(function),
                        Found::Refusal(refusal) => Action::Refuse(refusal),
                        Found::OtherType => return Err(other_type(interface, name)),
                    };
                    function(&mut scope, name, action)?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Numbers of resource types. An interface that uses the type of another one has it again, also under another name.
#[derive(Default)]
struct Kinds {
    known: Vec<(ResourceType, u32)>,
}

impl Kinds {
    fn of<P: Platform>(&mut self, store: &mut Store<Guest<P>>, ty: ResourceType) -> u32 {
        if let Some((_, kind)) = self.known.iter().find(|(known, _)| *known == ty) {
            return *kind;
        }
        let kind = store.data_mut().handles.add_host_type();
        self.known.push((ty, kind));
        kind
    }
}

fn resource<P: Platform>(
    scope: &mut LinkerInstance<'_, Guest<P>>,
    name: &str,
    kind: u32,
) -> Result<(), Failure> {
    let drop = |mut store: StoreContextMut<'_, Guest<P>>, number| {
        store.data_mut().wasi.resources.remove(number);
        Ok(())
    };
    scope.resource(name, ResourceType::host_dynamic(kind), drop).map_err(|error| twice(&error))
}

fn function<P: Platform>(
    scope: &mut LinkerInstance<'_, Guest<P>>,
    name: &str,
    action: Action<P>,
) -> Result<(), Failure> {
    scope
        .func_wrap(name, move |store: StoreContextMut<'_, Guest<P>>, arguments: Lifted<0>| {
            call(store, &action, arguments)
        })
        .map_err(|error| twice(&error))?;
    Ok(())
}

fn call<P: Platform>(
    mut store: StoreContextMut<'_, Guest<P>>,
    action: &Action<P>,
    arguments: Lifted<0>,
) -> wasmtime::Result<Answer<P>> {
    let (image, _) = settle(&mut store, arguments).map_err(wasmtime::Error::new)?;
    let guest = store.data_mut();
    let reply = match action {
        Action::Run(function) => preview2::call(*function, guest, &image)?,
        Action::Refuse(refusal) => refusal.answer(guest)?,
    };
    let resources = &mut guest.wasi.resources;
    resources.reply = reply;
    let reply: *const [u8] = &raw const *resources.reply;
    // SAFETY: the reply stays until the next call of such a function, before which it is lowered: a component's allocator
    // cannot call imports.
    Ok(unsafe { Answer::new(&*reply) })
}

#[cold]
fn other_type(interface: &str, name: &str) -> Failure {
    let message = alloc::format!(
        "the component imports `{name}` of {interface} with another type than WASI 0.2 gives it"
    );
    Failure::new(ErrorCode::Import, message)
}

#[cold]
fn twice(error: &wasmtime::Error) -> Failure {
    Failure::internal(alloc::format!("WASI is defined already: {error:#}"))
}
