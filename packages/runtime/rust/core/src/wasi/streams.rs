//! Reading and writing: `fd_read`, `fd_pread`, `fd_write`, `fd_pwrite`.

use super::descriptors::Object;
use super::errno::Errno;
use super::failure::Failure;
use super::memory::{Memory, TRANSFER_LIMIT, Vectors};
use super::rights;
use super::state::WasiState;
use super::{OutputStream, WasiHost};

pub(super) fn fd_read(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nread: u32,
) -> Result<(), Errno> {
    let descriptor = *state.descriptors.get(fd)?;
    if let Object::Directory { .. } = descriptor.object {
        return Err(Errno::IsDirectory);
    }
    descriptor.require_open_for(rights::FD_READ)?;
    memory.check(nread, 4)?;
    let vectors = memory.vectors(iovs, iovs_len)?;
    let length = match descriptor.object {
        Object::Stdin => {
            let length = memory.scatter(vectors, state.stdin_rest())?;
            state.stdin_position += length;
            length
        }
        Object::File { contents, position, .. } => {
            let length = memory.scatter(vectors, rest(contents, position))?;
            advance(state, fd, length)?;
            length
        }
        Object::Output(_) | Object::Directory { .. } => return Err(Errno::BadDescriptor),
    };
    memory.write_u32(nread, length as u32)
}

pub(super) fn fd_pread(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    offset: u64,
    nread: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get(fd)?;
    let contents = match descriptor.object {
        Object::Directory { .. } => return Err(Errno::IsDirectory),
        Object::Stdin | Object::Output(_) => return Err(Errno::NotSeekable),
        Object::File { contents, .. } => contents,
    };
    descriptor.require_open_for(rights::FD_READ)?;
    descriptor.require(rights::FD_SEEK)?;
    if i64::try_from(offset).is_err() {
        return Err(Errno::Invalid);
    }
    memory.check(nread, 4)?;
    let vectors = memory.vectors(iovs, iovs_len)?;
    let length = memory.scatter(vectors, rest(contents, offset))?;
    memory.write_u32(nread, length as u32)
}

/// What of a file lies behind `position`; nothing when that is beyond its end.
pub(super) fn rest(contents: &'static [u8], position: u64) -> &'static [u8] {
    usize::try_from(position).ok().and_then(|position| contents.get(position..)).unwrap_or_default()
}

fn advance(state: &mut WasiState, fd: u32, length: usize) -> Result<(), Errno> {
    if let Object::File { position, .. } = &mut state.descriptors.get_mut(fd)?.object {
        *position = position.saturating_add(length as u64);
    }
    Ok(())
}

/// The stream behind `fd`. No file is open for writing, so all else is `EBADF`.
fn output_stream(state: &WasiState, fd: u32) -> Result<OutputStream, Errno> {
    let descriptor = state.descriptors.get(fd)?;
    descriptor.require_open_for(rights::FD_WRITE)?;
    match descriptor.object {
        Object::Output(stream) => Ok(stream),
        _ => Err(Errno::BadDescriptor),
    }
}

pub(super) fn fd_write<H: WasiHost>(
    host: &mut H,
    memory: &mut Memory<'_>,
    fd: u32,
    iovs: u32,
    iovs_len: u32,
    nwritten: u32,
) -> Result<(), Failure> {
    let stream = output_stream(host.wasi(), fd)?;
    memory.check(nwritten, 4)?;
    let vectors = memory.vectors(iovs, iovs_len)?;
    let length = gather(host, memory, vectors, stream)?;
    Ok(memory.write_u32(nwritten, length as u32)?)
}

/// Hands the vectors' bytes to the host; returns how many.
fn gather<H: WasiHost>(
    host: &mut H,
    memory: &Memory<'_>,
    vectors: Vectors,
    stream: OutputStream,
) -> Result<usize, Failure> {
    let mut written = 0;
    for index in 0..vectors.count {
        let (pointer, length) = vectors.get(memory, index)?;
        let bytes = memory.bytes(pointer, length)?;
        let now = bytes.get(..TRANSFER_LIMIT - written).unwrap_or(bytes);
        if !now.is_empty() {
            host.write_output(stream, now)?;
        }
        written += now.len();
    }
    Ok(written)
}

pub(super) fn fd_pwrite(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    _iovs: u32,
    _iovs_len: u32,
    _offset: u64,
    _nwritten: u32,
) -> Result<(), Errno> {
    output_stream(state, fd)?;
    Err(Errno::NotSeekable)
}
