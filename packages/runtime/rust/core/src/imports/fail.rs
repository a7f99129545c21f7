//! `fail(code, pointer, length)`: the module's own failures.

use alloc::string::String;

use wasmtime::{Caller, Extern, Func, FuncType, ImportType, Store, Trap};

use super::{pieces, wrong_type};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::pieces::range;
use crate::platform::Platform;
use crate::signature::{FAIL, numbers_text};

/// Most bytes of text that are looked at.
const TEXT_BYTES: u32 = 4096;

/// Defines the import.
pub(super) fn define<P: Platform>(
    store: &mut Store<Guest<P>>,
    import: &ImportType<'_>,
    kind: FuncType,
) -> Result<Extern, Failure> {
    if !FAIL.is(&kind) {
        return Err(wrong_type(import, &numbers_text(FAIL.parameters, FAIL.results), &kind));
    }
    let function = Func::wrap(store, |caller: Caller<'_, Guest<P>>, code: i32, pointer: u32, length: u32| {
        fail(caller, code, pointer, length)
    });
    Ok(function.into())
}

/// Ends the call with the module's code and text; it never returns to the module.
fn fail<P: Platform>(
    mut caller: Caller<'_, Guest<P>>,
    code: i32,
    pointer: u32,
    length: u32,
) -> wasmtime::Result<()> {
    let text = if length == 0 {
        String::new()
    } else {
        let memory = pieces(&mut caller).memory().map_err(wasmtime::Error::new)?;
        let data = memory.data(&caller);
        let whole = range(data.len(), pointer, length).ok_or(Trap::MemoryOutOfBounds)?;
        let shown = range(data.len(), pointer, length.min(TEXT_BYTES)).unwrap_or(whole);
        String::from_utf8_lossy(data.get(shown).unwrap_or_default()).into_owned()
    };
    Err(wasmtime::Error::new(Failure::guest(code, text)))
}
