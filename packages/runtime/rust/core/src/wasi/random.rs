//! `random_get`.

use super::WasiHost;
use super::failure::Failure;
use super::memory::Memory;

pub(super) fn random_get<H: WasiHost>(
    host: &mut H,
    memory: &mut Memory<'_>,
    buf: u32,
    buf_len: u32,
) -> Result<(), Failure> {
    host.fill_random(memory.bytes_mut(buf, buf_len)?);
    Ok(())
}
