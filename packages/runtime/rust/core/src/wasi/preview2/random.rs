//! `wasi:random`: all of it is secure.

use alloc::format;

use twinwall_abi::ErrorCode;

use super::Known;
use super::arguments::Arguments;
use super::reply::Reply;
use crate::failure::Failure;
use crate::wasi::WasiHost;

/// Most random bytes at a time.
const MOST_BYTES: u64 = 1 << 20;

pub(super) fn find<H: WasiHost>(name: &str) -> Option<Known<H>> {
    Some(match name {
        "get-random-bytes" | "get-insecure-random-bytes" => (bytes, 8, 8),
        "get-random-u64" | "get-insecure-random-u64" => (|host, _| Ok(Reply::of_u64(number(host))), 0, 8),
        "insecure-seed" | "get-insecure-seed" => {
            (|host, _| Ok(Reply::new(16).u64(0, number(host)).u64(8, number(host))), 0, 16)
        }
        _ => return None,
    })
}

fn number<H: WasiHost>(host: &mut H) -> u64 {
    let mut bytes = [0; 8];
    host.fill_random(&mut bytes);
    u64::from_le_bytes(bytes)
}

fn bytes<H: WasiHost>(host: &mut H, arguments: Arguments<'_>) -> wasmtime::Result<Reply> {
    let length = arguments.u64(0)?;
    if length > MOST_BYTES {
        let message = format!("{length} random bytes are more than one may ask for at a time, {MOST_BYTES}");
        return Err(wasmtime::Error::new(Failure::new(ErrorCode::Limit, message)));
    }
    let mut bytes = alloc::vec![0; length as usize];
    host.fill_random(&mut bytes);
    Ok(Reply::new(8).bytes(0, &bytes))
}
