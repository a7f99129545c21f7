//! Errors of the machine, one enum per type.

use twinwall_abi::ErrorCode;

use crate::host::Output;
use crate::saved::StateError;

/// Why a machine could not be made or run; always the host's side, never the guest's.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// The kernel refused a KVM operation.
    #[error("KVM refused {operation}: {source}")]
    Kvm {
        /// Name of the ioctl.
        operation: &'static str,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// The device is another one, or speaks a version of the interface that was never stable.
    #[error(
        "/dev/kvm is not the device of KVM, or not of its only stable version: check what is mounted there"
    )]
    NotKvm,
    /// The processor has no XSAVE, or the host's kernel does not use it: every image needs it to enter.
    #[error(
        "KVM offers no XSAVE to guests: this takes a processor that has it, and a kernel that was booted without `noxsave`"
    )]
    NoXsave,
    /// The host has no memory left for a machine.
    #[error("cannot map {bytes} bytes of guest memory: {source}")]
    Map {
        /// Bytes asked for.
        bytes: usize,
        /// What the kernel said.
        source: std::io::Error,
    },
    /// The image, the attachments and the limits do not fit the guest's address space.
    #[error("the machine does not fit its address space: {0}")]
    Layout(&'static str),
    /// A timer or signal could not be set up.
    #[error("cannot set up the deadline timer: {0}")]
    Timer(std::io::Error),
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
}

/// Why an image was refused.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Not an ELF file, or a damaged one.
    #[error("the image is not a well-formed ELF file: {0}")]
    Elf(object::read::Error),
    /// The image lacks something or breaks a rule of the image contract.
    #[error("the image is refused: {0}")]
    Rule(&'static str),
    /// Image and host were built for different versions of the guest ABI.
    #[error("the image was built for guest ABI version {found}, this host speaks {expected}")]
    Version {
        /// Version in the image.
        found: u32,
        /// Version of this host.
        expected: u32,
    },
    /// Host memory for the image could not be had.
    #[error(transparent)]
    Machine(#[from] MachineError),
}

/// How a call failed: a code of the public API, and what is known beside it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// Code of the public API.
    pub code: ErrorCode,
    /// Trap code of [`ErrorCode::Trap`], the guest's own code of [`ErrorCode::GuestError`], 1 where
    /// [`ErrorCode::Deadline`] is about processor time, else 0.
    pub detail: i32,
    /// One line; text of the guest in it is bounded, and escaped by whoever prints it.
    pub message: String,
    /// WebAssembly frames, innermost first, one a line: `INDEX\tNAME\t0xOFFSET`.
    pub backtrace: String,
}

impl CallError {
    /// An error without trap, detail or backtrace.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, detail: 0, message: message.into(), backtrace: String::new() }
    }

    /// A result of `length` bytes that does not fit the caller's output.
    #[must_use]
    pub fn no_room(length: usize, output: &dyn Output) -> Self {
        let room = output.capacity();
        Self::new(ErrorCode::Limit, format!("the result has {length} bytes, the output has room for {room}"))
    }
}

impl From<MachineError> for CallError {
    fn from(error: MachineError) -> Self {
        Self::new(ErrorCode::Internal, error.to_string())
    }
}

impl From<StateError> for CallError {
    fn from(error: StateError) -> Self {
        Self::new(ErrorCode::BadSnapshot, error.to_string())
    }
}

impl From<LoadError> for CallError {
    fn from(error: LoadError) -> Self {
        Self::new(ErrorCode::Internal, error.to_string())
    }
}

/// Names the operation of a failed ioctl.
pub(crate) fn refused(operation: &'static str) -> impl FnOnce(kvm_ioctls::Error) -> MachineError {
    move |error| MachineError::Kvm { operation, source: std::io::Error::from_raw_os_error(error.errno()) }
}
