//! Error codes of `wasi:filesystem/types`.

use crate::wasi::Errno;

/// `read-only`.
pub(super) const READ_ONLY: u8 = 33;

/// The code of an error of preview 1: its position in the enum.
pub(super) fn error_code(errno: Errno) -> u8 {
    match errno {
        Errno::BadDescriptor => 3,
        Errno::Exists => 7,
        Errno::IllegalSequence => 9,
        Errno::Invalid | Errno::Fault => 12,
        Errno::IsDirectory => 14,
        Errno::NameTooLong => 18,
        Errno::NoEntry => 20,
        Errno::NotDirectory => 24,
        Errno::NotEmpty => 25,
        Errno::NotImplemented | Errno::NotSocket => 27,
        Errno::NotPermitted | Errno::NotCapable => 31,
        Errno::ReadOnly => READ_ONLY,
        Errno::NotSeekable => 34,
        Errno::TooManyDescriptors => 22,
    }
}
