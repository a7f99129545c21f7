//! Host functions on bytes.

use core::mem::MaybeUninit;
use core::slice;

use twinwall_abi::RecordKind;
use twinwall_image_support::outbox;
use wasmtime::{Caller, Extern, Func, FuncType, ImportType, Store, Trap, ValRaw};

use super::{Target, pieces, wrong_type};
use crate::calls::transfer;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::pieces::{Pieces, range};
use crate::platform::Platform;
use crate::signature::{BYTES, SINK, numbers_text};

/// Defines the import: a bytes function, or one without a result when it is deferred.
pub(super) fn define<P: Platform>(
    store: &mut Store<Guest<P>>,
    import: &ImportType<'_>,
    kind: FuncType,
    target: Target,
) -> Result<Extern, Failure> {
    if !(BYTES.is(&kind) || (target.deferred && SINK.is(&kind))) {
        return Err(wrong_type(import, &numbers_text(BYTES.parameters, BYTES.results), &kind));
    }
    let has_result = kind.results().len() == 1;
    // SAFETY: the type was checked to have two i32 parameters, and a result only where `has_result` says so.
    let function = unsafe {
        Func::new_unchecked(store, kind, move |mut caller, values| {
            let [pointer, length, ..] = values else { return Err(wasmtime::Error::from(Trap::BadSignature)) };
            // Both parameters are initialised by the caller.
            let (pointer, length) = (pointer.assume_init_ref().get_u32(), length.assume_init_ref().get_u32());
            let result = call(&mut caller, target, pointer, length)?;
            if let (true, Some(place)) = (has_result, values.first_mut()) {
                *place = MaybeUninit::new(ValRaw::u64(result));
            }
            Ok(())
        })
    };
    Ok(function.into())
}

/// Passes the bytes to the host; returns pointer and length of its answer in linear memory, in one number.
fn call<P: Platform>(
    caller: &mut Caller<'_, Guest<P>>,
    target: Target,
    pointer: u32,
    length: u32,
) -> wasmtime::Result<u64> {
    let pieces = pieces(caller);
    let (data, guest) = pieces.memory().map_err(wasmtime::Error::new)?.data_and_store_mut(&mut *caller);
    let arguments = range(data.len(), pointer, length)
        .and_then(|range| data.get(range))
        .ok_or(Trap::MemoryOutOfBounds)?;
    if target.deferred && outbox::append::<P>(RecordKind::HostCall, target.index, arguments).is_ok() {
        return Ok(0);
    }
    let address = guest.out.place::<P>(arguments).map_err(wasmtime::Error::new)?;
    let length = arguments.len();
    let (address, length) = guest.host_call(target.index, address, length).map_err(wasmtime::Error::new)?;
    if target.deferred {
        return Ok(0);
    }
    // SAFETY: the host placed its answer there and leaves it alone until the next exit. Should `twinwall_allocate`
    // call the host, the bytes may become those of that answer: the module's own doing, and no harm to anything else.
    let answer = unsafe { slice::from_raw_parts(address as *const u8, length) };
    let pointer = place_nested(caller, &pieces, answer)?;
    Ok(u64::from(pointer) << 32 | answer.len() as u64)
}

/// Most allocations for answers of the host that are under way at a time: an allocator that calls the host needs the
/// allocator for the answer. Each costs stack of the runtime itself, so the end comes early, and on each machine alike.
const MOST_NESTED: u32 = 8;

/// Places an answer of the host, which may call the module's allocator within a call of the module.
fn place_nested<P: Platform>(
    caller: &mut Caller<'_, Guest<P>>,
    pieces: &Pieces,
    answer: &[u8],
) -> wasmtime::Result<u32> {
    if caller.data().nesting == MOST_NESTED {
        return Err(Trap::StackOverflow.into());
    }
    caller.data_mut().nesting += 1;
    let pointer = transfer::place(&mut *caller, pieces, answer);
    caller.data_mut().nesting -= 1;
    pointer
}
