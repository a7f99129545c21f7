//! Numbers in, numbers out.

use alloc::format;
use core::mem;

use twinwall_abi::{ErrorCode, Request};
use wasmtime::{Store, ValRaw};

use super::{input, transfer};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::program::ModuleProgram;

/// Calls a function on numbers: one slot for each parameter, and one for each result.
pub(crate) fn call<P: Platform>(
    store: &mut Store<Guest<P>>,
    program: &mut ModuleProgram,
    request: &Request,
) -> Result<(), Failure> {
    let ModuleProgram { pieces, exports, values, .. } = program;
    transfer::release(store, pieces)?;
    let (function, parameters, results) = exports.scalar(request.function_index())?;
    let (slots, rest) = input(request).as_chunks::<8>();
    if slots.len() != parameters.len() || !rest.is_empty() {
        return Err(wrong_count(parameters.len(), input(request).len()));
    }
    // The buffer is put back afterwards; a host function that called back in would find none and bring its own.
    let mut buffer = mem::take(values);
    buffer.clear();
    buffer.extend(
        parameters.iter().zip(slots).map(|(number, slot)| number.read_slot(u64::from_le_bytes(*slot))),
    );
    buffer.resize(parameters.len().max(results.len()), ValRaw::u64(0));
    // SAFETY: the values are as many as the function's parameters, of their types, with room for its results.
    let outcome = unsafe { function.call_unchecked(&mut *store, buffer.as_mut_slice()) };
    let outcome = outcome.map_err(|error| Failure::of(&error)).and_then(|()| {
        results.iter().zip(&buffer).try_for_each(|(number, value)| {
            store.data_mut().out.append::<P>(&number.to_slot(*value).to_le_bytes())
        })
    });
    *values = buffer;
    outcome
}

#[cold]
fn wrong_count(parameters: usize, bytes: usize) -> Failure {
    let given = bytes / 8;
    Failure::new(
        ErrorCode::Type,
        format!("the function takes {parameters} parameters, but {given} were passed"),
    )
}
