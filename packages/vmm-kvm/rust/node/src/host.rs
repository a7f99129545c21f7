//! Host functions and outbox records, served by JavaScript functions on the calling thread.

use std::ptr;

use napi::bindgen_prelude::{Either, FnArgs, FunctionRef, Uint8Array, Uint8ArraySlice, Unknown};
use napi::{Env, sys};
use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::Entry;
use twinwall_vmm_kvm::Host;

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

/// Frees the handles of one callback when it ends: a call may make many.
struct Scope {
    env: sys::napi_env,
    scope: sys::napi_handle_scope,
}

impl Scope {
    fn open(env: &Env) -> Self {
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
    fn call(&mut self, function: u32, arguments: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let _scope = Scope::open(self.env);
        let callback = self.host_call.borrow_back(self.env).map_err(|_| ErrorCode::Internal)?;
        let arguments = FnArgs::from((function, Uint8Array::new(arguments.to_vec())));
        match callback.call(arguments) {
            Ok(Either::A(result)) => Ok(result.to_vec()),
            Ok(Either::B(code)) => Err(error_code(code)),
            Err(_) => Err(ErrorCode::HostFunction),
        }
    }

    fn record(&mut self, entry: Entry<'_>) {
        let _scope = Scope::open(self.env);
        let Ok(callback) = self.record.borrow_back(self.env) else { return };
        let data = Uint8Array::new(entry.data.to_vec());
        // The TypeScript side catches what its handlers throw; nothing can be done about a throw here.
        let _ = callback.call(FnArgs::from((u32::from(entry.kind.0), entry.function, data)));
    }
}

fn error_code(code: i32) -> ErrorCode {
    match u16::try_from(-i64::from(code)) {
        Ok(known) if known > 0 && known <= ErrorCode::Internal.0 => ErrorCode(known),
        _ => ErrorCode::HostFunction,
    }
}
