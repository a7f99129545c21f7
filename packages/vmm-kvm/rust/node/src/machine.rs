//! Machines as JavaScript objects.

use std::cell::RefCell;

use napi::Env;
use napi::bindgen_prelude::{BigInt, JsValue, Uint8Array, Uint8ArraySlice, Unknown};
use napi_derive::napi;
use twinwall_abi::{CallKind, ErrorCode};
use twinwall_vmm_kvm::{Call, CallError, Machine};

use crate::host::{HostCall, JavaScriptHost, JavaScriptOutput, RecordSink};
use crate::limits::NativeLimits;
use crate::results::{NativeFailure, failed};

const FLAG_CONTINUES: u32 = 1;
const FLAG_RESTORE: u32 = 2;
const FLAG_EXACT: u32 = 4;

/// A machine. A host function that comes back to the machine whose call it serves finds it borrowed: `E_BUSY`.
#[napi]
pub struct NativeMachine {
    machine: RefCell<Option<Machine>>,
    failure: RefCell<CallError>,
    host_call: HostCall,
    record: RecordSink,
}

/// Counts of the last call, and of the machine's life.
#[napi(object)]
pub struct NativeStatistics {
    /// Exits of the last call.
    pub exits: f64,
    /// Host calls of the last call.
    pub host_calls: f64,
    /// Fuel that the last call used.
    pub fuel_used: BigInt,
    /// Bytes of linear memories and tables.
    pub memory_bytes: f64,
    /// TSC ticks of the last call in the guest.
    pub guest_ticks: f64,
    /// Bytes that a restore copies.
    pub writable_bytes: f64,
    /// Bytes that the last restore copied or cleared.
    pub restored_bytes: f64,
    /// Bytes opened since the snapshot.
    pub opened_bytes: f64,
    /// Calls in all.
    pub calls: f64,
    /// Restores in all.
    pub restores: f64,
}

impl NativeMachine {
    pub(crate) fn new(machine: Machine, host_call: HostCall, record: RecordSink) -> Self {
        let failure = RefCell::new(CallError::new(ErrorCode::None, ""));
        Self { machine: RefCell::new(Some(machine)), failure, host_call, record }
    }

    fn fail(&self, error: CallError) -> i32 {
        let code = i32::from(error.code.0);
        *self.failure.borrow_mut() = error;
        -code
    }

    /// Runs `use_machine` unless the machine is in a call or closed.
    fn with<Value>(&self, use_machine: impl FnOnce(&mut Machine) -> Value) -> Result<Value, CallError> {
        let busy = |_| CallError::new(ErrorCode::Busy, "the machine is in a call");
        let mut machine = self.machine.try_borrow_mut().map_err(busy)?;
        match machine.as_mut() {
            Some(machine) => Ok(use_machine(machine)),
            None => Err(CallError::new(ErrorCode::Disposed, "the machine is closed")),
        }
    }
}

#[napi]
impl NativeMachine {
    /// One call in, one reply out. Returns the output's length, or a negative error code.
    #[napi]
    pub fn call(
        &self,
        env: &Env,
        kind: u32,
        function: u32,
        flags: u32,
        input: Uint8ArraySlice<'_>,
        output: Unknown<'_>,
    ) -> f64 {
        let call = Call {
            kind: CallKind(kind as u16),
            function,
            input: &input,
            continues: flags & FLAG_CONTINUES != 0,
            restore: flags & FLAG_RESTORE != 0,
            exact: flags & FLAG_EXACT != 0,
        };
        let mut host = JavaScriptHost { env, host_call: &self.host_call, record: &self.record };
        let mut output = JavaScriptOutput { env, value: output.raw() };
        let result = self.with(|machine| machine.call(&call, &mut host, &mut output));
        match result.and_then(|outcome| outcome) {
            Ok(length) => length as f64,
            Err(error) => f64::from(self.fail(error)),
        }
    }

    /// Instructions that the guest executes for one call from the snapshot, or a negative error code. For measurements:
    /// each instruction is an exit.
    #[napi]
    pub fn count_instructions(&self, env: &Env, kind: u32, function: u32, input: Uint8ArraySlice<'_>) -> f64 {
        let call = Call {
            kind: CallKind(kind as u16),
            function,
            input: &input,
            continues: false,
            restore: true,
            exact: false,
        };
        let mut host = JavaScriptHost { env, host_call: &self.host_call, record: &self.record };
        let result = self.with(|machine| machine.count_instructions(&call, &mut host));
        match result.and_then(|outcome| outcome) {
            Ok(count) => count as f64,
            Err(error) => f64::from(self.fail(error)),
        }
    }

    /// The output of the last call, when it was longer than the caller's buffer.
    #[napi]
    pub fn take_output(&self) -> Uint8Array {
        Uint8Array::new(self.with(Machine::take_output).unwrap_or_default())
    }

    /// Why the last call or restore failed.
    #[napi]
    pub fn failure(&self) -> NativeFailure {
        failed(&self.failure.borrow())
    }

    /// Goes back to the snapshot. Returns 0 or a negative error code.
    #[napi]
    pub fn restore(&self) -> i32 {
        match self.with(Machine::restore) {
            Ok(()) => 0,
            Err(error) => self.fail(error),
        }
    }

    /// Sets limits from the next call on.
    #[napi]
    pub fn configure(&self, limits: NativeLimits) {
        // A machine that is busy or closed keeps what it has: there is no next call to which this could apply.
        let _ = self.with(|machine| machine.configure(limits.into()));
    }

    /// Counts of the last call, and of the machine's life.
    #[napi]
    pub fn stats(&self) -> NativeStatistics {
        let counts = self.with(|machine| machine.statistics()).unwrap_or_default();
        NativeStatistics {
            exits: counts.exits as f64,
            host_calls: counts.host_calls as f64,
            fuel_used: BigInt::from(counts.fuel_used),
            memory_bytes: counts.memory_bytes as f64,
            guest_ticks: counts.guest_ticks as f64,
            writable_bytes: counts.writable_bytes as f64,
            restored_bytes: counts.restored_bytes as f64,
            opened_bytes: counts.opened_bytes as f64,
            calls: counts.calls as f64,
            restores: counts.restores as f64,
        }
    }

    /// Gives the machine back. Does nothing the second time.
    #[napi]
    pub fn close(&self) {
        if let Ok(mut machine) = self.machine.try_borrow_mut() {
            *machine = None;
        }
    }
}
