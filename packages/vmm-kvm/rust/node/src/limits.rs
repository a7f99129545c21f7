//! Limits as JavaScript objects.

use napi::bindgen_prelude::BigInt;
use napi_derive::napi;
use twinwall_vmm_kvm::Limits;

/// Limits of a machine; sizes in bytes.
#[napi(object)]
pub struct NativeLimits {
    /// Linear memories and tables together.
    pub memory_bytes: f64,
    /// Largest input.
    pub input_bytes: f64,
    /// Largest result.
    pub output_bytes: f64,
    /// Outbox records of a call in all.
    pub outbox_bytes: f64,
    /// Host calls of a call.
    pub host_calls: f64,
    /// Arguments and answers of a call's host calls in all.
    pub host_bytes: f64,
    /// Microseconds; 0: none.
    pub deadline_us: f64,
    /// Microseconds of processor time; 0: not limited.
    pub cpu_time_us: f64,
    /// All ones: not limited.
    pub fuel: BigInt,
}

impl From<NativeLimits> for Limits {
    /// Conversions from floating point saturate, and what is not a number becomes 0.
    fn from(limits: NativeLimits) -> Self {
        let (_, fuel, _) = limits.fuel.get_u64();
        // What is neither 0 nor a positive number ends calls at once: only 0 asks for no limit.
        let time = |us: f64| if us == 0.0 { u64::MAX } else { (us * 1000.0) as u64 };
        Self {
            memory_bytes: limits.memory_bytes as u64,
            input_bytes: limits.input_bytes as u64,
            output_bytes: limits.output_bytes as u64,
            outbox_bytes: limits.outbox_bytes as u64,
            host_calls: limits.host_calls as u64,
            host_bytes: limits.host_bytes as u64,
            deadline: time(limits.deadline_us),
            cpu_time: time(limits.cpu_time_us),
            fuel,
        }
    }
}
