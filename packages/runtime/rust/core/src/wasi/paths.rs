//! Where a path leads, without ever leaving the directory that it starts from.

use super::errno::Errno;
use super::tree::{NodeId, Tree};

/// Longest name in a path in bytes, as on Linux.
const NAME_LIMIT: usize = 255;

/// What a path names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A file or directory.
    Found(NodeId),
    /// Nothing, but the directory that would hold it exists.
    Missing,
}

impl Target {
    /// The node, or `ENOENT`.
    pub(super) fn found(self) -> Result<NodeId, Errno> {
        match self {
            Self::Found(node) => Ok(node),
            Self::Missing => Err(Errno::NoEntry),
        }
    }
}

/// Resolves `path` from directory `base`.
///
/// Each name on the way must exist and be a directory, also where `..` follows it. A path that is
/// absolute or climbs above `base` is `EPERM`, wherever it would end.
pub(super) fn resolve(tree: &Tree, base: NodeId, path: &str) -> Result<Target, Errno> {
    if path.is_empty() {
        return Err(Errno::NoEntry);
    }
    if path.starts_with('/') {
        return Err(Errno::NotPermitted);
    }
    let mut node = base;
    let mut depth = 0_u32;
    let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
    while let Some(name) = names.next() {
        let directory = tree.directory(node).ok_or(Errno::NotDirectory)?;
        match name {
            "." => {}
            ".." => {
                depth = depth.checked_sub(1).ok_or(Errno::NotPermitted)?;
                node = directory.parent;
            }
            _ if name.len() > NAME_LIMIT => return Err(Errno::NameTooLong),
            _ => match directory.child(name) {
                Some(child) => {
                    // A path has at most 4096 bytes.
                    depth += 1;
                    node = child;
                }
                None if names.peek().is_some() => return Err(Errno::NoEntry),
                None => return Ok(Target::Missing),
            },
        }
    }
    if path.ends_with('/') && tree.directory(node).is_none() {
        return Err(Errno::NotDirectory);
    }
    Ok(Target::Found(node))
}
