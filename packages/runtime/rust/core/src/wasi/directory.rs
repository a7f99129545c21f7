//! `fd_readdir`.

use super::errno::Errno;
use super::memory::Memory;
use super::rights;
use super::stat::FileType;
use super::state::WasiState;
use super::tree::{Directory, NodeId, Tree};

/// Bytes of a `dirent` in front of the name.
const HEAD_BYTES: usize = 24;

/// Entries before the first of the tree's own: `.` and `..`.
const DOTS: u64 = 2;

/// Lists a directory: `.`, `..`, then the entries by name. A cookie is the number of entries before.
pub(super) fn fd_readdir(
    state: &mut WasiState,
    memory: &mut Memory<'_>,
    fd: u32,
    buf: u32,
    buf_len: u32,
    cookie: u64,
    bufused: u32,
) -> Result<(), Errno> {
    let node = state.descriptors.get(fd)?.directory(rights::FD_READDIR)?;
    let directory = state.tree.directory(node).ok_or(Errno::NotDirectory)?;
    memory.check(bufused, 4)?;
    let buffer = memory.bytes_mut(buf, buf_len)?;
    let mut used = 0;
    let mut next = cookie;
    while let Some((name, entry)) = entry(directory, node, next) {
        next += 1;
        let head = head(&state.tree, name, entry, next);
        // A full buffer cuts the last entry short, which tells the program that there is more.
        used += append(&mut buffer[used..], &head);
        used += append(&mut buffer[used..], name.as_bytes());
        if used == buffer.len() {
            break;
        }
    }
    memory.write_u32(bufused, used as u32)
}

fn entry(directory: &Directory, node: NodeId, index: u64) -> Option<(&str, NodeId)> {
    match index {
        0 => Some((".", node)),
        1 => Some(("..", directory.parent)),
        _ => {
            let index = usize::try_from(index - DOTS).ok()?;
            directory.entries.get(index).map(|(name, node)| (&**name, *node))
        }
    }
}

fn head(tree: &Tree, name: &str, node: NodeId, next: u64) -> [u8; HEAD_BYTES] {
    let mut head = [0; HEAD_BYTES];
    head[0..8].copy_from_slice(&next.to_le_bytes());
    head[8..16].copy_from_slice(&node.inode().to_le_bytes());
    head[16..20].copy_from_slice(&(name.len() as u32).to_le_bytes());
    head[20] = FileType::of_node(tree.node(node)) as u8;
    head
}

/// Copies as much of `source` as fits; returns how much.
fn append(target: &mut [u8], source: &[u8]) -> usize {
    let length = target.len().min(source.len());
    target[..length].copy_from_slice(&source[..length]);
    length
}
