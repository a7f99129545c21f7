//! Host functions on numbers.

use alloc::boxed::Box;
use core::mem::MaybeUninit;
use core::{ptr, slice};

use twinwall_abi::tables::{HostFunction, Vector};
use twinwall_abi::{RecordKind, ValueType};
use twinwall_image_support::outbox;
use wasmtime::{Caller, Extern, Func, FuncType, ImportType, Store, ValRaw};

use super::{Target, wrong_type};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::signature::{Number, numbers_text, same};

/// Defines the import: a function of exactly the declared type.
pub(super) fn define<P: Platform>(
    store: &mut Store<Guest<P>>,
    import: &ImportType<'_>,
    kind: FuncType,
    target: Target,
    declaration: &HostFunction<'_>,
) -> Result<Extern, Failure> {
    let not_numbers = || Failure::internal("a host function is declared with a type that is no number");
    let list = |types: Option<Vector<'_, ValueType>>| {
        types.unwrap_or_default().iter().map(Number::declared).collect::<Option<Box<[Number]>>>()
    };
    let parameters = list(declaration.parameters()).ok_or_else(not_numbers)?;
    let results = list(declaration.results()).ok_or_else(not_numbers)?;
    if !same(&parameters, kind.params()) || !same(&results, kind.results()) {
        return Err(wrong_type(import, &numbers_text(&parameters, &results), &kind));
    }
    // SAFETY: the type was checked to be that of `parameters` and `results`; `values` has room for the longer one.
    let function = unsafe {
        Func::new_unchecked(store, kind, move |mut caller, values| {
            call(&mut caller, target, values, &parameters, &results)
        })
    };
    Ok(function.into())
}

fn call<P: Platform>(
    caller: &mut Caller<'_, Guest<P>>,
    target: Target,
    values: &mut [MaybeUninit<ValRaw>],
    parameters: &[Number],
    results: &[Number],
) -> wasmtime::Result<()> {
    let guest = caller.data_mut();
    let length = parameters.len() * 8;
    let address = guest.out.reserve::<P>(length).map_err(wasmtime::Error::new)?;
    for ((number, value), place) in parameters.iter().zip(&*values).zip((address..).step_by(8)) {
        // SAFETY: the caller initialised as many values as there are parameters.
        guest.out.write_slot(place, number.to_slot(*unsafe { value.assume_init_ref() }));
    }
    if target.deferred && note::<P>(target.index, address, length) {
        write_results(values, results, core::iter::repeat(0));
        return Ok(());
    }
    let (address, length) = guest.host_call(target.index, address, length).map_err(wasmtime::Error::new)?;
    if target.deferred {
        write_results(values, results, core::iter::repeat(0));
        return Ok(());
    }
    if length != results.len() * 8 {
        return Err(wasmtime::Error::new(Failure::internal(
            "the host answered with another number of results",
        )));
    }
    // SAFETY: the host placed so many bytes there; nothing leaves the guest while they are read.
    let slots =
        (0..results.len()).map(|index| unsafe { ptr::read_unaligned((address as *const u64).add(index)) });
    write_results(values, results, slots);
    Ok(())
}

/// Appends the call to the outbox; false when it does not fit there.
fn note<P: Platform>(index: u32, address: u64, length: usize) -> bool {
    // SAFETY: the arguments were just written to the out area, which stays open.
    let arguments = unsafe { slice::from_raw_parts(address as *const u8, length) };
    outbox::append::<P>(RecordKind::HostCall, index, arguments).is_ok()
}

fn write_results(values: &mut [MaybeUninit<ValRaw>], results: &[Number], slots: impl Iterator<Item = u64>) {
    for ((place, number), slot) in values.iter_mut().zip(results).zip(slots) {
        *place = MaybeUninit::new(number.read_slot(slot));
    }
}
