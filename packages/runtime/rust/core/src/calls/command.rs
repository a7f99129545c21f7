//! A run of a WASI command.

use alloc::borrow::Cow;
use alloc::format;

use twinwall_abi::{ErrorCode, Request, tables};
use wasmtime::Store;

use super::input;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;
use crate::program::ModuleProgram;
use crate::wasi::Exit;

/// Runs `_start` with the arguments, environment and stdin of the request; the output is the exit status.
pub(crate) fn call<P: Platform>(
    store: &mut Store<Guest<P>>,
    program: &ModuleProgram,
    request: &Request,
) -> Result<(), Failure> {
    let start = program
        .start
        .ok_or_else(|| Failure::new(ErrorCode::NoFunction, "the module exports no function `_start`"))?;
    prepare(store, input(request))?;
    // SAFETY: the type of `_start` was checked at boot: no parameters, no results.
    let outcome = unsafe { start.call_unchecked(&mut *store, &mut [] as *mut [_]) };
    let status = match outcome {
        Ok(()) => 0,
        Err(error) => match error.downcast_ref::<Exit>() {
            Some(Exit(status)) => *status,
            None => return Err(Failure::of(&error)),
        },
    };
    store.data_mut().out.append::<P>(&status.to_le_bytes())
}

/// Gives a run its arguments, environment and stdin.
pub(crate) fn prepare<P: Platform>(store: &mut Store<Guest<P>>, input: &'static [u8]) -> Result<(), Failure> {
    let run = tables::command_input(input)
        .map_err(|error| Failure::internal(format!("the input of the command is malformed: {error}")))?;
    let arguments = run.arguments().unwrap_or_default();
    let environment = run.environment().unwrap_or_default();
    let stdin = run.stdin().map_or(&[][..], |bytes| bytes.bytes());
    store
        .data_mut()
        .wasi
        .reset(arguments.iter(), environment.iter(), Cow::Borrowed(stdin))
        .map_err(|error| Failure::new(ErrorCode::Option, format!("{error}")))
}
