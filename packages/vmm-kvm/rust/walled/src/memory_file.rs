//! Files in memory whose contents nobody can change any more: what a worker inherits.

use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::FileExt;

/// Descriptors below this number are those that a worker gets: no source of a copy may lie there.
const FIRST_DESCRIPTOR: i32 = 64;

/// A sealed file. Its descriptor is closed in every other program that this process starts.
#[derive(Debug)]
pub(crate) struct MemoryFile {
    file: File,
    length: u64,
}

impl MemoryFile {
    /// A file of these pieces, one behind the other.
    pub(crate) fn new(name: &CStr, pieces: &[&[u8]]) -> io::Result<Self> {
        Self::create(name, pieces, libc::MFD_NOEXEC_SEAL)
    }

    /// A file that may be executed.
    pub(crate) fn program(name: &CStr, bytes: &[u8]) -> io::Result<Self> {
        Self::create(name, &[bytes], libc::MFD_EXEC)
    }

    fn create(name: &CStr, pieces: &[&[u8]], execution: libc::c_uint) -> io::Result<Self> {
        let mut file = File::from(above_the_workers(create_file(name, execution)?)?);
        let mut length = 0;
        for piece in pieces {
            file.write_all(piece)?;
            length += piece.len() as u64;
        }
        let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
        // SAFETY: the descriptor is open, and the request takes a number.
        let sealed = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) };
        if sealed == 0 { Ok(Self { file, length }) } else { Err(io::Error::last_os_error()) }
    }

    /// Bytes.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Reads from `offset` on.
    pub(crate) fn read(&self, bytes: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(bytes, offset)
    }
}

impl AsFd for MemoryFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

fn create_file(name: &CStr, execution: libc::c_uint) -> io::Result<OwnedFd> {
    let flags = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    // Kernels before 6.3 do not know the second flag, and let every such file be executed.
    for flags in [flags | execution, flags] {
        // SAFETY: the name is a string that ends in a zero.
        let descriptor = unsafe { libc::memfd_create(name.as_ptr(), flags) };
        if descriptor >= 0 {
            // SAFETY: the descriptor was just made, and is nobody else's.
            return Ok(unsafe { OwnedFd::from_raw_fd(descriptor) });
        }
        if io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL) {
            break;
        }
    }
    Err(io::Error::last_os_error())
}

/// The same file by a number that no worker uses.
pub(crate) fn above_the_workers(descriptor: OwnedFd) -> io::Result<OwnedFd> {
    // SAFETY: the descriptor is open, and the request takes a number.
    let copy = unsafe { libc::fcntl(descriptor.as_raw_fd(), libc::F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR) };
    if copy < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just made, and is nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(copy) })
}
