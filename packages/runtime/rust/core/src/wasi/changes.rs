//! Functions on paths that would change the tree, and `path_readlink`.
//!
//! They fail, with the error that a native read-only file system gives: what is wrong with the path
//! itself comes first, `EROFS` last.

#![expect(clippy::too_many_arguments, reason = "the signatures are WASI's")]

use super::errno::Errno;
use super::files::check_times;
use super::memory::Memory;
use super::open::check_lookup;
use super::paths::{Target, resolve};
use super::rights::{self, Rights};
use super::state::WasiState;
use super::tree::{Directory, NodeId, Tree};

/// A path argument: a directory descriptor, a pointer and a length.
#[derive(Clone, Copy)]
struct PathArgument {
    fd: u32,
    path: u32,
    path_len: u32,
}

impl PathArgument {
    fn resolve(self, state: &WasiState, memory: &Memory<'_>, right: Rights) -> Result<Target, Errno> {
        let base = state.descriptors.get(self.fd)?.directory(right)?;
        resolve(&state.tree, base, memory.path(self.path, self.path_len)?)
    }

    fn existing(self, state: &WasiState, memory: &Memory<'_>, right: Rights) -> Result<NodeId, Errno> {
        self.resolve(state, memory, right)?.found()
    }

    /// The error of creating something here.
    fn create(self, state: &WasiState, memory: &Memory<'_>, right: Rights) -> Errno {
        creation(self.resolve(state, memory, right))
    }
}

/// The error of creating something there.
pub(super) fn creation(place: Result<Target, Errno>) -> Errno {
    match place {
        Ok(Target::Found(_)) => Errno::Exists,
        Ok(Target::Missing) => Errno::ReadOnly,
        Err(errno) => errno,
    }
}

/// The error of removing a directory.
pub(super) fn directory_removal(tree: &Tree, node: NodeId) -> Errno {
    match tree.directory(node) {
        Some(Directory { entries, .. }) if !entries.is_empty() => Errno::NotEmpty,
        Some(_) => Errno::ReadOnly,
        None => Errno::NotDirectory,
    }
}

/// The error of removing a file.
pub(super) fn file_removal(tree: &Tree, node: NodeId) -> Errno {
    match tree.directory(node) {
        Some(_) => Errno::IsDirectory,
        None => Errno::ReadOnly,
    }
}

pub(super) fn path_create_directory(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let place = PathArgument { fd, path, path_len };
    Err(place.create(state, memory, rights::PATH_CREATE_DIRECTORY))
}

pub(super) fn path_filestat_set_times(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    flags: u32,
    path: u32,
    path_len: u32,
    _atim: u64,
    _mtim: u64,
    fst_flags: u32,
) -> Result<(), Errno> {
    check_lookup(flags)?;
    check_times(fst_flags)?;
    PathArgument { fd, path, path_len }.existing(state, memory, rights::PATH_FILESTAT_SET_TIMES)?;
    Err(Errno::ReadOnly)
}

pub(super) fn path_link(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    old_fd: u32,
    old_flags: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    check_lookup(old_flags)?;
    let source = PathArgument { fd: old_fd, path: old_path, path_len: old_path_len };
    let place = PathArgument { fd: new_fd, path: new_path, path_len: new_path_len };
    source.existing(state, memory, rights::PATH_LINK_SOURCE)?;
    Err(place.create(state, memory, rights::PATH_LINK_TARGET))
}

/// There are no symbolic links, so what exists is `EINVAL`.
pub(super) fn path_readlink(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
    _buf: u32,
    _buf_len: u32,
    _bufused: u32,
) -> Result<(), Errno> {
    PathArgument { fd, path, path_len }.existing(state, memory, rights::PATH_READLINK)?;
    Err(Errno::Invalid)
}

pub(super) fn path_remove_directory(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let place = PathArgument { fd, path, path_len };
    let node = place.existing(state, memory, rights::PATH_REMOVE_DIRECTORY)?;
    Err(directory_removal(&state.tree, node))
}

pub(super) fn path_rename(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    old_path: u32,
    old_path_len: u32,
    new_fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    let source = PathArgument { fd, path: old_path, path_len: old_path_len };
    let place = PathArgument { fd: new_fd, path: new_path, path_len: new_path_len };
    source.existing(state, memory, rights::PATH_RENAME_SOURCE)?;
    place.resolve(state, memory, rights::PATH_RENAME_TARGET)?;
    Err(Errno::ReadOnly)
}

pub(super) fn path_symlink(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    old_path: u32,
    old_path_len: u32,
    fd: u32,
    new_path: u32,
    new_path_len: u32,
) -> Result<(), Errno> {
    memory.path(old_path, old_path_len)?;
    let place = PathArgument { fd, path: new_path, path_len: new_path_len };
    Err(place.create(state, memory, rights::PATH_SYMLINK))
}

pub(super) fn path_unlink_file(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    path: u32,
    path_len: u32,
) -> Result<(), Errno> {
    let place = PathArgument { fd, path, path_len };
    let node = place.existing(state, memory, rights::PATH_UNLINK_FILE)?;
    Err(file_removal(&state.tree, node))
}
