//! Calls into a component and out of it.

use alloc::format;
use alloc::vec::Vec;
use core::slice;

use twinwall_abi::values::{VALUES_PREFIX, frame_head, image};
use twinwall_abi::{ErrorCode, Request};
use wasmtime::component::{ResourceAny, TypedFunc};
use wasmtime::{AsContextMut, Store, StoreContextMut};

use super::program::ComponentProgram;
use super::values::{Answer, Arguments, Lifted};
use crate::calls::{command, input};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::wasi::Exit;

/// Most bytes that any call out of a component may pass, whatever the host takes: what WASI's streams ask for, with room.
const LEAST_TRANSFER: usize = 128 << 10;

/// Bounds what a component passes out at a time.
pub(crate) fn bound_transfers<P: Platform>(store: &mut Store<Guest<P>>, request: &Request) {
    // What the host takes is checked again where it is handed over.
    store.set_hostcall_fuel((request.output_limit() as usize).max(LEAST_TRANSFER));
}

/// Calls an exported function on values.
pub(crate) fn call<P: Platform>(
    store: &mut Store<Guest<P>>,
    program: &ComponentProgram<P>,
    request: &Request,
) -> Result<(), Failure> {
    let function = program.export(request.function_index())?;
    let arguments = Arguments::new(read(input(request))?);
    bound_transfers(store, request);
    let result = function.call(&mut *store, arguments).map_err(|error| failure(&error))?;
    let (image, borrowed) = settle(&mut *store, result)?;
    // Results hold no borrows.
    debug_assert!(borrowed.is_empty());
    let guest = store.data_mut();
    guest.out.append::<P>(&frame_head(image.len()))?;
    guest.out.append::<P>(&image)
}

/// Drops resources that the host has handles to.
pub(crate) fn drop_resources<P: Platform>(
    store: &mut Store<Guest<P>>,
    request: &Request,
) -> Result<(), Failure> {
    let (handles, rest) = input(request).as_chunks::<4>();
    if !rest.is_empty() {
        return Err(Failure::internal("handles have four bytes each"));
    }
    for handle in handles {
        let handle = u32::from_le_bytes(*handle);
        let resource = store.data_mut().handles.take(handle).ok_or_else(|| {
            Failure::new(ErrorCode::Type, format!("there is no resource {handle} in this session"))
        })?;
        resource.resource_drop(&mut *store).map_err(|error| failure(&error))?;
    }
    Ok(())
}

/// Runs a component as a command: `wasi:cli/run`, which the request names. The output is the exit status.
pub(crate) fn run<P: Platform>(
    store: &mut Store<Guest<P>>,
    program: &ComponentProgram<P>,
    request: &Request,
) -> Result<(), Failure> {
    let function = program.function(request.function_index())?;
    let run: TypedFunc<(), (Result<(), ()>,)> = function.typed(&*store).map_err(|_| {
        Failure::new(ErrorCode::Type, "the function `run` of a command must have type func() -> result")
    })?;
    command::prepare(store, input(request))?;
    bound_transfers(store, request);
    let status = match run.call(&mut *store, ()) {
        Ok((outcome,)) => i32::from(outcome.is_err()),
        Err(error) => match error.downcast_ref::<Exit>() {
            Some(Exit(status)) => *status,
            None => return Err(failure(&error)),
        },
    };
    store.data_mut().out.append::<P>(&status.to_le_bytes())
}

/// Passes the arguments of an imported function to the host.
pub(super) fn host_call<P: Platform>(
    mut store: StoreContextMut<'_, Guest<P>>,
    function: u32,
    arguments: Lifted<0>,
) -> wasmtime::Result<Answer<P>> {
    let (image, borrowed) = settle(&mut store, arguments).map_err(wasmtime::Error::new)?;
    let answer = pass(store.data_mut(), function, &image).map_err(wasmtime::Error::new)?;
    for handle in borrowed {
        if let Some(resource) = store.data_mut().handles.take(handle) {
            resource.resource_drop(&mut store)?;
        }
    }
    // SAFETY: the host placed the answer there and leaves it alone until the next host call, before which it is lowered:
    // a component's allocator cannot call imports.
    Ok(unsafe { Answer::new(answer) })
}

/// Tells the host that the component dropped a resource that the host has the representation of.
pub(super) fn resource_dropped<P: Platform>(
    mut store: StoreContextMut<'_, Guest<P>>,
    function: u32,
    representation: u32,
) -> wasmtime::Result<()> {
    let guest = store.data_mut();
    let address = guest.out.place::<P>(&representation.to_le_bytes()).map_err(wasmtime::Error::new)?;
    guest.host_call(function, address, 4).map_err(wasmtime::Error::new)?;
    Ok(())
}

fn pass<P: Platform>(guest: &mut Guest<P>, function: u32, image: &[u8]) -> Result<&'static [u8], Failure> {
    let length = VALUES_PREFIX.len() + image.len();
    let address = guest.out.reserve::<P>(length)?;
    guest.out.fill(address, &frame_head(image.len()));
    guest.out.fill(address + VALUES_PREFIX.len() as u64, image);
    let (address, length) = guest.host_call(function, address, length)?;
    if length == 0 {
        return Err(Failure::internal("the host answered without values"));
    }
    // SAFETY: the host placed its answer there and leaves it alone until the next host call.
    read(unsafe { slice::from_raw_parts(address as *const u8, length) })
}

/// Puts handles in the place of the resources that came out of a component. Returns the image, and the handles that are
/// only lent to whoever is called.
pub(super) fn settle<P: Platform, const SLOTS: usize>(
    mut store: impl AsContextMut<Data = Guest<P>>,
    lifted: Lifted<SLOTS>,
) -> Result<(Vec<u8>, Vec<u32>), Failure> {
    let Lifted { mut image, resources } = lifted;
    let mut borrowed = Vec::new();
    for (at, resource) in resources {
        let handle = handle_of(&mut store, resource)?;
        image[at..at + 4].copy_from_slice(&handle.to_le_bytes());
        if !resource.owned() && store.as_context_mut().data().handles.host_kind(resource.ty()).is_none() {
            borrowed.push(handle);
        }
    }
    Ok((image, borrowed))
}

/// What stands for a resource on the host: its representation where that is the host's, else a handle.
fn handle_of<P: Platform>(
    mut store: impl AsContextMut<Data = Guest<P>>,
    resource: ResourceAny,
) -> Result<u32, Failure> {
    if store.as_context_mut().data_mut().handles.host_kind(resource.ty()).is_some() {
        let host = resource.try_into_resource_dynamic(&mut store);
        return host.map(|host| host.rep()).map_err(|error| failure(&error));
    }
    let mut context = store.as_context_mut();
    context.data_mut().handles.insert(resource).ok_or_else(|| {
        Failure::new(ErrorCode::Limit, "the host holds as many resources of the component as it may")
    })
}

fn read(bytes: &[u8]) -> Result<&[u8], Failure> {
    image(bytes).map_err(|error| Failure::internal(format!("the host's values are malformed: {error}")))
}

/// What came out of a call of a component. What wasmtime itself finds wrong with values is the component's doing.
#[cold]
pub(super) fn failure(error: &wasmtime::Error) -> Failure {
    if error.is::<Failure>() || error.is::<wasmtime::Trap>() || error.is::<Exit>() {
        return Failure::of(error);
    }
    let mut failure = Failure::new(ErrorCode::BadReply, format!("{error:#}"));
    failure.frames = Failure::of(error).frames;
    failure
}
