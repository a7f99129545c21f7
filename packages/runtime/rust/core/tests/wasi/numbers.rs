//! Numbers of the specification that tests use.

pub(crate) const SUCCESS: u32 = 0;
pub(crate) const BADF: u32 = 8;
pub(crate) const EXIST: u32 = 20;
pub(crate) const FAULT: u32 = 21;
pub(crate) const ILSEQ: u32 = 25;
pub(crate) const INVAL: u32 = 28;
pub(crate) const ISDIR: u32 = 31;
pub(crate) const MFILE: u32 = 33;
pub(crate) const NAMETOOLONG: u32 = 37;
pub(crate) const NOENT: u32 = 44;
pub(crate) const NOSYS: u32 = 52;
pub(crate) const NOTDIR: u32 = 54;
pub(crate) const NOTEMPTY: u32 = 55;
pub(crate) const NOTSOCK: u32 = 57;
pub(crate) const PERM: u32 = 63;
pub(crate) const ROFS: u32 = 69;
pub(crate) const SPIPE: u32 = 70;
pub(crate) const NOTCAPABLE: u32 = 76;

pub(crate) const FD_READ: u64 = 1 << 1;
pub(crate) const FD_SEEK: u64 = 1 << 2;
pub(crate) const FD_TELL: u64 = 1 << 5;
pub(crate) const FD_WRITE: u64 = 1 << 6;
pub(crate) const PATH_OPEN: u64 = 1 << 13;
pub(crate) const FD_READDIR: u64 = 1 << 14;
pub(crate) const ALL_RIGHTS: u64 = (1 << 30) - 1;
/// What a C library asks for when a file is opened for reading.
pub(crate) const READ_RIGHTS: u64 = ALL_RIGHTS & !(FD_WRITE | 1 | 1 << 8 | 1 << 22 | 3 << 28);

pub(crate) const O_CREAT: u64 = 1;
pub(crate) const O_DIRECTORY: u64 = 2;
pub(crate) const O_EXCL: u64 = 4;
pub(crate) const O_TRUNC: u64 = 8;

pub(crate) const UNKNOWN: u8 = 0;
pub(crate) const DIRECTORY: u8 = 3;
pub(crate) const REGULAR_FILE: u8 = 4;
