//! Bytes in, bytes out.

use twinwall_abi::Request;
use wasmtime::Store;

use super::{input, transfer};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::program::ModuleProgram;

/// Calls a bytes function.
#[inline]
pub(crate) fn call<P: Platform>(
    store: &mut Store<Guest<P>>,
    program: &ModuleProgram,
    request: &Request,
) -> Result<(), Failure> {
    let function = program.exports.bytes(request.function_index())?;
    let pieces = &program.pieces;
    let result = transfer::call(store, pieces, function, input(request))?;
    transfer::take(store, pieces, result, |guest, bytes| guest.out.append::<P>(bytes))
}
