//! What descriptors and paths are: `fdstat`, `filestat`, `prestat`.

use super::OutputStream;
use super::descriptors::{Object, PREOPEN_NAME};
use super::errno::Errno;
use super::memory::Memory;
use super::open::{DESCRIPTOR_FLAGS, check_lookup};
use super::paths::resolve;
use super::rights;
use super::state::WasiState;
use super::tree::{Node, NodeId};

/// A file type of preview 1: those that exist here.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum FileType {
    /// Stdin, stdout and stderr: preview 1 has no number for a pipe.
    Unknown = 0,
    Directory = 3,
    RegularFile = 4,
}

impl FileType {
    fn of_object(object: Object) -> Self {
        match object {
            Object::Stdin | Object::Output(_) => Self::Unknown,
            Object::File { .. } => Self::RegularFile,
            Object::Directory { .. } => Self::Directory,
        }
    }

    pub(super) fn of_node(node: Option<&Node>) -> Self {
        match node {
            Some(Node::Directory(_)) => Self::Directory,
            Some(Node::File(_)) => Self::RegularFile,
            None => Self::Unknown,
        }
    }
}

/// Device numbers, so that no stream has the identity of a file.
const STREAM_DEVICE: u64 = 0;
const TREE_DEVICE: u64 = 1;

struct FileStat {
    device: u64,
    inode: u64,
    file_type: FileType,
    size: u64,
}

impl FileStat {
    fn of_object(state: &WasiState, object: Object) -> Self {
        let stream = |inode| Self { device: STREAM_DEVICE, inode, file_type: FileType::Unknown, size: 0 };
        match object {
            Object::Stdin => stream(1),
            Object::Output(OutputStream::Stdout) => stream(2),
            Object::Output(OutputStream::Stderr) => stream(3),
            Object::File { node, .. } | Object::Directory { node, .. } => Self::of_node(state, node),
        }
    }

    fn of_node(state: &WasiState, id: NodeId) -> Self {
        let node = state.tree.node(id);
        let size = match node {
            Some(Node::File(contents)) => contents.len() as u64,
            _ => 0,
        };
        Self { device: TREE_DEVICE, inode: id.inode(), file_type: FileType::of_node(node), size }
    }

    /// The tree keeps no times: they are all 0.
    fn write(&self, memory: &mut Memory<'_>, pointer: u32) -> Result<(), Errno> {
        let mut record = [0; 64];
        record[0..8].copy_from_slice(&self.device.to_le_bytes());
        record[8..16].copy_from_slice(&self.inode.to_le_bytes());
        record[16] = self.file_type as u8;
        record[24..32].copy_from_slice(&1_u64.to_le_bytes());
        record[32..40].copy_from_slice(&self.size.to_le_bytes());
        memory.write(pointer, &record)
    }
}

pub(super) fn fd_fdstat_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    stat: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get(fd)?;
    let mut record = [0; 24];
    record[0] = FileType::of_object(descriptor.object) as u8;
    record[2..4].copy_from_slice(&descriptor.flags.to_le_bytes());
    record[8..16].copy_from_slice(&descriptor.rights.to_le_bytes());
    record[16..24].copy_from_slice(&descriptor.inherited.to_le_bytes());
    memory.write(stat, &record)
}

/// Keeps the flags for `fd_fdstat_get`; none makes a difference to memory and pipes.
pub(super) fn fd_fdstat_set_flags(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    flags: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get_mut(fd)?;
    descriptor.require(rights::FD_FDSTAT_SET_FLAGS)?;
    if flags & !DESCRIPTOR_FLAGS != 0 {
        return Err(Errno::Invalid);
    }
    descriptor.flags = flags as u16;
    Ok(())
}

/// Takes rights away; asking for one that the descriptor lacks changes nothing.
pub(super) fn fd_fdstat_set_rights(
    state: &mut WasiState,
    _: &mut Memory<'_>,
    fd: u32,
    rights_base: u64,
    rights_inheriting: u64,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get_mut(fd)?;
    if rights_base & !descriptor.rights != 0 || rights_inheriting & !descriptor.inherited != 0 {
        return Err(Errno::NotCapable);
    }
    descriptor.rights = rights_base;
    descriptor.inherited = rights_inheriting;
    Ok(())
}

pub(super) fn fd_filestat_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    stat: u32,
) -> Result<(), Errno> {
    let descriptor = state.descriptors.get(fd)?;
    descriptor.require(rights::FD_FILESTAT_GET)?;
    FileStat::of_object(state, descriptor.object).write(memory, stat)
}

pub(super) fn path_filestat_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    stat: u32,
) -> Result<(), Errno> {
    check_lookup(flags)?;
    let base = state.descriptors.get(fd)?.directory(rights::PATH_FILESTAT_GET)?;
    let node = resolve(&state.tree, base, memory.path(path, path_len)?)?.found()?;
    FileStat::of_node(state, node).write(memory, stat)
}

/// The name of the preopened directory `fd`; other descriptors are `EBADF`, which ends the search
/// of a C library that counts up from 3.
fn preopen_name(state: &WasiState, fd: u32) -> Result<&'static [u8], Errno> {
    match state.descriptors.get(fd)?.object {
        Object::Directory { preopen: true, .. } => Ok(PREOPEN_NAME.as_bytes()),
        _ => Err(Errno::BadDescriptor),
    }
}

pub(super) fn fd_prestat_get(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    prestat: u32,
) -> Result<(), Errno> {
    let name = preopen_name(state, fd)?;
    // Tag 0 is a directory; the length follows at 4.
    let mut record = [0; 8];
    record[4..8].copy_from_slice(&(name.len() as u32).to_le_bytes());
    memory.write(prestat, &record)
}

pub(super) fn fd_prestat_dir_name(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let name = preopen_name(state, fd)?;
    if (path_len as usize) < name.len() {
        return Err(Errno::NameTooLong);
    }
    memory.write(path, name)
}
