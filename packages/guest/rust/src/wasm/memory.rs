//! The exported allocator, and results that are lent to the sandbox.

use alloc::alloc::{alloc, dealloc};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::alloc::Layout;

use super::single::Single;
use crate::Failure;

/// Inputs lie at multiples of this: enough for every scalar, and what Rust's own allocator gives anyway.
const ALIGNMENT: usize = 8;

/// The result of the last call on bytes, until it is given back.
static LENT: Single<Vec<u8>> = Single::new(Vec::new());

/// Gives `size` bytes to the sandbox; 0 when there are none.
#[unsafe(no_mangle)]
extern "C" fn twinwall_allocate(size: usize) -> *mut u8 {
    match Layout::from_size_align(size, ALIGNMENT) {
        // Of no bytes any pointer is good, but for 0, which has a meaning of its own.
        Ok(_) if size == 0 => ALIGNMENT as *mut u8,
        // SAFETY: the size is not zero.
        Ok(layout) => unsafe { alloc(layout) },
        Err(_) => core::ptr::null_mut(),
    }
}

/// Takes back what `twinwall_allocate` gave, or the result of a call.
#[unsafe(no_mangle)]
extern "C" fn twinwall_free(pointer: *mut u8, size: usize) {
    let is_lent = LENT.look(|lent| pointer.cast_const() == lent.as_ptr() && size == lent.len());
    if is_lent {
        drop(LENT.replace(Vec::new()));
    } else {
        // SAFETY: the sandbox gives back what it got, once.
        unsafe { give_back(pointer, size) };
    }
}

/// Frees what `twinwall_allocate` gave.
///
/// # Safety
/// So many bytes were allocated at `pointer` by `twinwall_allocate`, and nobody uses them any more.
pub(super) unsafe fn give_back(pointer: *mut u8, size: usize) {
    if let (Ok(layout), true) = (Layout::from_size_align(size, ALIGNMENT), size != 0) {
        // SAFETY: allocated with this layout, by the caller's promise.
        unsafe { dealloc(pointer, layout) }
    }
}

/// Bytes that the sandbox placed.
///
/// # Safety
/// So many bytes lie at `pointer`, and stay unchanged while the slice is used. Of no bytes, any pointer is good.
pub(super) unsafe fn placed<'a>(pointer: *const u8, length: usize) -> &'a [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { core::slice::from_raw_parts(pointer, length) }
}

/// Lends a result to the sandbox: its place and length in one number.
pub(super) fn lend(input: &[u8], result: Cow<'_, [u8]>) -> Result<u64, Failure> {
    let result = match result {
        Cow::Borrowed([]) => return Ok(0),
        Cow::Borrowed(bytes) if lies_in(bytes, input) => return Ok(pack(bytes)),
        // It may be static, and what is static cannot be given back.
        Cow::Borrowed(bytes) => copy(bytes)?,
        Cow::Owned(bytes) if bytes.is_empty() => return Ok(0),
        Cow::Owned(bytes) => bytes,
    };
    let packed = pack(&result);
    drop(LENT.replace(result));
    Ok(packed)
}

fn lies_in(part: &[u8], whole: &[u8]) -> bool {
    let (part, whole) = (part.as_ptr_range(), whole.as_ptr_range());
    whole.start <= part.start && part.end <= whole.end
}

fn pack(bytes: &[u8]) -> u64 {
    (bytes.as_ptr() as u64) << 32 | bytes.len() as u64
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut copy = Vec::new();
    if copy.try_reserve_exact(bytes.len()).is_err() {
        return Err(Failure::new(Failure::OUT_OF_MEMORY, "there is no memory for the result"));
    }
    copy.extend_from_slice(bytes);
    Ok(copy)
}
