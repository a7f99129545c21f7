//! `proc_exit`, `proc_raise` and `sched_yield`.

use super::errno::Errno;
use super::failure::Failure;
use super::memory::Memory;
use super::state::WasiState;
use super::{Exit, WasiHost};

pub(super) fn proc_exit<H: WasiHost>(_: &mut H, _: &mut Memory<'_>, rval: u32) -> Result<(), Failure> {
    Err(Failure::Stop(Exit(rval.cast_signed()).into()))
}

/// There are no signals. A C library's `abort` traps instead.
pub(super) fn proc_raise(_: &mut WasiState, _: &mut Memory<'_>, _sig: u32) -> Result<(), Errno> {
    Err(Errno::NotImplemented)
}

/// There is no other thread to yield to.
pub(super) fn sched_yield(_: &mut WasiState, _: &mut Memory<'_>) -> Result<(), Errno> {
    Ok(())
}
