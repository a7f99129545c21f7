//! Error numbers of preview 1.

/// An error number of `wasi_snapshot_preview1`: those that this implementation returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Errno {
    /// Bad file descriptor, or one not open for that.
    BadDescriptor = 8,
    /// File exists.
    Exists = 20,
    /// A pointer leaves the memory.
    Fault = 21,
    /// Illegal byte sequence: a path that is not UTF-8.
    IllegalSequence = 25,
    /// Invalid argument.
    Invalid = 28,
    /// Is a directory.
    IsDirectory = 31,
    /// Too many open descriptors.
    TooManyDescriptors = 33,
    /// Path or name too long, or a buffer too short for a preopen's name.
    NameTooLong = 37,
    /// No such file or directory.
    NoEntry = 44,
    /// Not supported.
    NotImplemented = 52,
    /// Not a directory.
    NotDirectory = 54,
    /// Directory not empty.
    NotEmpty = 55,
    /// Not a socket.
    NotSocket = 57,
    /// Operation not permitted: a path that leaves its directory.
    NotPermitted = 63,
    /// Read-only file system.
    ReadOnly = 69,
    /// Not seekable.
    NotSeekable = 70,
    /// The descriptor lacks the right.
    NotCapable = 76,
}
