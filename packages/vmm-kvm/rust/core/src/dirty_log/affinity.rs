//! The processors that a thread may run on.

use std::mem::size_of;

use libc::cpu_set_t;

/// Takes the current thread from one of its processors to the next. When dropped, it may run on all again.
pub(super) struct Affinity {
    /// Those that it may use; nothing where the system does not tell.
    all: Option<cpu_set_t>,
    next: usize,
}

impl Affinity {
    pub(super) fn of_this_thread() -> Self {
        // SAFETY: the structure is plain bits.
        let mut all: cpu_set_t = unsafe { std::mem::zeroed() };
        // SAFETY: the structure is live and has that size; 0 is the calling thread.
        let result = unsafe { libc::sched_getaffinity(0, size_of::<cpu_set_t>(), &raw mut all) };
        Self { all: (result == 0).then_some(all), next: 0 }
    }

    /// Goes to the next processor. Where the system refuses, the thread stays where it is.
    pub(super) fn go_on(&mut self) {
        let Some(all) = &self.all else { return };
        for step in 1..=libc::CPU_SETSIZE as usize {
            let candidate = (self.next + step) % libc::CPU_SETSIZE as usize;
            // SAFETY: the number is below that of bits in the structure.
            if unsafe { libc::CPU_ISSET(candidate, all) } {
                self.next = candidate;
                break;
            }
        }
        // SAFETY: the structure is plain bits, and the number is below that of bits in it.
        let one = unsafe {
            let mut one: cpu_set_t = std::mem::zeroed();
            libc::CPU_SET(self.next, &mut one);
            one
        };
        set(&one);
    }
}

impl Drop for Affinity {
    fn drop(&mut self) {
        if let Some(all) = &self.all {
            set(all);
        }
    }
}

fn set(processors: &cpu_set_t) {
    // SAFETY: as in `of_this_thread`.
    unsafe { libc::sched_setaffinity(0, size_of::<cpu_set_t>(), processors) };
}
