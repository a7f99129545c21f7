//! `wasi:cli`.

use super::Known;
use super::arguments::Arguments;
use super::entry::{Entry, Input};
use super::reply::Reply;
use crate::wasi::{Exit, OutputStream, WasiHost};

pub(super) fn find<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "get-environment" => (get_environment, 0, 8),
        "get-arguments" => (get_arguments, 0, 8),
        // None: the root, which is where paths start that say nothing else.
        "initial-cwd" => (|_, _| Ok(Reply::new(12)), 0, 12),
        "exit" => (|_, arguments| Err(exit(arguments.u8(0)? != 0)), 1, 0),
        "exit-with-code" => (|_, arguments| Err(exit(arguments.u8(0)?)), 1, 0),
        "get-stdin" => (|host, _| add(host, Entry::Input(Input::Stdin)), 0, 4),
        "get-stdout" => (|host, _| add(host, Entry::Output(OutputStream::Stdout)), 0, 4),
        "get-stderr" => (|host, _| add(host, Entry::Output(OutputStream::Stderr)), 0, 4),
        // None of the streams is a terminal.
        "get-terminal-stdin" | "get-terminal-stdout" | "get-terminal-stderr" => {
            (|_, _| Ok(Reply::new(8)), 0, 8)
        }
        _ => return None,
    })
}

/// What unwinds a program that ends itself.
fn exit(status: impl Into<i32>) -> wasmtime::Error {
    wasmtime::Error::new(Exit(status.into()))
}

/// A new resource as a result.
pub(super) fn add<H: WasiHost>(host: &mut H, entry: Entry) -> wasmtime::Result<Reply> {
    host.wasi().resources.add(entry).map(Reply::of_u32)
}

/// A list of names and values.
fn get_environment<H: WasiHost>(host: &mut H, _: Arguments<'_>) -> wasmtime::Result<Reply> {
    let environment = &host.wasi().environment;
    let (mut reply, start) = Reply::new(8).list(0, environment.count(), 16);
    for (index, variable) in environment.iter().enumerate() {
        let at = start + 16 * index;
        let equals = variable.iter().position(|byte| *byte == b'=').unwrap_or(variable.len());
        let (name, value) = variable.split_at(equals);
        reply = reply.bytes(at, name).bytes(at + 8, value.get(1..).unwrap_or_default());
    }
    Ok(reply)
}

fn get_arguments<H: WasiHost>(host: &mut H, _: Arguments<'_>) -> wasmtime::Result<Reply> {
    let arguments = &host.wasi().arguments;
    let (mut reply, start) = Reply::new(8).list(0, arguments.count(), 8);
    for (index, argument) in arguments.iter().enumerate() {
        reply = reply.bytes(start + 8 * index, argument);
    }
    Ok(reply)
}
