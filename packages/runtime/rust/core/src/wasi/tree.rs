//! The sandbox's read-only file tree.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

/// A list of files that makes no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeError {
    /// A path does not start with `/`.
    NotAbsolute,
    /// A path contains an empty name, `.`, `..` or a NUL character, or ends in `/`.
    BadName,
    /// Two files have the same path, or one lies below another.
    Conflict,
    /// More than 2³² − 1 files and directories.
    TooMany,
}

impl fmt::Display for TreeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NotAbsolute => "the path of a file does not start with '/'",
            Self::BadName => "the path of a file contains an empty name, '.', '..' or a NUL character",
            Self::Conflict => "two files have the same path, or one lies below another",
            Self::TooMany => "more files than 32 bits can count",
        })
    }
}

impl core::error::Error for TreeError {}

/// A file or directory of a [`Tree`]. Comes from the same tree only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

impl NodeId {
    /// The directory `/`.
    pub(super) const ROOT: Self = Self(0);

    /// The inode number: never 0, which some programs take for a deleted entry.
    pub(super) fn inode(self) -> u64 {
        u64::from(self.0) + 1
    }
}

/// What a node is.
pub(super) enum Node {
    Directory(Directory),
    File(&'static [u8]),
}

/// Entries of a directory, sorted by name.
pub(super) struct Directory {
    /// The root's parent is the root.
    pub(super) parent: NodeId,
    pub(super) entries: Vec<(Box<str>, NodeId)>,
}

impl Directory {
    fn new(parent: NodeId) -> Self {
        Self { parent, entries: Vec::new() }
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(entry, _)| (**entry).cmp(name))
    }

    /// The entry `name`; `.` and `..` are not entries.
    pub(super) fn child(&self, name: &str) -> Option<NodeId> {
        let index = self.find(name).ok()?;
        self.entries.get(index).map(|(_, node)| *node)
    }
}

/// A tree of files that never changes once built.
pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub(super) fn new<'a>(
        files: impl IntoIterator<Item = (&'a str, &'static [u8])>,
    ) -> Result<Self, TreeError> {
        let mut tree = Self { nodes: Vec::from([Node::Directory(Directory::new(NodeId::ROOT))]) };
        for (path, contents) in files {
            tree.insert(path, contents)?;
        }
        Ok(tree)
    }

    fn insert(&mut self, path: &str, contents: &'static [u8]) -> Result<(), TreeError> {
        let names = path.strip_prefix('/').ok_or(TreeError::NotAbsolute)?;
        if names.split('/').any(|name| matches!(name, "" | "." | "..") || name.contains('\0')) {
            return Err(TreeError::BadName);
        }
        let (directories, file) = match names.rsplit_once('/') {
            Some((directories, file)) => (Some(directories), file),
            None => (None, names),
        };
        let mut parent = NodeId::ROOT;
        for name in directories.into_iter().flat_map(|names| names.split('/')) {
            parent = match self.directory(parent).ok_or(TreeError::Conflict)?.child(name) {
                Some(node) => node,
                None => self.add(parent, name, Node::Directory(Directory::new(parent)))?,
            };
        }
        self.add(parent, file, Node::File(contents)).map(|_| ())
    }

    fn add(&mut self, parent: NodeId, name: &str, node: Node) -> Result<NodeId, TreeError> {
        let id = u32::try_from(self.nodes.len()).map(NodeId).map_err(|_| TreeError::TooMany)?;
        let Some(Node::Directory(directory)) = self.nodes.get_mut(parent.0 as usize) else {
            return Err(TreeError::Conflict);
        };
        let Err(place) = directory.find(name) else {
            return Err(TreeError::Conflict);
        };
        directory.entries.insert(place, (name.into(), id));
        self.nodes.push(node);
        Ok(id)
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id.0 as usize)
    }

    /// The directory `id`, if it is one.
    pub(super) fn directory(&self, id: NodeId) -> Option<&Directory> {
        match self.node(id) {
            Some(Node::Directory(directory)) => Some(directory),
            _ => None,
        }
    }
}
