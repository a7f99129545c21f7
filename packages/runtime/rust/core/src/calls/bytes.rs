//! Bytes in, bytes out.

use twinwall_abi::Request;

use super::{input, transfer};
use crate::failure::Failure;
use crate::platform::Platform;
use crate::serve::Runtime;

/// Calls a bytes function.
#[inline]
pub(crate) fn call<P: Platform>(runtime: &mut Runtime<P>, request: &Request) -> Result<(), Failure> {
    let function = runtime.exports.bytes(request.function_index())?;
    let Runtime { store, pieces, .. } = runtime;
    let result = transfer::call(store, pieces, function, input(request))?;
    transfer::take(store, pieces, result, |guest, bytes| guest.out.append::<P>(bytes))
}
