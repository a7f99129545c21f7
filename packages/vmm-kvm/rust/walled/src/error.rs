//! What goes wrong between parent and worker, and what it is called outside.

use std::io;

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::CallError;

use crate::wire::Malformed;

/// Why a worker is of no use any more.
#[derive(Debug)]
pub(crate) enum Broken {
    /// It has ended, or the socket was shut.
    Closed,
    /// It did not say in time what it should have said.
    Late,
    /// It said what it must not say.
    Protocol(&'static str),
    /// The system does not do what it should.
    System(io::Error),
    /// The call ends for a reason of its own, and the worker with it.
    Ended(CallError),
}

impl From<Malformed> for Broken {
    fn from(malformed: Malformed) -> Self {
        Self::Protocol(malformed.0)
    }
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}

/// The host cannot start a worker.
pub(crate) fn no_worker(error: &io::Error) -> CallError {
    CallError::new(ErrorCode::Internal, format!("cannot start a worker process: {error}"))
}

/// A worker that said what it must not say.
pub(crate) fn breach(what: &str) -> CallError {
    CallError::new(
        ErrorCode::BadReply,
        format!("the machine's worker process broke its protocol ({what}) and was ended"),
    )
}
