//! Node binding of the KVM machine. Nothing here throws but for programming errors: results are unions of a value and
//! a failure, and calls on the fast path return a number.

mod async_call;
mod async_restore;
mod entry;
mod event_loop;
mod host;
mod limits;
mod machine;
mod results;
mod snapshot;
mod walls;

use napi::bindgen_prelude::{BigInt, Float64Array};
use napi_derive::napi;

use results::{NativeFailure, failed};

/// What [`open_kvm`] found.
#[napi(object)]
pub struct KvmReport {
    /// Version of the KVM interface.
    pub api_version: i32,
    /// One check of the self-test a line.
    pub report: String,
}

/// Result of [`open_kvm`].
#[napi(object)]
pub struct OpenResult {
    /// Present when KVM is usable.
    pub value: Option<KvmReport>,
    /// Present when it is not.
    pub failure: Option<NativeFailure>,
}

/// Opens `/dev/kvm` and runs the self-test, once for the process.
#[napi]
#[must_use]
pub fn open_kvm() -> OpenResult {
    match twinwall_vmm_kvm::open() {
        Ok(findings) => OpenResult {
            value: Some(KvmReport { api_version: findings.api_version, report: findings.to_string() }),
            failure: None,
        },
        Err(error) => {
            let code = twinwall_abi::ErrorCode::NoMachine;
            let error = twinwall_vmm_kvm::CallError::new(code, error.to_string());
            OpenResult { value: None, failure: Some(failed(&error)) }
        }
    }
}

/// Result of a test of what this host can do.
#[napi(object)]
pub struct TestResult {
    /// Present when it can: what was found.
    pub value: Option<String>,
    /// Present when it cannot.
    pub failure: Option<NativeFailure>,
}

/// Takes the program over that worker processes run, and tests one, once for the process.
#[napi]
#[must_use]
pub fn open_walled(program: String) -> TestResult {
    tested(walls::open_walled(&program))
}

/// Guest addresses of attachments of the given lengths; empty when they do not fit.
#[napi]
#[must_use]
pub fn attachment_addresses(lengths: Vec<f64>) -> Vec<BigInt> {
    let lengths: Vec<usize> = lengths.into_iter().map(|length| length as usize).collect();
    let addresses = twinwall_vmm_kvm::attachment_addresses(&lengths).unwrap_or_default();
    addresses.into_iter().map(BigInt::from).collect()
}

/// Names the processor that guests see; empty where KVM does not open.
#[napi]
#[must_use]
pub fn processor() -> String {
    twinwall_vmm_kvm::processor().unwrap_or_default()
}

/// Tests KVM's dirty log, once for the process.
#[napi]
#[must_use]
pub fn test_dirty_log() -> TestResult {
    tested(twinwall_vmm_kvm::test_dirty_log())
}

fn tested(result: Result<String, twinwall_vmm_kvm::CallError>) -> TestResult {
    match result {
        Ok(found) => TestResult { value: Some(found), failure: None },
        Err(error) => TestResult { value: None, failure: Some(failed(&error)) },
    }
}

/// Result of a measurement: nanoseconds of each round.
#[napi(object)]
pub struct MeasurementResult {
    /// Present when it was measured.
    pub value: Option<Float64Array>,
    /// Present when it could not be.
    pub failure: Option<NativeFailure>,
}

/// Nanoseconds of bare ring-3 `out` round trips.
#[napi]
#[must_use]
pub fn measure_floor(rounds: u32) -> MeasurementResult {
    measurement(twinwall_vmm_kvm::measure_floor(rounds as usize))
}

/// Nanoseconds of creating and destroying an empty virtual machine.
#[napi]
#[must_use]
pub fn measure_bare_machine(rounds: u32) -> MeasurementResult {
    measurement(twinwall_vmm_kvm::measure_bare_machine(rounds as usize).map_err(Into::into))
}

fn measurement(result: Result<Vec<f64>, twinwall_vmm_kvm::CallError>) -> MeasurementResult {
    match result {
        Ok(times) => MeasurementResult { value: Some(Float64Array::new(times)), failure: None },
        Err(error) => MeasurementResult { value: None, failure: Some(failed(&error)) },
    }
}
