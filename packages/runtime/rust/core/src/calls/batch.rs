//! A bytes function over many inputs in one call.

use twinwall_abi::Request;
use twinwall_abi::batch::{BadBatch, HEAD, Items};
use wasmtime::Store;

use super::{input, transfer};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::program::ModuleProgram;

/// Calls the function on each item of the input; the output has one item for each. The first failure ends the call.
pub(crate) fn call<P: Platform>(
    store: &mut Store<Guest<P>>,
    program: &ModuleProgram,
    request: &Request,
) -> Result<(), Failure> {
    let function = program.exports.bytes(request.function_index())?;
    let pieces = &program.pieces;
    let items = Items::new(input(request)).map_err(malformed)?;
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&items.remaining().to_le_bytes());
    store.data_mut().out.append::<P>(&head)?;
    for item in items {
        let result = transfer::call(store, pieces, function, item.map_err(malformed)?)?;
        transfer::take(store, pieces, result, |guest, bytes| guest.out.append_item::<P>(bytes))?;
    }
    Ok(())
}

#[cold]
fn malformed(_: BadBatch) -> Failure {
    Failure::internal("the batch is shorter than its numbers say")
}
