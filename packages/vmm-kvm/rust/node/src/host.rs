//! Host functions and outbox records, served by JavaScript functions on the calling thread.

use std::ptr;

use napi::bindgen_prelude::{
    Either, FnArgs, FromNapiValue, FunctionRef, Uint8Array, Uint8ArraySlice, Unknown,
};
use napi::{Env, sys};
use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::Entry;
use twinwall_vmm_kvm::{Host, Output, TimeLimit};

/// `(function, arguments) => result bytes, or a negative error code`.
pub(crate) type HostCall = FunctionRef<FnArgs<(u32, Uint8Array)>, Either<Uint8ArraySlice<'static>, i32>>;
/// `(kind, function, data) => void`.
pub(crate) type RecordSink = FunctionRef<FnArgs<(u32, u32, Uint8Array)>, Unknown<'static>>;

/// JavaScript as the host of a guest.
pub(crate) struct JavaScriptHost<'a> {
    pub(crate) env: &'a Env,
    pub(crate) host_call: &'a HostCall,
    pub(crate) record: &'a RecordSink,
}

/// The caller's output buffer. It is looked up when the result is there: a host function may have detached it.
pub(crate) struct JavaScriptOutput<'a> {
    pub(crate) env: &'a Env,
    pub(crate) value: sys::napi_value,
}

impl JavaScriptOutput<'_> {
    /// The buffer as it is now; `None` when it is not a `Uint8Array`.
    fn slice(&self) -> Option<Uint8ArraySlice<'_>> {
        // SAFETY: `value` is an argument of the native call in progress, in its environment.
        unsafe { Uint8ArraySlice::from_napi_value(self.env.raw(), self.value) }.ok()
    }
}

impl Output for JavaScriptOutput<'_> {
    fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        let mut slice = self.slice()?;
        // SAFETY: no JavaScript runs between here and the copy, so the buffer stays where it is and nobody else
        // writes it; the slice's data outlives `slice`, which is only a description of it.
        let bytes = unsafe { std::slice::from_raw_parts_mut(slice.as_mut().as_mut_ptr(), slice.len()) };
        bytes.get_mut(..length)
    }

    fn capacity(&self) -> usize {
        self.slice().map_or(0, |slice| slice.len())
    }
}

/// Frees the handles of one callback when it ends: a call may make many.
pub(crate) struct Scope {
    env: sys::napi_env,
    scope: sys::napi_handle_scope,
}

impl Scope {
    pub(crate) fn open(env: &Env) -> Self {
        let mut scope = ptr::null_mut();
        // SAFETY: `env` is the environment of the current native call, on its thread.
        unsafe { sys::napi_open_handle_scope(env.raw(), &mut scope) };
        Self { env: env.raw(), scope }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        if !self.scope.is_null() {
            // SAFETY: the scope was opened by `open` in the same environment and is closed once, in reverse order.
            unsafe { sys::napi_close_handle_scope(self.env, self.scope) };
        }
    }
}

impl Host for JavaScriptHost<'_> {
    fn call(&mut self, function: u32, arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        let _scope = Scope::open(self.env);
        let callback = self.host_call.borrow_back(self.env).map_err(|_| ErrorCode::Internal)?;
        let arguments = FnArgs::from((function, Uint8Array::new(arguments.to_vec())));
        match callback.call(arguments) {
            Ok(Either::A(result)) => Ok(result.to_vec()),
            Ok(Either::B(code)) => Err(error_code(code)),
            Err(_) => Err(ErrorCode::HostFunction),
        }
    }

    fn record(&mut self, entry: Entry<'_>, _limit: TimeLimit) {
        let _scope = Scope::open(self.env);
        let Ok(callback) = self.record.borrow_back(self.env) else { return };
        let data = Uint8Array::new(entry.data.to_vec());
        // The TypeScript side catches what its handlers throw; nothing can be done about a throw here.
        let _ = callback.call(FnArgs::from((u32::from(entry.kind.0), entry.function, data)));
    }
}

/// The error code whose negative number a host function has returned.
pub(crate) fn error_code(code: i32) -> ErrorCode {
    known_code(code.saturating_neg()).unwrap_or(ErrorCode::HostFunction)
}

/// The error code of that number, if there is one.
pub(crate) fn known_code(number: i32) -> Option<ErrorCode> {
    let code = u16::try_from(number).ok()?;
    (code > 0 && code <= ErrorCode::Internal.0).then_some(ErrorCode(code))
}
