//! Failures as JavaScript objects.

use napi_derive::napi;
use twinwall_vmm_kvm::CallError;

/// Why there is no value.
#[napi(object)]
pub struct NativeFailure {
    /// Number of the error code.
    pub code: u32,
    /// Trap code, or the guest's own code.
    pub detail: i32,
    /// One line.
    pub message: String,
    /// WebAssembly frames, one a line.
    pub backtrace: String,
}

/// A failure to be returned.
pub(crate) fn failed(error: &CallError) -> NativeFailure {
    NativeFailure {
        code: u32::from(error.code.0),
        detail: error.detail,
        message: error.message.clone(),
        backtrace: error.backtrace.clone(),
    }
}
