//! Time, from the tick counter and what the request says about it.

use twinwall_abi::Request;

/// Monotonic and wall clock of the current call.
#[derive(Debug, Default)]
pub(crate) struct Clock {
    /// Ticks at monotonic time zero.
    zero: u64,
    /// Ticks when the call was entered.
    entered: u64,
    /// Nanoseconds since 1970 at that moment.
    wall: u64,
    /// Nanoseconds per tick, 32.32 fixed point.
    scale: u64,
}

impl Clock {
    /// Starts the clocks of a call that was entered at `ticks`; monotonic time goes on when it `continues` a session.
    #[inline]
    pub(crate) fn begin(&mut self, request: &Request, ticks: u64, continues: bool) {
        if !continues {
            self.zero = ticks;
        }
        self.entered = ticks;
        self.wall = request.wall_clock();
        self.scale = request.tick_scale();
    }

    /// Nanoseconds of monotonic time.
    pub(crate) fn monotonic(&self, ticks: u64) -> u64 {
        self.nanoseconds(ticks.saturating_sub(self.zero))
    }

    /// Nanoseconds since 1970.
    pub(crate) fn wall(&self, ticks: u64) -> u64 {
        self.wall.saturating_add(self.nanoseconds(ticks.saturating_sub(self.entered)))
    }

    fn nanoseconds(&self, ticks: u64) -> u64 {
        let scaled = (u128::from(ticks) * u128::from(self.scale)) >> 32;
        u64::try_from(scaled).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn monotonic_time_goes_on_in_a_session_and_wall_time_follows_the_host() {
        let mut request = Request::default();
        request.set_tick_scale(1 << 31);
        request.set_wall_clock(1_000_000);
        let mut clock = Clock::default();
        clock.begin(&request, 500, false);
        assert_eq!(clock.monotonic(500), 0);
        assert_eq!(clock.monotonic(700), 100);
        assert_eq!(clock.wall(700), 1_000_100);
        request.set_wall_clock(5_000_000);
        clock.begin(&request, 900, true);
        assert_eq!(clock.monotonic(900), 200);
        assert_eq!(clock.wall(904), 5_000_002);
        clock.begin(&request, 950, false);
        assert_eq!(clock.monotonic(950), 0);
    }
}
