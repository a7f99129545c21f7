//! The host's clocks.

use std::sync::atomic::{AtomicU64, Ordering};

/// How long, in nanoseconds, a step of the wall clock may go unnoticed.
const REFRESH: u64 = 10_000_000;

/// Nanoseconds of the monotonic clock.
pub(crate) fn now() -> u64 {
    read(libc::CLOCK_MONOTONIC)
}

/// Nanoseconds of processor time that the calling thread has used, in guests too. Callable from a signal handler.
pub(crate) fn thread_time() -> u64 {
    read(libc::CLOCK_THREAD_CPUTIME_ID)
}

/// Nanoseconds since 1970, at `now` of the monotonic clock. A call needs both clocks, and reading one is a good part
/// of what entering a machine costs, so their distance is read anew only now and then.
pub(crate) fn wall_clock(now: u64) -> u64 {
    static DISTANCE: AtomicU64 = AtomicU64::new(0);
    static READ_AT: AtomicU64 = AtomicU64::new(0);
    let read_at = READ_AT.load(Ordering::Acquire);
    if read_at != 0 && now.wrapping_sub(read_at) < REFRESH {
        return now.wrapping_add(DISTANCE.load(Ordering::Relaxed));
    }
    let wall = read(libc::CLOCK_REALTIME);
    DISTANCE.store(wall.wrapping_sub(now), Ordering::Relaxed);
    READ_AT.store(now, Ordering::Release);
    wall
}

fn read(id: libc::clockid_t) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is live, and these clocks exist on every Linux.
    unsafe { libc::clock_gettime(id, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

#[cfg(test)]
mod tests {
    use super::{now, read, wall_clock};

    #[test]
    fn the_wall_clock_follows_the_kernel() {
        for _ in 0..100 {
            let (wall, kernel) = (wall_clock(now()), read(libc::CLOCK_REALTIME));
            assert!(kernel.abs_diff(wall) < 1_000_000_000, "{wall} and {kernel}");
            std::thread::sleep(std::time::Duration::from_micros(300));
        }
    }
}
