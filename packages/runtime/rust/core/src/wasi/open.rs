//! `path_open`.

#![expect(clippy::too_many_arguments, reason = "the signatures are WASI's")]

use super::descriptors::{Descriptor, Object};
use super::errno::Errno;
use super::memory::Memory;
use super::paths::{Target, resolve};
use super::rights::{self, Rights};
use super::state::WasiState;
use super::tree::{Node, NodeId};

const CREATE: u32 = 1 << 0;
const DIRECTORY: u32 = 1 << 1;
const EXCLUSIVE: u32 = 1 << 2;
const TRUNCATE: u32 = 1 << 3;
const OPEN_FLAGS: u32 = CREATE | DIRECTORY | EXCLUSIVE | TRUNCATE;

/// Append, dsync, nonblock, rsync, sync.
pub(super) const DESCRIPTOR_FLAGS: u32 = 0x1f;

/// Follow symbolic links.
const LOOKUP_FLAGS: u32 = 1;

/// Fails on lookup flags that preview 1 does not have. The one it has changes nothing here: there
/// are no symbolic links.
pub(super) fn check_lookup(flags: u32) -> Result<(), Errno> {
    if flags & !LOOKUP_FLAGS == 0 { Ok(()) } else { Err(Errno::Invalid) }
}

pub(super) fn path_open(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    dirflags: u32,
    path: u32,
    path_len: u32,
    oflags: u32,
    rights_base: u64,
    rights_inheriting: u64,
    fdflags: u32,
    opened: u32,
) -> Result<(), Errno> {
    check_lookup(dirflags)?;
    if oflags & !OPEN_FLAGS != 0 || fdflags & !DESCRIPTOR_FLAGS != 0 {
        return Err(Errno::Invalid);
    }
    memory.check(opened, 4)?;
    let directory = *state.descriptors.get(fd)?;
    let base = directory.directory(needed_rights(oflags))?;
    // Rights that preview 1 does not know cannot be given, and are no reason to refuse either.
    let wanted = Wanted {
        flags: oflags,
        rights: rights_base & rights::INHERITED,
        inherited: rights_inheriting & rights::INHERITED,
    };
    if (wanted.rights | wanted.inherited) & !directory.inherited != 0 {
        return Err(Errno::NotCapable);
    }
    let target = resolve(&state.tree, base, memory.path(path, path_len)?)?;
    let mut descriptor = open(state, target, wanted)?;
    descriptor.flags = fdflags as u16;
    let number = state.descriptors.add(descriptor)?;
    memory.write_u32(opened, number)
}

/// What the caller of `path_open` asked for.
struct Wanted {
    flags: u32,
    rights: Rights,
    inherited: Rights,
}

fn needed_rights(flags: u32) -> Rights {
    let mut needed = rights::PATH_OPEN;
    if flags & CREATE != 0 {
        needed |= rights::PATH_CREATE_FILE;
    }
    if flags & TRUNCATE != 0 {
        needed |= rights::PATH_FILESTAT_SET_SIZE;
    }
    needed
}

/// A descriptor for `target`, or the error that a native read-only file system has.
fn open(state: &WasiState, target: Target, wanted: Wanted) -> Result<Descriptor, Errno> {
    let create = wanted.flags & CREATE != 0;
    let node = match target {
        Target::Found(_) if create && wanted.flags & EXCLUSIVE != 0 => return Err(Errno::Exists),
        Target::Found(node) => node,
        Target::Missing if create && wanted.flags & DIRECTORY != 0 => return Err(Errno::Invalid),
        Target::Missing if create => return Err(Errno::ReadOnly),
        Target::Missing => return Err(Errno::NoEntry),
    };
    let changes = wanted.rights & rights::FD_WRITE != 0 || wanted.flags & TRUNCATE != 0;
    match state.tree.node(node) {
        Some(Node::Directory(_)) if changes => Err(Errno::IsDirectory),
        Some(Node::Directory(_)) => Ok(open_directory(node, &wanted)),
        Some(Node::File(_)) if wanted.flags & DIRECTORY != 0 => Err(Errno::NotDirectory),
        Some(Node::File(_)) if changes => Err(Errno::ReadOnly),
        Some(Node::File(contents)) => Ok(open_file(node, contents, &wanted)),
        None => Err(Errno::NoEntry),
    }
}

fn open_directory(node: NodeId, wanted: &Wanted) -> Descriptor {
    Descriptor {
        object: Object::Directory { node, preopen: false },
        flags: 0,
        rights: wanted.rights & rights::DIRECTORY,
        inherited: wanted.inherited,
    }
}

fn open_file(node: NodeId, contents: &'static [u8], wanted: &Wanted) -> Descriptor {
    Descriptor {
        object: Object::File { node, contents, position: 0 },
        flags: 0,
        rights: wanted.rights & rights::FILE,
        inherited: 0,
    }
}
