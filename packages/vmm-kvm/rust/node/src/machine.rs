//! Machines as JavaScript objects.

use std::cell::RefCell;
use std::rc::Rc;

use napi::Env;
use napi::bindgen_prelude::{BigInt, Either, FromNapiValue, JsValue, Uint8Array, Uint8ArraySlice, Unknown};
use napi_derive::napi;
use twinwall_abi::{CallKind, ErrorCode};
use twinwall_vmm_kvm::{Call, CallError, Strategy};

use crate::async_call::{self, Away, Deliver};
use crate::async_restore::{self, Farewell};
use crate::entry::entry_function;
use crate::host::{HostCall, JavaScriptHost, RecordSink, error_code, known_code};
use crate::limits::NativeLimits;
use crate::results::{NativeFailure, failed};
use crate::snapshot::NativeState;
use crate::walls::Machine;

/// A machine, shared by its JavaScript object and its entry function. A host function that comes back to the machine
/// whose call it serves finds it borrowed: `E_BUSY`.
pub(crate) struct Inner {
    /// Absent when it is closed, and while its call runs on another thread.
    pub(crate) machine: RefCell<Option<Machine>>,
    /// Present in the latter case, and while it is restored there.
    pub(crate) away: RefCell<Option<Away>>,
    failure: RefCell<CallError>,
    host_call: HostCall,
    record: RecordSink,
}

/// A machine.
#[napi]
pub struct NativeMachine {
    inner: Rc<Inner>,
}

/// Counts of the last call, and of the machine's life.
#[napi(object)]
pub struct NativeStatistics {
    /// Exits of the last call.
    pub exits: f64,
    /// Host calls of the last call.
    pub host_calls: f64,
    /// Bytes of the arguments and answers of the last call's host calls.
    pub host_bytes: f64,
    /// Bytes of records of the last call.
    pub outbox_bytes: f64,
    /// Microseconds of processor time of the last call; 0 where it is not limited.
    pub cpu_time_us: f64,
    /// Fuel that the last call used.
    pub fuel_used: BigInt,
    /// Bytes of linear memories and tables.
    pub memory_bytes: f64,
    /// TSC ticks of the last call in the guest.
    pub guest_ticks: f64,
    /// Bytes that the guest can write from the start.
    pub writable_bytes: f64,
    /// How the last restore went: `copy` or `dirty-log`.
    pub restore_strategy: String,
    /// Bytes that the last restore copied or cleared.
    pub restored_bytes: f64,
    /// Bytes opened since the snapshot.
    pub opened_bytes: f64,
    /// Calls in all.
    pub calls: f64,
    /// Restores in all.
    pub restores: f64,
}

impl Inner {
    /// Keeps `error` for [`NativeMachine::failure`]; returns its negative code.
    pub(crate) fn fail(&self, error: CallError) -> i32 {
        let code = i32::from(error.code.0);
        *self.failure.borrow_mut() = error;
        -code
    }

    /// JavaScript as the host of the machine's guest.
    pub(crate) fn host<'a>(&'a self, env: &'a Env) -> JavaScriptHost<'a> {
        JavaScriptHost { env, host_call: &self.host_call, record: &self.record }
    }

    /// Runs `use_machine` unless the machine is in a call or closed.
    pub(crate) fn with<Value>(
        &self,
        use_machine: impl FnOnce(&mut Machine) -> Value,
    ) -> Result<Value, CallError> {
        let busy = |_| CallError::new(ErrorCode::Busy, "the machine is in a call");
        let mut machine = self.machine.try_borrow_mut().map_err(busy)?;
        match machine.as_mut() {
            Some(machine) => Ok(use_machine(machine)),
            None => Err(self.absence()),
        }
    }

    /// The machine itself, for a call on another thread.
    pub(crate) fn lend(&self) -> Result<Machine, CallError> {
        let machine = self.machine.try_borrow_mut().ok().and_then(|mut machine| machine.take());
        machine.ok_or_else(|| self.absence())
    }

