//! How a function fails.

use super::errno::Errno;

/// Why a WASI function did not succeed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The program is told.
    Errno(Errno),
    /// The program is unwound.
    Stop(wasmtime::Error),
}

impl From<Errno> for Failure {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<wasmtime::Error> for Failure {
    fn from(error: wasmtime::Error) -> Self {
        Self::Stop(error)
    }
}
