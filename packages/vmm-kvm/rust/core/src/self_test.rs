//! The test of a KVM at its first use: does the gate open, do exceptions arrive, do the instructions work that guests
//! are told of, does the deadline stop a loop, does a restore bring everything back? Nothing is assumed of a hypervisor
//! that was not seen here to hold.

use std::fmt;
use std::io;
use std::sync::{Arc, OnceLock};

use twinwall_abi::layout::MEMORIES;
use twinwall_abi::{CallKind, ErrorCode};

use crate::abort::AbortHandle;
use crate::error::{CallError, LoadError, MachineError};
use crate::host::NoHost;
use crate::instructions;
use crate::machine::{Call, Hypervisor, Limits, Machine};
use crate::probe::{self, Behaviour};
use crate::snapshot::{BootOptions, Snapshot};

/// Why this host has no KVM machine.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The device file does not exist.
    #[error(
        "there is no /dev/kvm: load kvm_amd or kvm_intel, or turn virtualisation on in firmware or outer host"
    )]
    Absent,
    /// The device file may not be opened by this user.
    #[error("no permission to open /dev/kvm: add the user to its group (usually `kvm`) and log in again")]
    Denied,
    /// Another failure to open it.
    #[error("cannot open /dev/kvm: {0}")]
    Device(io::Error),
    /// The kernel refused an operation that every KVM offers.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// The machine opened, but does not behave as the driver needs.
    #[error("this KVM failed the self-test: {0}")]
    SelfTest(String),
    /// The probe's own image could not be laid out.
    #[error(transparent)]
    Load(#[from] LoadError),
}

/// What the self-test saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// Version of the KVM interface.
    pub api_version: i32,
    /// Lines of name and result, in the order of the tests.
    pub checks: Vec<(&'static str, String)>,
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, result) in &self.checks {
            writeln!(formatter, "{name}: {result}")?;
        }
        Ok(())
    }
}

/// Opens `/dev/kvm` and tests the machine, once for the process.
///
/// # Errors
/// [`OpenError`] with the reason, and what to do, when this host has no usable KVM.
pub fn open() -> Result<Findings, OpenError> {
    static PASSED: OnceLock<Findings> = OnceLock::new();
    if let Some(findings) = PASSED.get() {
        return Ok(findings.clone());
    }
    check_device()?;
    let findings = run(TESTS)?;
    Ok(PASSED.get_or_init(|| findings).clone())
}

fn check_device() -> Result<(), OpenError> {
    match std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm") {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(OpenError::Absent),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(OpenError::Denied),
        Err(error) => Err(OpenError::Device(error)),
    }
}

/// Runs tests in turn, up to the first that fails.
pub(crate) fn run(tests: &[(&'static str, Test)]) -> Result<Findings, OpenError> {
    let hypervisor = Hypervisor::get()?;
    let mut checks = Vec::new();
    for (name, test) in tests {
        let result = test().map_err(|error| OpenError::SelfTest(format!("{name}: {error}")))?;
        checks.push((*name, result));
    }
    Ok(Findings { api_version: hypervisor.kvm().get_api_version(), checks })
}

/// Returns what it found.
pub(crate) type Test = fn() -> Result<String, CallError>;

const TESTS: &[(&str, Test)] = &[
    ("gate", test_gate),
    ("exception stubs", test_exceptions),
    ("instruction sets", instructions::proof::test),
    ("stack growth", test_stack),
    ("memory growth", test_growth),
    ("deadline", test_deadline),
    ("abort", test_abort),
    ("restore", test_restore),
];

/// Limits with more time than any call of the probe takes that ends at all, on a host however busy: a stall is no fault.
pub(crate) fn patient() -> Limits {
    Limits { deadline: 20_000_000_000, ..Limits::default() }
}

/// A machine that runs the probe.
pub(crate) fn probe_machine(limits: Limits) -> Result<Machine, CallError> {
    let snapshot = probe_snapshot(limits)?;
    Ok(snapshot.machine()?)
}

/// A snapshot of the probe.
pub(crate) fn probe_snapshot(limits: Limits) -> Result<Arc<Snapshot>, CallError> {
    let options = BootOptions { limits, ..BootOptions::default() };
    Snapshot::boot(probe::image()?, &options, &mut NoHost)
}

/// A call of the probe, with a clean slate.
pub(crate) fn probe_call(behaviour: Behaviour) -> Call<'static> {
    Call {
        kind: CallKind::Bytes,
        function: behaviour as u32,
        input: &[],
        continues: false,
        restore: true,
        exact: true,
    }
}

/// Calls the probe; with `restore` the machine goes back to its snapshot afterwards.
pub(crate) fn call_probe(
    machine: &mut Machine,
    behaviour: Behaviour,
    input: &[u8],
    restore: bool,
) -> Result<Vec<u8>, CallError> {
    call_function(machine, behaviour as u32, input, restore)
}

/// As [`call_probe`], by the function's number.
pub(crate) fn call_function(
    machine: &mut Machine,
    function: u32,
    input: &[u8],
    restore: bool,
) -> Result<Vec<u8>, CallError> {
    let call = Call { kind: CallKind::Bytes, function, input, continues: false, restore, exact: true };
    let mut output = [0; 128];
    let length = machine.call(&call, &mut NoHost, &mut output)?;
    Ok(output[..length].to_vec())
}

fn wrong(what: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::Internal, what)
}

