//! Rights of descriptors: what a program may do with one. They only ever shrink.

/// A set of rights, as in `fdstat`.
pub(super) type Rights = u64;

pub(super) const FD_DATASYNC: Rights = 1 << 0;
pub(super) const FD_READ: Rights = 1 << 1;
pub(super) const FD_SEEK: Rights = 1 << 2;
pub(super) const FD_FDSTAT_SET_FLAGS: Rights = 1 << 3;
pub(super) const FD_SYNC: Rights = 1 << 4;
pub(super) const FD_TELL: Rights = 1 << 5;
pub(super) const FD_WRITE: Rights = 1 << 6;
pub(super) const FD_ADVISE: Rights = 1 << 7;
pub(super) const FD_ALLOCATE: Rights = 1 << 8;
pub(super) const PATH_CREATE_DIRECTORY: Rights = 1 << 9;
pub(super) const PATH_CREATE_FILE: Rights = 1 << 10;
pub(super) const PATH_LINK_SOURCE: Rights = 1 << 11;
pub(super) const PATH_LINK_TARGET: Rights = 1 << 12;
pub(super) const PATH_OPEN: Rights = 1 << 13;
pub(super) const FD_READDIR: Rights = 1 << 14;
pub(super) const PATH_READLINK: Rights = 1 << 15;
pub(super) const PATH_RENAME_SOURCE: Rights = 1 << 16;
pub(super) const PATH_RENAME_TARGET: Rights = 1 << 17;
pub(super) const PATH_FILESTAT_GET: Rights = 1 << 18;
pub(super) const PATH_FILESTAT_SET_SIZE: Rights = 1 << 19;
pub(super) const PATH_FILESTAT_SET_TIMES: Rights = 1 << 20;
pub(super) const FD_FILESTAT_GET: Rights = 1 << 21;
pub(super) const FD_FILESTAT_SET_SIZE: Rights = 1 << 22;
pub(super) const FD_FILESTAT_SET_TIMES: Rights = 1 << 23;
pub(super) const PATH_SYMLINK: Rights = 1 << 24;
pub(super) const PATH_REMOVE_DIRECTORY: Rights = 1 << 25;
pub(super) const PATH_UNLINK_FILE: Rights = 1 << 26;
pub(super) const POLL_FD_READWRITE: Rights = 1 << 27;

/// Rights that mean something on a regular file.
///
/// `FD_WRITE` is not among them: opening for writing fails, so no file descriptor ever has it.
pub(super) const FILE: Rights = FD_DATASYNC
    | FD_READ
    | FD_SEEK
    | FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | FD_TELL
    | FD_ADVISE
    | FD_ALLOCATE
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_SIZE
    | FD_FILESTAT_SET_TIMES
    | POLL_FD_READWRITE;

/// Rights that mean something on a directory.
///
/// The rights to change it are among them although the tree is read-only, so that a program is told
/// "read-only file system" and not "capabilities insufficient".
pub(super) const DIRECTORY: Rights = FD_DATASYNC
    | FD_FDSTAT_SET_FLAGS
    | FD_SYNC
    | PATH_CREATE_DIRECTORY
    | PATH_CREATE_FILE
    | PATH_LINK_SOURCE
    | PATH_LINK_TARGET
    | PATH_OPEN
    | FD_READDIR
    | PATH_READLINK
    | PATH_RENAME_SOURCE
    | PATH_RENAME_TARGET
    | PATH_FILESTAT_GET
    | PATH_FILESTAT_SET_SIZE
    | PATH_FILESTAT_SET_TIMES
    | FD_FILESTAT_GET
    | FD_FILESTAT_SET_TIMES
    | PATH_SYMLINK
    | PATH_REMOVE_DIRECTORY
    | PATH_UNLINK_FILE
    | POLL_FD_READWRITE;

/// What a preopened directory lets descriptors have that are opened through it.
///
/// `FD_WRITE` is among them for the same reason as above: wasi-libc drops rights that a directory
/// cannot pass on, and would then open a file for writing without an error.
pub(super) const INHERITED: Rights = DIRECTORY | FILE | FD_WRITE;

/// Rights of stdin.
pub(super) const STDIN: Rights = FD_READ | FD_FDSTAT_SET_FLAGS | FD_FILESTAT_GET | POLL_FD_READWRITE;

/// Rights of stdout and stderr.
pub(super) const OUTPUT: Rights =
    FD_DATASYNC | FD_FDSTAT_SET_FLAGS | FD_SYNC | FD_WRITE | FD_FILESTAT_GET | POLL_FD_READWRITE;
