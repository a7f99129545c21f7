//! `wasi:filesystem`: what would change the tree at a path.
//!
//! All of it fails, with the error that preview 1 gives: what is wrong with the path comes first, `read-only` last.

use super::Known;
use super::arguments::Arguments;
use super::error_code::error_code;
use super::filesystem::{UNIT, error};
use super::filesystem_at::follow;
use super::reply::Reply;
use crate::wasi::changes::{creation, directory_removal, file_removal};
use crate::wasi::memory::path;
use crate::wasi::paths::Target;
use crate::wasi::{Errno, WasiHost, WasiState};

pub(super) fn find<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "[method]descriptor.create-directory-at" => {
            (|host, arguments| refuse(host, arguments, create_directory), 12, 2)
        }
        "[method]descriptor.link-at" => (|host, arguments| refuse(host, arguments, link), 28, 2),
        "[method]descriptor.remove-directory-at" => {
            (|host, arguments| refuse(host, arguments, remove_directory), 12, 2)
        }
        "[method]descriptor.rename-at" => (|host, arguments| refuse(host, arguments, rename), 24, 2),
        "[method]descriptor.set-times-at" => (|host, arguments| refuse(host, arguments, set_times), 64, 2),
        "[method]descriptor.symlink-at" => (|host, arguments| refuse(host, arguments, symlink), 20, 2),
        "[method]descriptor.unlink-file-at" => {
            (|host, arguments| refuse(host, arguments, unlink_file), 12, 2)
        }
        _ => return None,
    })
}

/// Why a change is refused.
type Reason = fn(&mut WasiState, Arguments<'_>) -> wasmtime::Result<Errno>;

fn refuse<H: WasiHost>(host: &mut H, arguments: Arguments<'_>, reason: Reason) -> wasmtime::Result<Reply> {
    Ok(error(UNIT, error_code(reason(host.wasi(), arguments)?)))
}

fn create_directory(state: &mut WasiState, arguments: Arguments<'_>) -> wasmtime::Result<Errno> {
    Ok(creation(follow(state, arguments, 0, 4)?))
}

fn link(state: &mut WasiState, arguments: Arguments<'_>) -> wasmtime::Result<Errno> {
    let source = follow(state, arguments, 0, 8)?.and_then(Target::found);
    let place = follow(state, arguments, 16, 20)?;
    Ok(source.map_or_else(|errno| errno, |_| creation(place)))
}

fn remove_directory(state: &mut WasiState, arguments: Arguments<'_>) -> wasmtime::Result<Errno> {
    let found = follow(state, arguments, 0, 4)?.and_then(Target::found);
    Ok(found.map_or_else(|errno| errno, |node| directory_removal(&state.tree, node)))
}

fn rename(state: &mut WasiState, arguments: Arguments<'_>) -> wasmtime::Result<Errno> {
    let source = follow(state, arguments, 0, 4)?.and_then(Target::found);
    let place = follow(state, arguments, 12, 16)?;
    Ok(source.and(place).err().unwrap_or(Errno::ReadOnly))
}

fn set_times(state: &mut WasiState, arguments: Arguments<'_>) -> wasmtime::Result<Errno> {
    let found = follow(state, arguments, 0, 8)?.and_then(Target::found);
    Ok(found.err().unwrap_or(Errno::ReadOnly))
}

fn symlink(state: &mut WasiState, arguments: Arguments<'_>) -> wasmtime::Result<Errno> {
    let place = follow(state, arguments, 0, 12)?;
    Ok(path(arguments.list(4, 1)?).err().unwrap_or_else(|| creation(place)))
}

fn unlink_file(state: &mut WasiState, arguments: Arguments<'_>) -> wasmtime::Result<Errno> {
    let found = follow(state, arguments, 0, 4)?.and_then(Target::found);
    Ok(found.map_or_else(|errno| errno, |node| file_removal(&state.tree, node)))
}
