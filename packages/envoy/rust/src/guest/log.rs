//! How much guests may say in Envoy's log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// Lines a second of all guests of a configuration. A peer decides how often a guest runs, and with it how much it says.
const LINES_A_SECOND: u64 = 200;

/// What guests may still say in the current second.
#[derive(Debug)]
pub(crate) struct LineBudget {
    begun: Instant,
    /// The second, and how many lines it has had, in 32 bits each.
    state: AtomicU64,
}

impl LineBudget {
    /// A full one.
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), state: AtomicU64::new(0) }
    }

    /// Whether there is room for one more line.
    pub(crate) fn take(&self) -> bool {
        let second = self.begun.elapsed().as_secs() & u64::from(u32::MAX);
        let step = |state: u64| {
            let used = if state >> 32 == second { state & u64::from(u32::MAX) } else { 0 };
            (used < LINES_A_SECOND).then_some(second << 32 | (used + 1))
        };
        self.state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{LINES_A_SECOND, LineBudget};

    #[test]
    fn ends_within_a_second_and_begins_again() {
        let budget = LineBudget::new();
        let taken = (0..3 * LINES_A_SECOND).filter(|_| budget.take()).count() as u64;
        // A second may have begun meanwhile, on a machine that stands still.
        assert!((LINES_A_SECOND..3 * LINES_A_SECOND).contains(&taken), "{taken}");
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert!(budget.take());
    }
}
