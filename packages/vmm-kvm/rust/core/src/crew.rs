//! Threads that run calls, kept for the calls that follow.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, thread};

use crate::error::MachineError;

/// How long a thread waits for its next call before it ends.
const PATIENCE: Duration = Duration::from_secs(10);
/// The exit loop needs little of it, and no guest can make it need more.
const STACK_BYTES: usize = 512 << 10;

/// How much nicer the threads are than the one that starts them: an event loop has its processor before a guest has it.
const NICENESS: libc::c_int = 10;

/// Work, which gives what is to be done once its thread is free again.
type Job = Box<dyn FnOnce() -> Delivery + Send>;
type Delivery = Box<dyn FnOnce()>;

/// Threads that run calls beside the thread that wants them, at a lower priority. There are as many as there are calls at
/// the same time: one that waits for a host function must not keep another from running, for which that function may be
/// waiting. How many of them run at once is for a [`Turn`](crate::Turn) to say.
///
/// A thread that has had nothing to do for ten seconds ends. When the crew is dropped all do, those with a call behind
/// it.
#[derive(Debug, Default)]
pub struct Crew {
    shared: Arc<Shared>,
}

/// A thread of a [`Crew`] that is set aside for a call.
#[derive(Debug)]
pub struct Seat {
    /// Absent once the seat is taken.
    shared: Option<Arc<Shared>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    /// Threads that run no job.
    idle: usize,
    /// How many of them are set aside: one for each seat, and for each job that no thread has begun.
    claimed: usize,
    /// Bells of the threads that wait. The last to wait is the first to be woken, so that few threads do what few can do,
    /// and the others lose patience.
    waiting: Vec<Arc<Condvar>>,
    closed: bool,
}

impl Crew {
    /// A crew without threads.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a thread aside; starts one where none is free.
    ///
    /// # Errors
    /// [`MachineError::Thread`] when the system has no thread left.
    pub fn seat(&self) -> Result<Seat, MachineError> {
        let mut state = self.shared.lock();
        if !state.has_spare() {
            let shared = Arc::clone(&self.shared);
            let thread = thread::Builder::new().name("twinwall-call".into()).stack_size(STACK_BYTES);
            let run = move || {
                // SAFETY: this takes a number; on Linux it is about the calling thread alone. Where it fails all are equal.
                unsafe { libc::nice(NICENESS) };
                shared.work();
            };
            thread.spawn(run).map_err(MachineError::Thread)?;
            state.idle += 1;
        }
        state.claimed += 1;
        Ok(Seat { shared: Some(Arc::clone(&self.shared)) })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.closed = true;
        state.wake_all();
    }
}

impl Seat {
    /// Runs `work` on the thread, and then `deliver` with what came out of it. The thread counts as free by then, so
    /// that who receives the outcome finds it free for more work; `deliver` should be short. A panic ends both, not
    /// the thread.
    pub fn run<Outcome: 'static>(
        mut self,
        work: impl FnOnce() -> Outcome + Send + 'static,
        deliver: impl FnOnce(Outcome) + Send + 'static,
    ) {
        let Some(shared) = self.shared.take() else { return };
        let job: Job = Box::new(move || {
            let outcome = work();
            Box::new(move || deliver(outcome))
        });
        let mut state = shared.lock();
        state.jobs.push_back(job);
        // Where nobody waits, a thread is about to look for jobs.
        let bell = state.waiting.pop();
        // A thread that is woken first of all locks the state.
        drop(state);
        if let Some(bell) = bell {
            bell.notify_one();
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.take() {
            let mut state = shared.lock();
            state.claimed -= 1;
            // The thread may have waited for this seat only.
            state.wake_all();
        }
    }
}

impl State {
    /// Whether there is a thread that is not set aside.
    fn has_spare(&self) -> bool {
        self.idle > self.claimed
    }

    fn wake_all(&self) {
        for bell in &self.waiting {
            bell.notify_one();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a thread does.
    fn work(&self) {
        let bell = Arc::new(Condvar::new());
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.idle -= 1;
                state.claimed -= 1;
                drop(state);
                let delivery = catch_unwind(AssertUnwindSafe(job));
                self.lock().idle += 1;
                let _ = catch_unwind(AssertUnwindSafe(|| delivery.map(|deliver| deliver())));
                state = self.lock();
                continue;
            }
            if state.closed && state.has_spare() {
                break;
            }
            state.waiting.push(Arc::clone(&bell));
            let (next, waited) = bell.wait_timeout(state, PATIENCE).unwrap_or_else(PoisonError::into_inner);
            state = next;
            state.waiting.retain(|other| !Arc::ptr_eq(other, &bell));
            if waited.timed_out() && state.jobs.is_empty() && state.has_spare() {
                break;
            }
        }
        state.idle -= 1;
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        let (idle, claimed, jobs) = (state.idle, state.claimed, state.jobs.len());
        write!(formatter, "{idle} idle threads, {claimed} set aside, {jobs} jobs waiting")
    }
}
