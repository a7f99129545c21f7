//! `wasi:filesystem`: what is done with an open file or directory.

use super::Known;
use super::arguments::Arguments;
use super::entry::{Entry, Input};
use super::error_code::{READ_ONLY, error_code};
use super::mistyped;
use super::reply::Reply;
use crate::wasi::tree::{Node, NodeId};
use crate::wasi::{Errno, PREOPEN_NAME, WasiHost, WasiState};

/// Most bytes of one read.
const TRANSFER: usize = 64 << 10;

/// `directory` and `regular-file` of `descriptor-type`.
const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 6;

/// Bytes of a `result<T, error-code>` by the size of `T`, and where `T` starts in it.
pub(super) const UNIT: (usize, usize) = (2, 1);
pub(super) const HANDLE: (usize, usize) = (8, 4);
pub(super) const STAT: (usize, usize) = (104, 8);
pub(super) const HASH: (usize, usize) = (24, 8);

pub(super) fn find<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "get-directories" => (get_directories, 0, 8),
        // Streams here have no errors, so none comes from a file.
        "filesystem-error-code" => (|_, _| Ok(Reply::new(2)), 4, 2),
        "[method]directory-entry-stream.read-directory-entry" => (read_directory_entry, 4, 20),
        "[method]descriptor.read-via-stream" => (read_via_stream, 16, 8),
        "[method]descriptor.read" => (read, 24, 16),
        "[method]descriptor.read-directory" => (read_directory, 4, 8),
        "[method]descriptor.get-type" => (get_type, 4, 2),
        // Read.
        "[method]descriptor.get-flags" => (|_, _| Ok(Reply::new(UNIT.0).u8(UNIT.1, 1)), 4, 2),
        "[method]descriptor.stat" => (|host, arguments| about(host, arguments, stat), 4, 104),
        "[method]descriptor.metadata-hash" => {
            (|host, arguments| about(host, arguments, |_, node| hash(node)), 4, 24)
        }
        "[method]descriptor.is-same-object" => (is_same_object, 8, 1),
        // Nothing is ever behind, and advice about a file in memory is of no use, but no error.
        "[method]descriptor.sync" | "[method]descriptor.sync-data" => (|_, _| Ok(Reply::new(UNIT.0)), 4, 2),
        "[method]descriptor.advise" => (|_, _| Ok(Reply::new(UNIT.0)), 32, 2),
        "[method]descriptor.write-via-stream" => (|_, _| Ok(error(HANDLE, READ_ONLY)), 16, 8),
        "[method]descriptor.append-via-stream" => (|_, _| Ok(error(HANDLE, READ_ONLY)), 4, 8),
        "[method]descriptor.write" => (|_, _| Ok(error((16, 8), READ_ONLY)), 24, 16),
        "[method]descriptor.set-size" => (|_, _| Ok(error(UNIT, READ_ONLY)), 16, 2),
        "[method]descriptor.set-times" => (|_, _| Ok(error(UNIT, READ_ONLY)), 56, 2),
        _ => return None,
    })
}

/// An error, in a result of such a size and with such a place for it.
pub(super) fn error((size, payload): (usize, usize), code: u8) -> Reply {
    Reply::new(size).u8(0, 1).u8(payload, code)
}

/// What was opened, as a result.
pub(super) fn opened(outcome: Result<u32, Errno>) -> Reply {
    match outcome {
        Ok(number) => Reply::new(HANDLE.0).u32(HANDLE.1, number),
        Err(errno) => error(HANDLE, error_code(errno)),
    }
}

/// The descriptor that is the first argument.
fn open<'h, H: WasiHost>(
    host: &'h mut H,
    arguments: Arguments<'_>,
) -> wasmtime::Result<(&'h mut WasiState, NodeId)> {
    let state = host.wasi();
    let node = state.resources.descriptor(arguments.u32(0)?)?;
    Ok((state, node))
}

