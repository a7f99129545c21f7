//! `wasi:filesystem`: what is done by a path from a directory.

use super::Known;
use super::arguments::Arguments;
use super::entry::Entry;
use super::error_code::error_code;
use super::filesystem::{HASH, STAT, error, hash, opened, stat};
use super::reply::Reply;
use crate::wasi::memory::path;
use crate::wasi::paths::{Target, resolve};
use crate::wasi::tree::{Node, NodeId};
use crate::wasi::{Errno, WasiHost, WasiState};

/// `open-flags`.
const CREATE: u8 = 1 << 0;
const MUST_BE_DIRECTORY: u8 = 1 << 1;
const EXCLUSIVE: u8 = 1 << 2;
const TRUNCATE: u8 = 1 << 3;

/// `descriptor-flags`.
const WRITE: u8 = 1 << 1;
const MUTATE_DIRECTORY: u8 = 1 << 5;

pub(super) fn find<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "[method]descriptor.open-at" => (open_at, 20, 8),
        "[method]descriptor.stat-at" => (stat_at, 16, 104),
        "[method]descriptor.metadata-hash-at" => (metadata_hash_at, 16, 24),
        "[method]descriptor.readlink-at" => (readlink_at, 12, 12),
        _ => return None,
    })
}

fn stat_at<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let state = host.wasi();
    let found = follow(state, arguments, 0, 8)?.and_then(Target::found);
    Ok(found.map_or_else(|errno| error(STAT, error_code(errno)), |node| stat(state, node)))
}

fn metadata_hash_at<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let found = follow(host.wasi(), arguments, 0, 8)?.and_then(Target::found);
    Ok(found.map_or_else(|errno| error(HASH, error_code(errno)), hash))
}

/// There are no symbolic links.
fn readlink_at<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let found = follow(host.wasi(), arguments, 0, 4)?.and_then(Target::found);
    Ok(error((12, 4), error_code(found.err().unwrap_or(Errno::Invalid))))
}

/// Follows the path at `at` from the directory whose handle is at `base`.
pub(super) fn follow(
    state: &mut WasiState,
    arguments: Arguments<'_>,
    base: usize,
    at: usize,
) -> wasmtime::Result<Result<Target, Errno>> {
    let base = state.resources.descriptor(arguments.u32(base)?)?;
    let path = path(arguments.list(at, 1)?);
    Ok(path.and_then(|path| resolve(&state.tree, base, path)))
}

fn open_at<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let (open_flags, flags) = (arguments.u8(16)?, arguments.u8(17)?);
    let state = host.wasi();
    let node = follow(state, arguments, 0, 8)?.and_then(|target| choose(state, target, open_flags, flags));
    Ok(opened(node.and_then(|node| state.resources.open(Entry::Descriptor(node)))))
}

/// What is opened, or the error that a native read-only file system has.
fn choose(state: &WasiState, target: Target, open_flags: u8, flags: u8) -> Result<NodeId, Errno> {
    let create = open_flags & CREATE != 0;
    let directory = open_flags & MUST_BE_DIRECTORY != 0;
    let node = match target {
        Target::Found(_) if create && open_flags & EXCLUSIVE != 0 => return Err(Errno::Exists),
        Target::Found(node) => node,
        Target::Missing if create && directory => return Err(Errno::Invalid),
        Target::Missing if create => return Err(Errno::ReadOnly),
        Target::Missing => return Err(Errno::NoEntry),
    };
    let changes = flags & WRITE != 0 || open_flags & TRUNCATE != 0;
    match state.tree.node(node) {
        Some(Node::Directory(_)) if changes => Err(Errno::IsDirectory),
        Some(Node::Directory(_)) if flags & MUTATE_DIRECTORY != 0 => Err(Errno::ReadOnly),
        Some(Node::File(_)) if directory => Err(Errno::NotDirectory),
        Some(Node::File(_)) if changes => Err(Errno::ReadOnly),
        Some(_) => Ok(node),
        None => Err(Errno::NoEntry),
    }
}
