//! Which strategy a machine is restored by.

use super::{Costs, Strategy};

/// A machine changes to the other strategy when that would have saved so many times what a change costs: it may have to change
/// back, and behind a change it meets its memory anew, page by page.
const CHANGES: u64 = 4;
/// And what so many copies cost: the first restores tell little.
const COPIES: u64 = 2;
/// Restores for which a machine that came back from the log is copied: a guest that writes much now and then must not have
/// its machine change each time.
const PAUSE: u32 = 256;
/// Pages that a guest is thought to write, as long as nobody has counted.
const EXPECTED_PAGES: u64 = 16;
/// Copying that takes a smaller part of the time between two restores than this is left as it is. While the log runs, guests
/// have small pages only, so that those that compute become slower.
const WORTH: u64 = 10;

/// What one machine has shown of itself.
#[derive(Debug)]
pub(crate) struct Choice {
    /// The strategy stays what it is.
    fixed: bool,
    /// Nanoseconds that the other strategy would have saved lately.
    lost: u64,
    pause: u32,
    last_logged: u64,
}

impl Choice {
    pub(crate) fn new() -> Self {
        Self { fixed: false, lost: 0, pause: 0, last_logged: 0 }
    }

    pub(crate) fn fix(&mut self) {
        self.fixed = true;
    }

    /// Bytes that the last restore by the log put back.
    pub(crate) fn last_logged(&self) -> u64 {
        self.last_logged
    }

    /// The strategy of the next restore, after one by `now` that put back `bytes` of `writable`, `busy` nanoseconds after the
    /// one before.
    pub(crate) fn after(
        &mut self,
        now: Strategy,
        costs: &Costs,
        writable: u64,
        bytes: u64,
        busy: u64,
    ) -> Strategy {
        if now == Strategy::DirtyLog {
            self.last_logged = bytes;
        }
        if self.fixed {
            return now;
        }
        self.pause = self.pause.saturating_sub(1);
        let copying = costs.copy(writable);
        let is_worth_it = copying.saturating_mul(WORTH) > busy;
        let (present, other) = match now {
            Strategy::Copy if self.pause > 0 || !is_worth_it => (0, copying),
            Strategy::Copy => (copying, costs.log(EXPECTED_PAGES)),
            Strategy::DirtyLog if !is_worth_it => (copying, 0),
            Strategy::DirtyLog => (costs.log(bytes / 4096), copying),
        };
        self.lost = self.lost.saturating_add(present).saturating_sub(other);
        if self.lost < (costs.change * CHANGES).max(copying * COPIES) {
            return now;
        }
        self.lost = 0;
        match now {
            Strategy::Copy => Strategy::DirtyLog,
            Strategy::DirtyLog => {
                self.pause = PAUSE;
                Strategy::Copy
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, PAUSE};
    use crate::dirty_log::{Costs, Strategy};

    const COSTS: Costs = Costs { copy_mebibyte: 50_000, log: 10_000, page: 3_000, change: 60_000 };
    const MUCH: u64 = 16 << 20;

    /// The strategies after each of `rounds` equal restores.
    fn run(
        choice: &mut Choice,
        now: &mut Strategy,
        rounds: u32,
        writable: u64,
        pages: u64,
        busy: u64,
    ) -> u32 {
        let mut changes = 0;
        for _ in 0..rounds {
            let bytes = if *now == Strategy::Copy { writable } else { pages * 4096 };
            let next = choice.after(*now, &COSTS, writable, bytes, busy);
            changes += u32::from(next != *now);
            *now = next;
        }
        changes
    }

    #[test]
    fn a_guest_that_can_write_much_and_writes_little_is_logged() {
        let (mut choice, mut now) = (Choice::new(), Strategy::Copy);
        assert_eq!(run(&mut choice, &mut now, 2, MUCH, 5, 20_000), 0);
        assert_eq!(run(&mut choice, &mut now, 1000, MUCH, 5, 20_000), 1);
        assert_eq!(now, Strategy::DirtyLog);
        assert_eq!(choice.last_logged(), 5 * 4096);
    }

    #[test]
    fn a_guest_that_writes_much_is_copied_but_for_a_try_now_and_then() {
        let (mut choice, mut now) = (Choice::new(), Strategy::Copy);
        let rounds = 10 * (PAUSE + 5);
        let changes = run(&mut choice, &mut now, rounds, MUCH, 4096, 20_000);
        assert!((18..=22).contains(&changes), "{changes} changes");
    }

    #[test]
    fn a_guest_that_can_write_little_or_computes_long_is_copied() {
        for (writable, busy) in [(1 << 20, 20_000), (MUCH, 100_000_000)] {
            let (mut choice, mut now) = (Choice::new(), Strategy::Copy);
            assert_eq!(run(&mut choice, &mut now, 1000, writable, 5, busy), 0);
        }
    }

    #[test]
    fn what_is_fixed_stays() {
        let (mut choice, mut now) = (Choice::new(), Strategy::Copy);
        choice.fix();
        assert_eq!(run(&mut choice, &mut now, 100, MUCH, 5, 20_000), 0);
    }
}
