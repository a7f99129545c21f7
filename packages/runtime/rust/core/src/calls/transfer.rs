//! Moving bytes into linear memory, calling on them, and giving the memory back.

use alloc::format;

use twinwall_abi::ErrorCode;
use wasmtime::{AsContextMut, Func, Store, ValRaw};

use crate::failure::Failure;
use crate::guest::Guest;
use crate::pieces::{Pieces, range};
use crate::platform::Platform;

/// Copies `bytes` to memory that the module allocates for them; returns their pointer, 0 when there are none.
#[inline]
pub(crate) fn place<P: Platform>(
    mut store: impl AsContextMut<Data = Guest<P>>,
    pieces: &Pieces,
    bytes: &[u8],
) -> wasmtime::Result<u32> {
    if bytes.is_empty() {
        return Ok(0);
    }
    let memory = pieces.memory().map_err(wasmtime::Error::new)?;
    let allocate = pieces.allocate().map_err(wasmtime::Error::new)?;
    let mut values = [ValRaw::u32(bytes.len() as u32)];
    // SAFETY: the type of `twinwall_allocate` was checked when it was looked up.
    unsafe { allocate.call_unchecked(&mut store, &raw mut values)? };
    let pointer = values[0].get_u32();
    let data = memory.data_mut(&mut store);
    let place = range(data.len(), pointer, bytes.len() as u32).and_then(|range| data.get_mut(range));
    match place {
        Some(place) if pointer != 0 => {
            place.copy_from_slice(bytes);
            Ok(pointer)
        }
        _ => Err(wasmtime::Error::new(no_place(pointer, bytes.len()))),
    }
}

/// Calls a bytes function on `input`; returns pointer and length of its result, which is not checked yet.
#[inline]
pub(crate) fn call<P: Platform>(
    store: &mut Store<Guest<P>>,
    pieces: &Pieces,
    function: Func,
    input: &[u8],
) -> Result<(u32, u32), Failure> {
    release(store, pieces)?;
    let pointer = place(&mut *store, pieces, input).map_err(|error| Failure::of(&error))?;
    let length = input.len() as u32;
    store.data_mut().unfreed[0] = (pointer, length);
    let mut values = [ValRaw::u32(pointer), ValRaw::u32(length)];
    // SAFETY: callers pass bytes functions only, whose type was checked when the exports were resolved.
    unsafe { function.call_unchecked(&mut *store, &raw mut values) }.map_err(|error| Failure::of(&error))?;
    let packed = values[0].get_u64();
    let (start, bytes) = ((packed >> 32) as u32, packed as u32);
    // A result that lies in the input goes with it.
    let in_input =
        start >= pointer && u64::from(start) + u64::from(bytes) <= u64::from(pointer) + u64::from(length);
    if !in_input {
        store.data_mut().unfreed[1] = (start, bytes);
    }
    Ok((start, bytes))
}

/// Appends the result of a bytes function to the output by `append`.
#[inline]
pub(crate) fn take<P: Platform>(
    store: &mut Store<Guest<P>>,
    pieces: &Pieces,
    (pointer, length): (u32, u32),
    append: impl FnOnce(&mut Guest<P>, &[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if length == 0 {
        return append(store.data_mut(), &[]);
    }
    let (data, guest) = pieces.memory()?.data_and_store_mut(store);
    match range(data.len(), pointer, length).and_then(|range| data.get(range)) {
        Some(bytes) => append(guest, bytes),
        None => Err(bad_result(pointer, length)),
    }
}

/// Frees what the call before left, where the module exports `twinwall_free`.
///
/// A call does not free after itself: on a clean slate that would be for nothing.
#[inline]
pub(crate) fn release<P: Platform>(store: &mut Store<Guest<P>>, pieces: &Pieces) -> Result<(), Failure> {
    let unfreed = core::mem::take(&mut store.data_mut().unfreed);
    let Some(free) = pieces.free()? else { return Ok(()) };
    for (pointer, length) in unfreed {
        if length == 0 {
            continue;
        }
        let mut values = [ValRaw::u32(pointer), ValRaw::u32(length)];
        // SAFETY: the type of `twinwall_free` was checked when it was looked up.
        unsafe { free.call_unchecked(&mut *store, &raw mut values) }.map_err(|error| Failure::of(&error))?;
    }
    Ok(())
}

#[cold]
fn no_place(pointer: u32, bytes: usize) -> Failure {
    if pointer == 0 {
        return Failure::new(ErrorCode::Memory, format!("`twinwall_allocate` has no room for {bytes} bytes"));
    }
    let message =
        format!("`twinwall_allocate` returned {pointer:#x} for {bytes} bytes, which lies outside memory");
    Failure::new(ErrorCode::BadModule, message)
}

#[cold]
fn bad_result(pointer: u32, length: u32) -> Failure {
    let message = format!("the function returned {length} bytes at {pointer:#x}, which lies outside memory");
    Failure::new(ErrorCode::BadReply, message)
}
