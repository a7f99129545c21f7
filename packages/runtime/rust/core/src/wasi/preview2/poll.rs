//! `wasi:io/poll`.

use alloc::vec::Vec;

use twinwall_abi::TrapCode;

use super::Known;
use super::arguments::Arguments;
use super::reply::Reply;
use crate::failure::Failure;
use crate::wasi::WasiHost;

pub(super) fn find<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "poll" => (poll, 8, 8),
        "[method]pollable.ready" => (ready, 4, 1),
        "[method]pollable.block" => (block, 4, 0),
        _ => return None,
    })
}

fn ready<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let due = host.wasi().resources.due(arguments.u32(0)?)?;
    Ok(Reply::new(1).u8(0, u8::from(due <= host.monotonic_nanoseconds())))
}

fn block<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let due = host.wasi().resources.due(arguments.u32(0)?)?;
    host.wait_until(due)?;
    Ok(Reply::none())
}

/// Waits until one is ready; returns the positions of all that are.
fn poll<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let (handles, _) = arguments.list(0, 4)?.as_chunks::<4>();
    let dues = handles
        .iter()
        .map(|handle| host.wasi().resources.due(u32::from_le_bytes(*handle)))
        .collect::<wasmtime::Result<Vec<_>>>()?;
    let Some(first) = dues.iter().min() else {
        let message = "poll was called without anything to wait for";
        return Err(wasmtime::Error::new(Failure::trap(TrapCode::Other, message)));
    };
    host.wait_until(*first)?;
    let now = host.monotonic_nanoseconds();
    let ready: Vec<u32> =
        (0_u32..).zip(&dues).filter(|(_, due)| **due <= now).map(|(index, _)| index).collect();
    let (mut reply, start) = Reply::new(8).list(0, ready.len(), 4);
    for (place, index) in ready.into_iter().enumerate() {
        reply = reply.u32(start + 4 * place, index);
    }
    Ok(reply)
}
