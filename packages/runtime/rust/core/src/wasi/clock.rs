//! `clock_res_get` and `clock_time_get`.

use super::WasiHost;
use super::errno::Errno;
use super::failure::Failure;
use super::memory::Memory;
use super::state::WasiState;

/// A clock of preview 1.
#[derive(Clone, Copy)]
pub(super) enum Clock {
    /// Nanoseconds since 1970.
    Realtime,
    /// Nanoseconds since the run started. CPU time is the same: a machine does nothing else.
    Monotonic,
}

impl Clock {
    pub(super) fn new(id: u32) -> Result<Self, Errno> {
        match id {
            0 => Ok(Self::Realtime),
            1..=3 => Ok(Self::Monotonic),
            _ => Err(Errno::Invalid),
        }
    }

    pub(super) fn now<H: WasiHost>(self, host: &mut H) -> u64 {
        match self {
            Self::Realtime => host.wall_clock_nanoseconds(),
            Self::Monotonic => host.monotonic_nanoseconds(),
        }
    }
}

/// All clocks count in nanoseconds; what drives them is finer.
pub(super) fn clock_res_get(
    _: &mut WasiState,
    memory: &mut Memory<'_>,
    id: u32,
    resolution: u32,
) -> Result<(), Errno> {
    Clock::new(id)?;
    memory.write_u64(resolution, 1)
}

pub(super) fn clock_time_get<H: WasiHost>(
    host: &mut H,
    memory: &mut Memory<'_>,
    id: u32,
    _precision: u64,
    time: u32,
) -> Result<(), Failure> {
    let now = Clock::new(id)?.now(host);
    Ok(memory.write_u64(time, now)?)
}