fn test_gate() -> Result<String, CallError> {
    let mut machine = probe_machine(patient())?;
    for _ in 0..16 {
        call_probe(&mut machine, Behaviour::Nothing, &[], false)?;
    }
    match machine.statistics().exits {
        1 => Ok("one exit a call".into()),
        exits => Err(wrong(format!("{exits} exits a call"))),
    }
}

fn test_exceptions() -> Result<String, CallError> {
    let mut machine = probe_machine(patient())?;
    for (behaviour, vector) in
        [(Behaviour::UndefinedInstruction, 6), (Behaviour::Divide, 0), (Behaviour::NullRead, 14)]
    {
        match call_probe(&mut machine, behaviour, &[], true) {
            Err(error) if error.message.contains(&format!("processor exception {vector} ")) => {}
            Err(error) => return Err(wrong(format!("vector {vector} arrived as: {error}"))),
            Ok(_) => return Err(wrong(format!("vector {vector} did not arrive"))),
        }
    }
    call_probe(&mut machine, Behaviour::Nothing, &[], true)?;
    Ok("vector, error code and address arrive".into())
}

fn test_stack() -> Result<String, CallError> {
    let mut machine = probe_machine(patient())?;
    call_probe(&mut machine, Behaviour::DeepStack, &[], true)?;
    match machine.statistics().opened_bytes {
        0 => Err(wrong("the stack did not grow")),
        _ => Ok("opens on touch".into()),
    }
}

fn test_growth() -> Result<String, CallError> {
    let mut machine = probe_machine(patient())?;
    for _ in 0..2 {
        let output = call_probe(&mut machine, Behaviour::Grow, &MEMORIES.to_le_bytes(), true)?;
        if output != [0; 16] {
            return Err(wrong("memory that opened was not zero"));
        }
    }
    Ok("new entries are seen, and zero after a restore".into())
}

fn test_deadline() -> Result<String, CallError> {
    const DEADLINE: u64 = 2_000_000;
    let mut machine = probe_machine(patient())?;
    machine.configure(Limits { deadline: DEADLINE, ..patient() });
    let started = std::time::Instant::now();
    match call_probe(&mut machine, Behaviour::Loop, &[], true) {
        Err(error) if error.code == ErrorCode::Deadline => {}
        other => return Err(wrong(format!("a loop ended with {other:?}"))),
    }
    let overshoot = started.elapsed().as_micros().saturating_sub(u128::from(DEADLINE) / 1000);
    // Even the shortest call may take longer than the loop's deadline.
    machine.configure(patient());
    call_probe(&mut machine, Behaviour::Nothing, &[], true)?;
    Ok(format!("stops a loop ({overshoot} us late)"))
}

fn test_abort() -> Result<String, CallError> {
    let mut machine = probe_machine(patient())?;
    let handle = AbortHandle::new();
    let aborter = handle.clone();
    let thread = std::thread::Builder::new().spawn(move || {
        std::thread::sleep(std::time::Duration::from_millis(1));
        aborter.abort(CallError::new(ErrorCode::Aborted, "the self-test ends its loop"));
    });
    let thread = thread.map_err(MachineError::Thread)?;
    // Without the abort, the deadline ends it.
    let outcome = machine.call_abortable(&probe_call(Behaviour::Loop), &mut NoHost, &mut [0; 0], &handle);
    let _ = thread.join();
    match outcome {
        Err(error) if error.code == ErrorCode::Aborted => {}
        other => return Err(wrong(format!("a loop ended with {other:?}"))),
    }
    call_probe(&mut machine, Behaviour::Nothing, &[], true)?;
    Ok("stops a loop from another thread".into())
}

fn test_restore() -> Result<String, CallError> {
    let mut machine = probe_machine(patient())?;
    let secret = 0x5eed_5eed_5eed_5eed_u64.to_le_bytes();
    for _ in 0..8 {
        call_probe(&mut machine, Behaviour::Keep, &secret, false)?;
        if call_probe(&mut machine, Behaviour::Tell, &[], false)? != secret
            || call_probe(&mut machine, Behaviour::TellRegister, &[], true)? != secret
        {
            return Err(wrong("a session did not keep its state"));
        }
        for tell in [Behaviour::Tell, Behaviour::TellRegister] {
            if call_probe(&mut machine, tell, &[], true)? != [0; 8] {
                return Err(wrong("state survived a restore"));
            }
        }
    }
    Ok("memory and registers come back".into())
}
