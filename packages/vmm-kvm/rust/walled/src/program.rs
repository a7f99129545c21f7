//! The program that workers run, and whether it can do what it is for.

use std::io;
use std::time::Duration;

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::CallError;

use crate::exchange::expect_ready;
use crate::keeper::Worker;
use crate::memory_file::MemoryFile;
use crate::wire::{Start, encode_start};

/// A program for workers, in a file that nobody can change any more: what was checked is what runs.
#[derive(Debug)]
pub struct Program {
    pub(crate) file: MemoryFile,
    /// For what a worker does not need.
    pub(crate) nothing: MemoryFile,
}

impl Program {
    /// Takes over the bytes of the executable.
    ///
    /// # Errors
    /// When the system gives no memory for it.
    pub fn new(executable: &[u8]) -> io::Result<Self> {
        let file = MemoryFile::program(c"twinwall-worker", executable)?;
        Ok(Self { file, nothing: MemoryFile::new(c"twinwall-nothing", &[])? })
    }
}

/// Starts a worker, has it enter a machine, and looks at what the kernel says of it: that its system calls are filtered, that it
/// can gain no rights, and that it has none. Returns what was found, one line.
///
/// # Errors
/// [`ErrorCode::NoMachine`] with the reason when this host cannot have such workers.
pub fn check(program: &Program) -> Result<String, CallError> {
    let nothing = &program.nothing;
    let refused = |error: CallError| {
        CallError::new(ErrorCode::NoMachine, format!("the process wall cannot be had: {}", error.message))
    };
    let start = encode_start(&Start::Check);
    let mut worker = Worker::start(program, [nothing; 4], start).map_err(refused)?;
    expect_ready(&mut worker, 0).map_err(refused)?;
    let status = Status::of(&worker.id().to_string()).map_err(refused)?;
    let filters = Status::of("self").map_err(refused)?.number("Seccomp_filters").map(|own| own + 2);
    let wanted =
        [("Seccomp", Some(2)), ("NoNewPrivs", Some(1)), ("CapEff", Some(0)), ("Seccomp_filters", filters)];
    for (name, wanted) in wanted {
        let found = status.number(name);
        // Kernels before 5.9 do not count filters; and a thread may have more than the process began with.
        let more = name == "Seccomp_filters" && found > wanted;
        if wanted.is_some() && found != wanted && !more {
            let message = format!("the kernel says {name} {found:?} of a worker, where {wanted:?} is wanted");
            return Err(refused(CallError::new(ErrorCode::NoMachine, message)));
        }
    }
    Ok("workers enter machines with their system calls filtered, and without rights".into())
}

/// What the kernel says of a process.
struct Status(String);

impl Status {
    fn of(process: &str) -> Result<Self, CallError> {
        let read = std::fs::read_to_string(format!("/proc/{process}/status"));
        read.map(Self)
            .map_err(|error| CallError::new(ErrorCode::NoMachine, format!("/proc says nothing: {error}")))
    }

    /// A number, of which those of sets are hexadecimal.
    fn number(&self, name: &str) -> Option<u64> {
        let line = self.0.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        u64::from_str_radix(line.trim(), 16).ok()
    }
}

/// What starting a worker may take, on a busy host.
pub(crate) const HELLO_TIME: Duration = Duration::from_secs(30);
