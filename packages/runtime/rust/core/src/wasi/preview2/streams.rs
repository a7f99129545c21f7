//! `wasi:io/streams` and `wasi:io/error`.

use alloc::format;

use twinwall_abi::TrapCode;

use super::Known;
use super::arguments::Arguments;
use super::cli::add;
use super::entry::{Entry, Input};
use super::reply::Reply;
use crate::failure::Failure;
use crate::wasi::WasiHost;

/// Most bytes of one read or write.
const TRANSFER: usize = 64 << 10;

pub(super) fn find<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "[method]error.to-debug-string" => (|_, _| Ok(Reply::new(8).bytes(0, b"error")), 4, 8),
        "[method]input-stream.read" | "[method]input-stream.blocking-read" => (read, 16, 12),
        "[method]input-stream.skip" | "[method]input-stream.blocking-skip" => (skip, 16, 16),
        // Always ready: there is input, or it is at its end.
        "[method]input-stream.subscribe" | "[method]output-stream.subscribe" => {
            (|host, _| add(host, Entry::Pollable(0)), 4, 4)
        }
        "[method]output-stream.check-write" => (|_, _| Ok(count(TRANSFER)), 4, 16),
        "[method]output-stream.write" | "[method]output-stream.blocking-write-and-flush" => (write, 12, 12),
        "[method]output-stream.flush" | "[method]output-stream.blocking-flush" => (|_, _| Ok(done()), 4, 12),
        "[method]output-stream.write-zeroes" | "[method]output-stream.blocking-write-zeroes-and-flush" => {
            (write_zeroes, 16, 12)
        }
        "[method]output-stream.splice" | "[method]output-stream.blocking-splice" => (splice, 16, 16),
        _ => return None,
    })
}

/// `ok` of a `result<_, stream-error>`.
fn done() -> Reply {
    Reply::new(12)
}

/// `ok` of a `result<u64, stream-error>`.
fn count(bytes: usize) -> Reply {
    Reply::new(16).u64(8, bytes as u64)
}

/// The error `closed`; `payload` is where a payload starts.
fn closed(size: usize, payload: usize) -> Reply {
    Reply::new(size).u8(0, 1).u8(payload, 1)
}

/// Takes at most `length` bytes; `None` at the end.
fn take<H: WasiHost>(host: &mut H, stream: u32, length: u64) -> wasmtime::Result<Option<&[u8]>> {
    let state = host.wasi();
    let length = usize::try_from(length).unwrap_or(TRANSFER).min(TRANSFER);
    match state.resources.input(stream)? {
        Input::Stdin => {
            let start = state.stdin_position;
            let rest = state.stdin.get(start..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            let end = start + rest.len().min(length);
            state.stdin_position = end;
            Ok(state.stdin.get(start..end))
        }
        Input::File { contents, position } => {
            let rest = contents.get(*position..).unwrap_or_default();
            if rest.is_empty() {
                return Ok(None);
            }
            let taken = rest.get(..length).unwrap_or(rest);
            *position += taken.len();
            Ok(Some(taken))
        }
    }
}

fn read<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    Ok(match take(host, arguments.u32(0)?, arguments.u64(8)?)? {
        Some(bytes) => Reply::new(12).bytes(4, bytes),
        None => closed(12, 4),
    })
}

fn skip<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    Ok(match take(host, arguments.u32(0)?, arguments.u64(8)?)? {
        Some(bytes) => count(bytes.len()),
        None => closed(16, 8),
    })
}

fn write<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let stream = host.wasi().resources.output(arguments.u32(0)?)?;
    let bytes = arguments.list(4, 1)?;
    if !bytes.is_empty() {
        host.write_output(stream, bytes)?;
    }
    Ok(done())
}

fn write_zeroes<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    const ZEROES: [u8; 1024] = [0; 1024];
    let stream = host.wasi().resources.output(arguments.u32(0)?)?;
    let length = arguments.u64(8)?;
    if length > TRANSFER as u64 {
        let message = format!("{length} zeros are more than `check-write` allows, {TRANSFER}");
        return Err(wasmtime::Error::new(Failure::trap(TrapCode::Other, message)));
    }
    let mut left = length as usize;
    while left > 0 {
        let now = ZEROES.get(..left).unwrap_or(&ZEROES);
        host.write_output(stream, now)?;
        left -= now.len();
    }
    Ok(done())
}

fn splice<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let stream = host.wasi().resources.output(arguments.u32(0)?)?;
    let Some(bytes) = take(host, arguments.u32(4)?, arguments.u64(8)?)? else {
        return Ok(closed(16, 8));
    };
    // A copy: where they come from belongs to the host that takes them.
    let bytes = bytes.to_vec();
    if !bytes.is_empty() {
        host.write_output(stream, &bytes)?;
    }
    Ok(count(bytes.len()))
}
