//! Functions on open files other than reading and writing.

use super::descriptors::{Descriptor, Object};
use super::errno::Errno;
use super::memory::Memory;
use super::rights::{self, Rights};
use super::state::WasiState;

const WHENCE_START: u32 = 0;
const WHENCE_POSITION: u32 = 1;
const WHENCE_END: u32 = 2;

/// The largest number of an advice (`noreuse`).
const LAST_ADVICE: u32 = 5;

/// Length and position of a file; streams cannot seek, directories are not open for it.
fn seekable(descriptor: &mut Descriptor) -> Result<(u64, &mut u64), Errno> {
    match &mut descriptor.object {
        Object::File { contents, position, .. } => Ok((contents.len() as u64, position)),
        Object::Stdin | Object::Output(_) => Err(Errno::NotSeekable),
        Object::Directory { .. } => Err(Errno::BadDescriptor),
    }
}

pub(super) fn fd_seek(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    offset: i64,
    whence: u32,
    new_offset: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get_mut(fd)?;
    seekable(descriptor)?;
    // The right to seek includes the right to tell.
    let tells = whence == WHENCE_POSITION && offset == 0 && descriptor.rights & rights::FD_TELL != 0;
    if !tells {
        descriptor.require(rights::FD_SEEK)?;
    }
    memory.check(new_offset, 8)?;
    let (length, position) = seekable(descriptor)?;
    let base = match whence {
        WHENCE_START => 0,
        WHENCE_POSITION => *position,
        WHENCE_END => length,
        _ => return Err(Errno::Invalid),
    };
    let target = base.checked_add_signed(offset).ok_or(Errno::Invalid)?;
    if i64::try_from(target).is_err() {
        return Err(Errno::Invalid);
    }
    *position = target;
    memory.write_u64(new_offset, target)
}

pub(super) fn fd_tell(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    offset: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get_mut(fd)?;
    let (_, position) = seekable(descriptor)?;
    let position = *position;
    if descriptor.rights & (rights::FD_TELL | rights::FD_SEEK) == 0 {
        return Err(Errno::NotCapable);
    }
    memory.write_u64(offset, position)
}

/// Advice about a file in memory is of no use, but good advice is no error.
pub(super) fn fd_advise(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    offset: u64,
    len: u64,
    advice: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get_mut(fd)?;
    seekable(descriptor)?;
    descriptor.require(rights::FD_ADVISE)?;
    if advice > LAST_ADVICE || i64::try_from(offset).is_err() || i64::try_from(len).is_err() {
        return Err(Errno::Invalid);
    }
    Ok(())
}

/// The error of changing an open file: none is open for writing, as with a native descriptor.
fn change_file(state: &mut WasiState, fd: u32, right: Rights) -> Result<(), Errno> {
    let descriptor = state.descriptors.get_mut(fd)?;
    seekable(descriptor)?;
    descriptor.require(right)?;
    Err(Errno::BadDescriptor)
}

pub(super) fn fd_allocate(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _offset: u64,
    _len: u64,
) -> Result<(), Errno> {
    change_file(state, fd, rights::FD_ALLOCATE)
}

pub(super) fn fd_filestat_set_size(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _size: u64,
) -> Result<(), Errno> {
    change_file(state, fd, rights::FD_FILESTAT_SET_SIZE)
}

/// Fails on `fstflags` that contradict themselves or that preview 1 does not have.
pub(super) fn check_times(flags: u32) -> Result<(), Errno> {
    let both = |shift: u32| flags >> shift & 0b11 == 0b11;
    if flags & !0b1111 != 0 || both(0) || both(2) { Err(Errno::Invalid) } else { Ok(()) }
}

pub(super) fn fd_filestat_set_times(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _atim: u64,
    _mtim: u64,
    fst_flags: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get(fd)?;
    check_times(fst_flags)?;
    match descriptor.object {
        Object::Stdin | Object::Output(_) => Err(Errno::NotCapable),
        Object::File { .. } | Object::Directory { .. } => {
            descriptor.require(rights::FD_FILESTAT_SET_TIMES)?;
            Err(Errno::ReadOnly)
        }
    }
}

/// Nothing is ever behind: output is handed over at once and the tree cannot change.
fn sync(state: &WasiState, fd: u32, right: Rights) -> Result<(), Errno> {
    let descriptor = state.descriptors.get(fd)?;
    match descriptor.object {
        Object::Stdin => Err(Errno::Invalid),
        _ => descriptor.require(right),
    }
}

pub(super) fn fd_datasync(state: &mut WasiState, _: &mut Memory<'_>, fd: u32) -> Result<(), Errno> {
    sync(state, fd, rights::FD_DATASYNC)
}

pub(super) fn fd_sync(state: &mut WasiState, _: &mut Memory<'_>, fd: u32) -> Result<(), Errno> {
    sync(state, fd, rights::FD_SYNC)
}