    /// Why there is no machine.
    #[cold]
    fn absence(&self) -> CallError {
        match self.away(|away| (away.is_closed(), away.is_restoring())) {
            Some((false, false)) => {
                CallError::new(ErrorCode::Busy, "an asynchronous call is running on the machine")
            }
            Some((false, true)) => CallError::new(ErrorCode::Busy, "the machine is being restored"),
            Some((true, _)) | None => CallError::new(ErrorCode::Disposed, "the machine is closed"),
        }
    }
}

fn strategy_name(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Copy => "copy",
        Strategy::DirtyLog => "dirty-log",
    }
}

impl NativeMachine {
    pub(crate) fn new(machine: Machine, host_call: HostCall, record: RecordSink) -> Self {
        let failure = RefCell::new(CallError::new(ErrorCode::None, ""));
        let (machine, away) = (RefCell::new(Some(machine)), RefCell::new(None));
        Self { inner: Rc::new(Inner { machine, away, failure, host_call, record }) }
    }
}

#[napi]
impl NativeMachine {
    /// The function by which calls enter the machine: `(kind + flags * 2^8 + function * 2^16, input, output) =>`
    /// the output's length, or a negative error code.
    ///
    /// # Errors
    /// When Node cannot make a function.
    #[napi]
    pub fn entry<'env>(&self, env: &'env Env) -> napi::Result<Unknown<'env>> {
        entry_function(env, &self.inner)
    }

    /// Starts a call on another thread, with an operation as [`Self::entry`] takes it. `deliver` is called on the event
    /// loop, `(what, number, function, data)`: for a record (0), with its kind; for a host call (1), with its number,
    /// and returns the result, a negative error code, or `undefined` when [`Self::answer`] will be called; at last for
    /// the end (2), with the output's length or a negative error code. An operation with flag 8 ends in two steps: a
    /// reply (3), with the same, and the end of the restore (4), as of [`Self::start_restore`]. Returns the call's number,
    /// or a negative error code.
    #[napi]
    pub fn start(&self, env: &Env, operation: f64, input: Unknown<'_>, deliver: Deliver) -> f64 {
        // SAFETY: the value is an argument of the native call in progress.
        let input = unsafe { Uint8ArraySlice::from_napi_value(env.raw(), input.raw()) };
        let wrong = |_| CallError::new(ErrorCode::Type, "a call takes a Uint8Array");
        let started = input
            .map_err(wrong)
            .and_then(|input| async_call::start(env, &self.inner, operation as u64, &input, deliver));
        match started {
            Ok(call) => call as f64,
            Err(error) => f64::from(self.inner.fail(error)),
        }
    }

    /// Answers a host call of a call, both by number, with the result or a negative error code. Too late, this does
    /// nothing.
    #[napi]
    pub fn answer(&self, call: f64, host_call: f64, answer: Either<Uint8ArraySlice<'_>, i32>) {
        let answer = match answer {
            Either::A(bytes) => Ok(bytes.to_vec()),
            Either::B(code) => Err(error_code(code)),
        };
        self.inner.away(|away| away.answer(call as u64, host_call as u64, answer));
    }

    /// Ends a call, by number, with an error code. Does nothing when it is over.
    #[napi]
    pub fn end(&self, call: f64, code: i32) {
        let code = known_code(code).unwrap_or(ErrorCode::Aborted);
        self.inner.away(|away| away.end(call as u64, code));
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
        let mut host = self.inner.host(env);
        let result = self.inner.with(|machine| machine.count_instructions(&call, &mut host));
        match result.and_then(|outcome| outcome) {
            Ok(count) => count as f64,
            Err(error) => f64::from(self.inner.fail(error)),
        }
    }

    /// The output of the last call, when it was longer than the caller's buffer.
    #[napi]
    pub fn take_output(&self) -> Uint8Array {
        Uint8Array::new(self.inner.with(Machine::take_output).unwrap_or_default())
    }

    /// Why the last call or restore failed.
    #[napi]
    pub fn failure(&self) -> NativeFailure {
        failed(&self.inner.failure.borrow())
    }

    /// Starts a restore on another thread, of a new virtual machine where `replace` asks for it or the last one was thrown
    /// away. `deliver` is called on the event loop, `(4, status, 0, empty)`: 0, 1 for a new virtual machine, or a
    /// negative error code. Returns a number, 0 when there was little to do and it is done, or a negative error code.
    #[napi]
    pub fn start_restore(&self, env: &Env, replace: bool, deliver: Deliver) -> f64 {
        match async_restore::start_restore(env, &self.inner, replace, deliver) {
            Ok(number) => number as f64,
            Err(error) => f64::from(self.inner.fail(error)),
        }
    }

    /// Goes back to the snapshot; waits for a restore that runs on another thread. Returns 0, 1 when that took a new
    /// virtual machine, or a negative error code.
    #[napi]
    pub fn restore(&self, env: &Env) -> i32 {
        if let Some(status) = async_restore::collect(env, &self.inner) {
            return status;
        }
        match self.inner.with(Machine::restore) {
            Ok(()) => 0,
            Err(error) => self.inner.fail(error),
        }
    }

    /// Sets limits from the next call on.
    #[napi]
    pub fn configure(&self, limits: NativeLimits) {
        let limits = limits.into();
        if self.inner.away(|away| away.configure(limits)).is_some() {
            return;
        }
        // A machine that is in a call of this thread, or closed, keeps what it has.
        let _ = self.inner.with(|machine| machine.configure(limits));
    }

    /// The guest's state as it stands; nothing when there is none to be had, and `failure()` then says why.
    #[napi]
    pub fn save(&self) -> Option<NativeState> {
        let saved = self.inner.with(|machine| machine.save()).flatten();
        saved.map(NativeState::from).map_err(|error| self.inner.fail(error)).ok()
    }

    /// Counts of the last call, and of the machine's life; while a call runs elsewhere, those from before it.
    #[napi]
    pub fn stats(&self) -> NativeStatistics {
        let before = self.inner.away(|away| away.statistics());
        let counts = before.or_else(|| self.inner.with(|machine| machine.statistics()).ok());
        let counts = counts.unwrap_or_default();
        NativeStatistics {
            exits: counts.exits as f64,
            host_calls: counts.host_calls as f64,
            host_bytes: counts.host_bytes as f64,
            outbox_bytes: counts.outbox_bytes as f64,
            cpu_time_us: counts.cpu_time as f64 / 1000.0,
            fuel_used: BigInt::from(counts.fuel_used),
            memory_bytes: counts.memory_bytes as f64,
            guest_ticks: counts.guest_ticks as f64,
            writable_bytes: counts.writable_bytes as f64,
            restore_strategy: strategy_name(counts.strategy).into(),
            restored_bytes: counts.restored_bytes as f64,
            opened_bytes: counts.opened_bytes as f64,
            calls: counts.calls as f64,
            restores: counts.restores as f64,
        }
    }

    /// Number of the worker process in which the machine stands; nothing where it is in this process, away or spent.
    #[napi(getter)]
    pub fn process(&self) -> Option<u32> {
        self.inner.with(|machine| machine.process()).ok().flatten()
    }

    /// Gives the machine back, when a call that runs elsewhere has ended, which it does at once. With `retire` its virtual
    /// machine is taken apart, and not kept for another machine. Does nothing the second time.
    #[napi]
    pub fn close(&self, env: &Env, retire: Option<bool>) {
        let farewell = if retire == Some(true) { Farewell::Retire } else { Farewell::Recycle };
        if self.inner.away(|away| away.close(farewell)).is_some() {
            return;
        }
        let machine = self.inner.machine.try_borrow_mut().ok().and_then(|mut machine| machine.take());
        if let Some(machine) = machine {
            async_restore::part(env, machine, farewell);
        }
    }
}
