//! Turns at the processors, for calls on threads of a [`Crew`](crate::Crew).
//!
//! No more of them run at once than there are processors. The others wait here: where they waited in the kernel, a thread
//! that is woken for a moment, as an event loop is, would have all of them before it. A call that waits for its host gives
//! its turn to another. One that has used up a slice while others wait leaves its guest, wherever that stands, and goes on
//! when it is its turn again; so neither endless guests nor many short calls keep anybody from a processor.
//!
//! No lock of a handle is taken under the one here: an abort comes the other way.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;
use std::{fmt, mem, thread};

use crate::abort::AbortHandle;
use crate::clock::now;
use crate::host::TimeLimit;

/// How long a call may run at first while others wait, nanoseconds: enough for most, so that a short one seldom waits behind
/// many long ones.
const FIRST_SLICE: u64 = 1_000_000;

/// How long a call may run after that while others wait, nanoseconds.
const SLICE: u64 = 5_000_000;

/// How long the thread that looks at the time waits for something to do before it ends.
const PATIENCE: Duration = Duration::from_secs(1);
/// The thread needs little.
const STACK_BYTES: usize = 64 << 10;

/// A call's turn, until the value is dropped, but for the waits of the call.
#[derive(Debug)]
pub struct Turn {
    handle: AbortHandle,
}

/// Whose turn it is at some processors.
#[derive(Debug)]
pub(crate) struct Turns {
    processors: usize,
    state: Mutex<State>,
    /// Calls wait and nobody looks at the time.
    untimed: Condvar,
}

/// What a call keeps of its turns.
#[derive(Debug, Default)]
pub(crate) struct CallTurn {
    /// Present in calls that take turns.
    turns: OnceLock<&'static Turns>,
    /// It has the turn.
    held: AtomicBool,
    /// It has used up its first slice.
    is_long: AtomicBool,
    /// Nanoseconds of its slice that it has used.
    used: AtomicU64,
    /// It is to make room.
    asked: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<Running>,
    /// Calls that have some of their slice left.
    fresh: VecDeque<Waiting>,
    /// Calls that have used it up.
    used_up: VecDeque<Waiting>,
    /// The next turn is for one of those that have used up their slice, where any wait.
    used_up_next: bool,
    /// There is a thread that looks at the time.
    has_timekeeper: bool,
    /// It does so, or was told to.
    timed: bool,
}

#[derive(Debug)]
struct Running {
    handle: AbortHandle,
    /// When it has used up its slice, of the monotonic clock.
    ends: u64,
}

/// A call that waits for its turn.
struct Waiting {
    handle: AbortHandle,
    /// Lets it go on.
    go_on: Box<dyn FnOnce() + Send>,
}

impl fmt::Debug for Waiting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle.fmt(formatter)
    }
}

impl Turn {
    /// Has `start` begin a call when it is its turn: now and here, or later, on the thread that makes room for it. It must be
    /// short. When the call is aborted before, it begins without a turn, since all it does is to end.
    pub fn start(handle: &AbortHandle, start: impl FnOnce(Self) + Send + 'static) {
        static TURNS: OnceLock<Turns> = OnceLock::new();
        let turns = TURNS.get_or_init(|| Turns::new(thread::available_parallelism().map_or(1, usize::from)));
        Self::start_at(turns, handle, start);
    }

    pub(crate) fn start_at(
        turns: &'static Turns,
        handle: &AbortHandle,
        start: impl FnOnce(Self) + Send + 'static,
    ) {
        let turn = Self { handle: handle.clone() };
        handle.turn().turns.get_or_init(|| turns).when_free(handle, move || start(turn));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.handle.turn().turns.get() {
            turns.leave(&self.handle);
        }
    }
}

/// Lets others run while the call of `handle` waits for something else, by `wait`. Where the call has ended by then, it goes
/// on without a turn.
pub(crate) fn without<Value>(handle: &AbortHandle, limit: TimeLimit, wait: impl FnOnce() -> Value) -> Value {
    let turns = handle.turn().turns.get().filter(|turns| turns.leave(handle));
    let value = wait();
    if let Some(turns) = turns {
        turns.wait(handle, limit);
    }
    value
}

/// Makes room for others, if the call of `handle` was asked to; returns when it is its turn again, or its end.
pub(crate) fn make_room(handle: &AbortHandle, limit: TimeLimit) {
    if handle.turn().asked.swap(false, Ordering::SeqCst) {
        without(handle, limit, || {});
    }
}

/// Lets a call go on that was aborted, if it waits for its turn.
pub(crate) fn release(handle: &AbortHandle) {
    if let Some(turns) = handle.turn().turns.get()
        && let Some(waiting) = turns.withdraw(handle)
    {
        (waiting.go_on)();
    }
}

impl CallTurn {
    /// How long the call may run, nanoseconds.
    fn slice(&self) -> u64 {
        if self.is_long.load(Ordering::Relaxed) { SLICE } else { FIRST_SLICE }
    }

    /// Begins another slice where one is used up; returns whether it was.
    fn begin_slice(&self) -> bool {
        let used_up = self.used.load(Ordering::Relaxed) >= self.slice();
        if used_up {
            self.is_long.store(true, Ordering::Relaxed);
            self.used.store(0, Ordering::Relaxed);
        }
        used_up
    }
}

