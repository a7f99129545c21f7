//! `wasi:clocks`.

use super::Known;
use super::arguments::Arguments;
use super::cli::add;
use super::entry::Entry;
use super::reply::Reply;
use crate::wasi::WasiHost;

const NANOSECONDS: u64 = 1_000_000_000;

pub(super) fn find_monotonic<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "now" => (|host, _| Ok(Reply::of_u64(host.monotonic_nanoseconds())), 0, 8),
        "resolution" => (|_, _| Ok(Reply::of_u64(1)), 0, 8),
        "subscribe-instant" => (|host, arguments| add(host, Entry::Pollable(arguments.u64(0)?)), 8, 4),
        "subscribe-duration" => (subscribe_duration, 8, 4),
        _ => return None,
    })
}

fn subscribe_duration<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let due = host.monotonic_nanoseconds().saturating_add(arguments.u64(0)?);
    add(host, Entry::Pollable(due))
}

pub(super) fn find_wall<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "now" => (|host, _| Ok(datetime(host.wall_clock_nanoseconds())), 0, 16),
        "resolution" => (|_, _| Ok(datetime(1)), 0, 16),
        _ => return None,
    })
}

fn datetime(nanoseconds: u64) -> Reply {
    Reply::new(16).u64(0, nanoseconds / NANOSECONDS).u32(8, (nanoseconds % NANOSECONDS) as u32)
}
