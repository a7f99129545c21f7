//! The function by which JavaScript enters a machine, made by hand: a call should cost little more than the exit that
//! it is about, and every conversion that generated code makes for a method shows.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::bindgen_prelude::{FromNapiValue, Uint8ArraySlice, Unknown};
use napi::{Env, Result, sys};
use twinwall_abi::{CallKind, ErrorCode};
use twinwall_vmm_kvm::{Call, CallError};

use crate::host::JavaScriptOutput;
use crate::machine::Inner;

const FLAG_CONTINUES: u64 = 1;
const FLAG_RESTORE: u64 = 2;
const FLAG_EXACT: u64 = 4;
const FLAG_RESTORE_AFTER: u64 = 8;

/// Number of arguments: operation, input, output.
const ARGUMENTS: usize = 3;

/// A function `(operation, input, output) => length or negative error code` that enters the machine of `inner`. The
/// operation is `kind + flags * 2^8 + function * 2^16`.
pub(crate) fn entry_function<'env>(env: &'env Env, inner: &Rc<Inner>) -> Result<Unknown<'env>> {
    let data = Rc::into_raw(Rc::clone(inner)).cast_mut().cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: `env` is the environment of the current native call; `data` stays valid until the finalizer below.
    let created =
        unsafe { sys::napi_create_function(env.raw(), ptr::null(), 0, Some(enter), data, &mut function) };
    napi::check_status!(created, "cannot create the entry function")?;
    // SAFETY: `function` was just created, and `data` is freed by this finalizer only.
    let finalized = unsafe {
        sys::napi_add_finalizer(env.raw(), function, data, Some(release), ptr::null_mut(), ptr::null_mut())
    };
    napi::check_status!(finalized, "cannot attach to the entry function")?;
    // SAFETY: `function` is a value of `env`'s current scope.
    Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), function) })
}

/// Lets go of the machine when the function is collected.
unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `data` came from `Rc::into_raw` in `entry_function`, and a finalizer runs once, on the thread of its
    // environment.
    drop(unsafe { Rc::from_raw(data.cast_const().cast::<Inner>()) });
}

/// The native side of the function.
unsafe extern "C" fn enter(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut count = ARGUMENTS;
    let mut arguments = [ptr::null_mut(); ARGUMENTS];
    let mut data = ptr::null_mut();
    // SAFETY: Node calls with a valid environment and callback, and `arguments` has room for `count` values; absent
    // ones become undefined.
    unsafe {
        sys::napi_get_cb_info(env, info, &mut count, arguments.as_mut_ptr(), ptr::null_mut(), &mut data);
    }
    // SAFETY: the function that is being called keeps its `Inner` alive.
    let inner = unsafe { &*data.cast_const().cast::<Inner>() };
    let outcome = catch_unwind(AssertUnwindSafe(|| call(&Env::from_raw(env), inner, arguments)));
    let length = match outcome {
        Ok(Ok(length)) => length as i64,
        Ok(Err(error)) => i64::from(inner.fail(error)),
        Err(_) => i64::from(inner.fail(CallError::new(ErrorCode::Internal, "the machine's driver panicked"))),
    };
    let mut result = ptr::null_mut();
    // SAFETY: `env` is the environment of the current native call. A small integer needs no memory of the JavaScript
    // heap, other numbers do.
    unsafe {
        match i32::try_from(length) {
            Ok(small) => sys::napi_create_int32(env, small, &mut result),
            Err(_) => sys::napi_create_int64(env, length, &mut result),
        };
    }
    result
}

fn call(
    env: &Env,
    inner: &Inner,
    arguments: [sys::napi_value; ARGUMENTS],
) -> std::result::Result<usize, CallError> {
    let wrong = |_| CallError::new(ErrorCode::Type, "an entry takes a number and two Uint8Arrays");
    let [operation, input, output] = arguments;
    // SAFETY: the value is an argument of the native call in progress.
    let operation = unsafe { f64::from_napi_value(env.raw(), operation) }.map_err(wrong)? as u64;
    // SAFETY: as above.
    let input = unsafe { Uint8ArraySlice::from_napi_value(env.raw(), input) }.map_err(wrong)?;
    let call = call_of(operation, &input);
    let mut output = JavaScriptOutput { env, value: output };
    let mut host = inner.host(env);
    inner.with(|machine| machine.call(&call, &mut host, &mut output))?
}

/// The call that an operation (see [`entry_function`]) asks for.
#[inline]
pub(crate) fn call_of(operation: u64, input: &[u8]) -> Call<'_> {
    let flags = operation >> 8;
    Call {
        kind: CallKind((operation & 0xff) as u16),
        function: (operation >> 16) as u32,
        input,
        continues: flags & FLAG_CONTINUES != 0,
        restore: flags & FLAG_RESTORE != 0,
        exact: flags & FLAG_EXACT != 0,
    }
}

/// Whether an operation asks for a restore behind its reply.
pub(crate) fn restores_after(operation: u64) -> bool {
    (operation >> 8) & FLAG_RESTORE_AFTER != 0
}