impl Turns {
    pub(crate) fn new(processors: usize) -> Self {
        Self { processors, state: Mutex::default(), untimed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a call go on when it is its turn.
    fn when_free(&'static self, handle: &AbortHandle, go_on: impl FnOnce() + Send + 'static) {
        let used_up = handle.turn().begin_slice();
        let mut state = self.lock();
        if state.running.len() < self.processors {
            state.begin(handle);
            drop(state);
            go_on();
            return;
        }
        let waiting = Waiting { handle: handle.clone(), go_on: Box::new(go_on) };
        if used_up { &mut state.used_up } else { &mut state.fresh }.push_back(waiting);
        let untimed = !mem::replace(&mut state.timed, true);
        let unkept = !mem::replace(&mut state.has_timekeeper, true);
        drop(state);
        if unkept {
            self.hire_timekeeper();
        } else if untimed {
            self.untimed.notify_one();
        }
        // The abort may have come before there was anything to release.
        if handle.reason().is_some() {
            release(handle);
        }
    }

    /// Waits for a turn.
    fn wait(&'static self, handle: &AbortHandle, limit: TimeLimit) {
        let goes_on = Arc::new(AtomicBool::new(false));
        let (flag, its_handle) = (Arc::clone(&goes_on), handle.clone());
        self.when_free(handle, move || {
            flag.store(true, Ordering::SeqCst);
            its_handle.notify();
        });
        if handle.wait(limit, || goes_on.load(Ordering::SeqCst).then_some(())).is_err() {
            // Where it waits no more, the turn came at the same time.
            self.withdraw(handle);
        }
    }

    /// Takes a call out of those that wait.
    fn withdraw(&self, handle: &AbortHandle) -> Option<Waiting> {
        let mut state = self.lock();
        let State { fresh, used_up, .. } = &mut *state;
        [fresh, used_up].into_iter().find_map(|queue| {
            let place = queue.iter().position(|waiting| waiting.handle.is(handle))?;
            queue.remove(place)
        })
    }

    /// Ends the turn of a call, and begins that of another. Returns whether it had one.
    fn leave(&self, handle: &AbortHandle) -> bool {
        let turn = handle.turn();
        if !turn.held.swap(false, Ordering::SeqCst) {
            return false;
        }
        let mut state = self.lock();
        if let Some(place) = state.running.iter().position(|running| running.handle.is(handle)) {
            let left = state.running.swap_remove(place).ends.saturating_sub(now());
            turn.used.store(turn.slice().saturating_sub(left), Ordering::Relaxed);
        }
        turn.asked.store(false, Ordering::SeqCst);
        let next = state.begin_next();
        drop(state);
        if let Some(next) = next {
            (next.go_on)();
        }
        true
    }

    /// Starts the thread that looks at the time. Where the system has none left, nobody makes room until it has.
    fn hire_timekeeper(&'static self) {
        let thread = thread::Builder::new().name("twinwall-turns".into()).stack_size(STACK_BYTES);
        if thread.spawn(|| self.keep_time()).is_err() {
            let mut state = self.lock();
            (state.has_timekeeper, state.timed) = (false, false);
        }
    }

    /// Asks calls for room that have used up their slice while others wait.
    fn keep_time(&self) {
        let mut state = self.lock();
        loop {
            if state.is_nobody_waiting() {
                state.timed = false;
                let waited = self.untimed.wait_timeout(state, PATIENCE);
                let (next, waited) = waited.unwrap_or_else(PoisonError::into_inner);
                state = next;
                if waited.timed_out() && !state.timed {
                    state.has_timekeeper = false;
                    return;
                }
                continue;
            }
            let (late, next) = state.late(now());
            drop(state);
            for handle in late {
                handle.turn().asked.store(true, Ordering::SeqCst);
                handle.interrupt();
            }
            // Those who begin to wait meanwhile wake nobody.
            thread::sleep(Duration::from_nanos(next));
            state = self.lock();
        }
    }
}

impl State {
    fn is_nobody_waiting(&self) -> bool {
        self.fresh.is_empty() && self.used_up.is_empty()
    }

    fn begin(&mut self, handle: &AbortHandle) {
        let turn = handle.turn();
        turn.held.store(true, Ordering::SeqCst);
        let ends = now() + turn.slice().saturating_sub(turn.used.load(Ordering::Relaxed));
        self.running.push(Running { handle: handle.clone(), ends });
    }

    /// Begins the turn of one that waits, if any does.
    fn begin_next(&mut self) -> Option<Waiting> {
        let (first, second) = match self.used_up_next {
            true => (&mut self.used_up, &mut self.fresh),
            false => (&mut self.fresh, &mut self.used_up),
        };
        let next = first.pop_front().or_else(|| second.pop_front())?;
        // By turns, so that neither kind waits for ever for the other.
        self.used_up_next = !self.used_up_next;
        self.begin(&next.handle);
        Some(next)
    }

    /// Those that have used up their slice, and after how many nanoseconds to look again.
    fn late(&self, now: u64) -> (Vec<AbortHandle>, u64) {
        let (late, others): (Vec<_>, Vec<_>) = self.running.iter().partition(|running| running.ends <= now);
        // Others may begin meanwhile.
        let next = others.iter().map(|running| running.ends - now).min().unwrap_or(SLICE).min(FIRST_SLICE);
        (late.into_iter().map(|running| running.handle.clone()).collect(), next)
    }
}

#[cfg(test)]
impl Turns {
    /// How many calls wait.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.lock();
        state.fresh.len() + state.used_up.len()
    }
}

#[cfg(test)]
impl CallTurn {
    /// Whether its call is to make room.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// As if the call had run for its slice.
    pub(crate) fn use_up(&self) {
        self.used.store(SLICE, Ordering::Relaxed);
    }
}
