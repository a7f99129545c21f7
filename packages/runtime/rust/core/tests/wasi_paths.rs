//! The file tree and the resolution of paths, without a WebAssembly engine.

extern crate alloc;

#[allow(dead_code, reason = "other functions of preview 1 use the rest")]
#[path = "../src/wasi/errno.rs"]
mod errno;
#[path = "../src/wasi/paths.rs"]
mod paths;
#[allow(dead_code, reason = "other functions of preview 1 use the rest")]
#[path = "../src/wasi/tree.rs"]
mod tree;

use errno::Errno;
use paths::{Target, resolve};
use tree::{Node, NodeId, Tree, TreeError};

fn tree(paths: &[&'static str]) -> Result<Tree, TreeError> {
    Tree::new(paths.iter().map(|path| (*path, path.as_bytes())))
}

/// The contents that a path leads to: each file contains its own path.
fn contents(tree: &Tree, base: NodeId, path: &str) -> Result<Option<&'static [u8]>, Errno> {
    let node = resolve(tree, base, path)?.found()?;
    Ok(match tree.node(node) {
        Some(Node::File(contents)) => Some(contents),
        _ => None,
    })
}

#[test]
fn every_file_is_found_where_it_was_put() {
    let paths = ["/z", "/a/b/c", "/a/b/a", "/a/x", "/a/b/b", "/ä/ö"];
    let tree = tree(&paths).expect("a tree");
    for path in paths {
        assert_eq!(contents(&tree, NodeId::ROOT, &path[1..]), Ok(Some(path.as_bytes())));
    }
    let names = |path: &str| {
        let node = resolve(&tree, NodeId::ROOT, path).expect("a path").found().expect("a node");
        let entries = &tree.directory(node).expect("a directory").entries;
        entries.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names("."), ["a", "z", "ä"]);
    assert_eq!(names("a/b"), ["a", "b", "c"]);
}

#[test]
fn an_empty_tree_has_a_root() {
    let tree = tree(&[]).expect("a tree");
    assert_eq!(resolve(&tree, NodeId::ROOT, "."), Ok(Target::Found(NodeId::ROOT)));
    assert_eq!(resolve(&tree, NodeId::ROOT, "x"), Ok(Target::Missing));
}

#[test]
fn lists_of_files_that_make_no_tree_are_refused() {
    for (paths, error) in [
        (&["relative"][..], TreeError::NotAbsolute),
        (&[""], TreeError::NotAbsolute),
        (&["/"], TreeError::BadName),
        (&["//a"], TreeError::BadName),
        (&["/a/"], TreeError::BadName),
        (&["/a/./b"], TreeError::BadName),
        (&["/a/../b"], TreeError::BadName),
        (&["/a\0"], TreeError::BadName),
        (&["/a", "/a"], TreeError::Conflict),
        (&["/a", "/a/b"], TreeError::Conflict),
        (&["/a/b", "/a"], TreeError::Conflict),
        (&["/a", "/a/b/c"], TreeError::Conflict),
    ] {
        assert_eq!(tree(paths).err(), Some(error), "{paths:?}");
    }
}

#[test]
fn no_path_leaves_its_base() {
    let tree = tree(&["/secret", "/in/file", "/in/deep/file"]).expect("a tree");
    let base = resolve(&tree, NodeId::ROOT, "in").expect("a path").found().expect("a node");
    for path in ["..", "../secret", "deep/../../secret", "../in/file", "./..", "deep/../..", "/in/file", "/"]
    {
        assert_eq!(resolve(&tree, base, path), Err(Errno::NotPermitted), "{path}");
    }
    assert_eq!(contents(&tree, base, "deep/../file"), Ok(Some(&b"/in/file"[..])));
    assert_eq!(resolve(&tree, base, "deep/.."), Ok(Target::Found(base)));
}

#[test]
fn names_on_the_way_must_be_directories() {
    let tree = tree(&["/file", "/directory/file"]).expect("a tree");
    for (path, errno) in [
        ("file/", Errno::NotDirectory),
        ("file/x", Errno::NotDirectory),
        ("file/..", Errno::NotDirectory),
        ("missing/..", Errno::NoEntry),
        ("missing/x", Errno::NoEntry),
        ("", Errno::NoEntry),
    ] {
        assert_eq!(resolve(&tree, NodeId::ROOT, path), Err(errno), "{path}");
    }
    assert_eq!(resolve(&tree, NodeId::ROOT, "missing/"), Ok(Target::Missing));
    assert_eq!(resolve(&tree, NodeId::ROOT, "directory/missing"), Ok(Target::Missing));
}

#[test]
fn names_have_a_longest_length() {
    let tree = tree(&["/file"]).expect("a tree");
    assert_eq!(resolve(&tree, NodeId::ROOT, &"n".repeat(255)), Ok(Target::Missing));
    assert_eq!(resolve(&tree, NodeId::ROOT, &"n".repeat(256)), Err(Errno::NameTooLong));
}