/// What there is to say about the descriptor that is the first argument.
fn about<H: WasiHost>(
    host: &mut H,
    arguments: Arguments<'_>,
    say: fn(&WasiState, NodeId) -> Reply,
) -> wasmtime::Result<Reply> {
    let (state, node) = open(host, arguments)?;
    Ok(say(state, node))
}

/// The root, under the name that preview 1 gives it too.
fn get_directories<H: WasiHost>(host: &mut H, _: Arguments<'_>) -> wasmtime::Result<Reply> {
    let root = host.wasi().resources.add(Entry::Descriptor(NodeId::ROOT))?;
    let (reply, at) = Reply::new(8).list(0, 1, 12);
    Ok(reply.u32(at, root).bytes(at + 4, PREOPEN_NAME.as_bytes()))
}

fn get_type<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    about(host, arguments, |state, node| Reply::new(UNIT.0).u8(UNIT.1, type_of(state, node)))
}

fn is_same_object<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let (state, node) = open(host, arguments)?;
    let other = state.resources.descriptor(arguments.u32(4)?)?;
    Ok(Reply::new(1).u8(0, u8::from(node == other)))
}

fn type_of(state: &WasiState, node: NodeId) -> u8 {
    match state.tree.node(node) {
        Some(Node::Directory(_)) => DIRECTORY,
        Some(Node::File(_)) => REGULAR_FILE,
        None => 0,
    }
}

/// `ok` with a `descriptor-stat`. The tree keeps no times.
pub(super) fn stat(state: &WasiState, node: NodeId) -> Reply {
    let size = match state.tree.node(node) {
        Some(Node::File(contents)) => contents.len() as u64,
        _ => 0,
    };
    Reply::new(STAT.0).u8(STAT.1, type_of(state, node)).u64(STAT.1 + 8, 1).u64(STAT.1 + 16, size)
}

/// `ok` with a `metadata-hash-value`: the same for the same file.
pub(super) fn hash(node: NodeId) -> Reply {
    Reply::new(HASH.0).u64(HASH.1, node.inode())
}

fn read_via_stream<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let (state, node) = open(host, arguments)?;
    let Some(Node::File(contents)) = state.tree.node(node) else {
        return Ok(error(HANDLE, error_code(Errno::IsDirectory)));
    };
    let contents: &'static [u8] = contents;
    let position = usize::try_from(arguments.u64(8)?).unwrap_or(usize::MAX);
    Ok(opened(state.resources.open(Entry::Input(Input::File { contents, position }))))
}

/// Bytes, and whether they reach the end.
fn read<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let (state, node) = open(host, arguments)?;
    let Some(Node::File(contents)) = state.tree.node(node) else {
        return Ok(error((16, 4), error_code(Errno::IsDirectory)));
    };
    let length = usize::try_from(arguments.u64(8)?).unwrap_or(TRANSFER).min(TRANSFER);
    let start = usize::try_from(arguments.u64(16)?).unwrap_or(usize::MAX);
    let rest = contents.get(start..).unwrap_or_default();
    let bytes = rest.get(..length).unwrap_or(rest);
    let at_end = bytes.len() == rest.len();
    Ok(Reply::new(16).u8(12, u8::from(at_end)).bytes(4, bytes))
}

fn read_directory<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let (state, node) = open(host, arguments)?;
    if state.tree.directory(node).is_none() {
        return Ok(error(HANDLE, error_code(Errno::NotDirectory)));
    }
    Ok(opened(state.resources.open(Entry::Listing(node, 0))))
}

/// The next entry, by name; neither `.` nor `..` is one.
fn read_directory_entry<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let state = host.wasi();
    let Entry::Listing(node, next) = state.resources.get(arguments.u32(0)?)? else {
        return Err(mistyped());
    };
    let (directory, index) = (*node, *next);
    *next = index.saturating_add(1);
    let entry = state.tree.directory(directory).and_then(|directory| directory.entries.get(index));
    let Some((name, child)) = entry else { return Ok(Reply::new(20)) };
    Ok(Reply::new(20).u8(4, 1).u8(8, type_of(state, *child)).bytes(12, name.as_bytes()))
}
