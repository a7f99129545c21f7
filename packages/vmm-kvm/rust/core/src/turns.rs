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
use std::thread::{self, ThreadId};
use std::time::Duration;
use std::{fmt, mem};

use crate::abort::AbortHandle;
use crate::clock::now;
use crate::host::TimeLimit;

/// How long a turn lasts while others wait, nanoseconds, of a call that has used less than that so far: enough for most calls,
/// so that a short one seldom waits behind many long ones.
const FIRST_SLICE: u64 = 1_000_000;

/// How long a turn lasts while others wait, nanoseconds, of other calls.
const SLICE: u64 = 5_000_000;

/// What calls have used beyond this, nanoseconds, does not tell them apart: none is a short one.
const MOST_COUNTED: u64 = 4 * SLICE;

/// The thread that looks at the time needs little.
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
    /// There is a thread that looks at the time. It stays.
    has_timekeeper: AtomicBool,
    /// Calls wait, and that thread sleeps.
    untimed: Condvar,
}

/// What a call keeps of its turns.
#[derive(Debug, Default)]
pub(crate) struct CallTurn {
    /// Present in calls that take turns.
    turns: OnceLock<&'static Turns>,
    /// The call's thread and end, once it is there.
    call: OnceLock<(ThreadId, TimeLimit)>,
    /// It has the turn.
    held: AtomicBool,
    /// Nanoseconds that it has used, in all of its turns.
    used: AtomicU64,
    /// It is to make room.
    asked: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    running: Vec<Running>,
    /// The one that has waited longest comes first.
    waiting: VecDeque<Waiting>,
    /// Whose turn is next: that one's, or that of the one that has used least.
    longest_next: bool,
    /// The timekeeper sleeps until somebody waits.
    asleep: bool,
}

#[derive(Debug)]
struct Running {
    handle: AbortHandle,
    /// Since when its thread is there, of the monotonic clock: on a host with other work, that takes a while.
    since: Option<u64>,
    /// Nanoseconds.
    slice: u64,
}

/// A call that waits for its turn.
struct Waiting {
    handle: AbortHandle,
    /// Nanoseconds that it has used, as far as they count.
    used: u64,
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
    /// short. When the call is aborted before, it begins without a turn, since all it does is to end. The call's deadline begins
    /// with the call.
    ///
    /// The call is one that can be aborted by `handle` ([`Machine::call_abortable`](crate::Machine::call_abortable)): another
    /// cannot be asked to make room. A host function that waits for another call has to do it by [`AbortHandle::wait`], which
    /// lets that one run.
    ///
    /// # Panics
    /// When the handle has a turn already: it is for one call.
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
        let first = handle.turn().turns.set(turns);
        assert!(first.is_ok(), "a handle is for one call");
        turns.hire_timekeeper();
        let turn = Self { handle: handle.clone() };
        turns.when_free(handle, move || start(turn));
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.handle.turn().turns.get() {
            turns.leave(&self.handle);
        }
    }
}

/// Lets others run while the call of `handle` waits for something else, by `wait`, on its own thread. Where the call is aborted
/// or late by then, it goes on without a turn, to its end.
pub(crate) fn without<Value>(handle: &AbortHandle, wait: impl FnOnce() -> Value) -> Value {
    let Some(turns) = handle.turn().turns.get() else { return wait() };
    let Some(&(thread, limit)) = handle.turn().call.get() else { return wait() };
    if thread != thread::current().id() || !turns.leave(handle) {
        return wait();
    }
    let value = wait();
    turns.wait(handle, limit);
    value
}

/// The calling thread is that of a call, which must be over by `limit`: its turn begins to run out.
pub(crate) fn arrive(handle: &AbortHandle, limit: TimeLimit) {
    if let Some(turns) = handle.turn().turns.get() {
        handle.turn().call.get_or_init(|| (thread::current().id(), limit));
        turns.arrive(handle);
    }
}

/// Makes room for others, if the call of `handle` was asked to; returns when it is its turn again, or its end.
pub(crate) fn make_room(handle: &AbortHandle) {
    if handle.turn().asked.swap(false, Ordering::SeqCst) {
        without(handle, || {});
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

impl Turns {
    pub(crate) fn new(processors: usize) -> Self {
        Self {
            processors,
            state: Mutex::default(),
            has_timekeeper: AtomicBool::new(false),
            untimed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a call go on when it is its turn.
    fn when_free(&self, handle: &AbortHandle, go_on: impl FnOnce() + Send + 'static) {
        let mut state = self.lock();
        if state.running.len() < self.processors {
            state.begin(handle);
            drop(state);
            go_on();
            return;
        }
        let used = handle.turn().used.load(Ordering::Relaxed).min(MOST_COUNTED);
        state.waiting.push_back(Waiting { handle: handle.clone(), used, go_on: Box::new(go_on) });
        let asleep = mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.untimed.notify_one();
        }
        // The abort may have come before there was anything to release.
        if handle.reason().is_some() {
            release(handle);
        }
    }

    /// Waits for a turn.
    fn wait(&self, handle: &AbortHandle, limit: TimeLimit) {
        let goes_on = Arc::new(AtomicBool::new(false));
        let (flag, its_handle) = (Arc::clone(&goes_on), handle.clone());
        self.when_free(handle, move || {
            flag.store(true, Ordering::SeqCst);
            its_handle.notify();
        });
        if handle.block(limit, || goes_on.load(Ordering::SeqCst).then_some(())).is_err() {
            // Where it waits no more, the turn came at the same time.
            self.withdraw(handle);
        }
        self.arrive(handle);
    }

    fn arrive(&self, handle: &AbortHandle) {
        let mut state = self.lock();
        if let Some(running) = state.running.iter_mut().find(|running| running.handle.is(handle)) {
            running.since.get_or_insert_with(now);
        }
    }

    /// Takes a call out of those that wait.
    fn withdraw(&self, handle: &AbortHandle) -> Option<Waiting> {
        let mut state = self.lock();
        let place = state.waiting.iter().position(|waiting| waiting.handle.is(handle))?;
        state.waiting.remove(place)
    }

    /// Ends the turn of a call, and begins that of another. Returns whether it had one.
    fn leave(&self, handle: &AbortHandle) -> bool {
        let turn = handle.turn();
        if !turn.held.swap(false, Ordering::SeqCst) {
            return false;
        }
        let mut state = self.lock();
        if let Some(place) = state.running.iter().position(|running| running.handle.is(handle)) {
            let since = state.running.swap_remove(place).since;
            let used = since.map_or(0, |since| now().saturating_sub(since));
            turn.used.fetch_add(used, Ordering::Relaxed);
        }
        turn.asked.store(false, Ordering::SeqCst);
        let next = state.begin_next();
        drop(state);
        if let Some(next) = next {
            (next.go_on)();
        }
        true
    }

    /// Starts the thread that looks at the time, where there is none. Where the system has none left, nobody makes room until
    /// another call starts, and hires it.
    fn hire_timekeeper(&'static self) {
        if self.has_timekeeper.swap(true, Ordering::SeqCst) {
            return;
        }
        let thread = thread::Builder::new().name("twinwall-turns".into()).stack_size(STACK_BYTES);
        let hired = thread.spawn(|| self.keep_time()).is_ok();
        self.has_timekeeper.store(hired, Ordering::SeqCst);
    }

    /// Asks calls for room that have used up their slice while others wait.
    fn keep_time(&self) {
        let mut state = self.lock();
        loop {
            if state.waiting.is_empty() {
                state.asleep = true;
                state = self.untimed.wait(state).unwrap_or_else(PoisonError::into_inner);
                state.asleep = false;
                continue;
            }
            let (late, next) = state.late(now());
            drop(state);
            late.iter().for_each(AbortHandle::interrupt);
            // Those who begin to wait meanwhile wake nobody.
            thread::sleep(Duration::from_nanos(next));
            state = self.lock();
        }
    }
}

impl State {
    fn begin(&mut self, handle: &AbortHandle) {
        let turn = handle.turn();
        turn.held.store(true, Ordering::SeqCst);
        let slice = if turn.used.load(Ordering::Relaxed) < FIRST_SLICE { FIRST_SLICE } else { SLICE };
        self.running.push(Running { handle: handle.clone(), since: None, slice });
    }

    /// Begins the turn of one that waits, if any does: by turns of the one that has waited longest, so that everybody comes to
    /// run, and of the one that has used least, which most likely needs little more.
    fn begin_next(&mut self) -> Option<Waiting> {
        let least = (0..self.waiting.len()).min_by_key(|&place| self.waiting[place].used)?;
        let place = if self.longest_next { 0 } else { least };
        self.longest_next = !self.longest_next;
        let next = self.waiting.remove(place)?;
        self.begin(&next.handle);
        Some(next)
    }

    /// Asks those for room that have used up their slice; returns them, and after how many nanoseconds to look again.
    fn late(&self, now: u64) -> (Vec<AbortHandle>, u64) {
        // Others may begin meanwhile.
        let (mut late, mut next) = (Vec::new(), FIRST_SLICE);
        for Running { handle, since, slice } in &self.running {
            let used = since.map_or(0, |since| now.saturating_sub(since));
            if used < *slice {
                next = next.min(slice - used);
            } else {
                handle.turn().asked.store(true, Ordering::SeqCst);
                late.push(handle.clone());
            }
        }
        (late, next)
    }
}

#[cfg(test)]
impl Turns {
    /// How many calls wait.
    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }
}

#[cfg(test)]
impl CallTurn {
    /// Whether its call is to make room.
    pub(crate) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// As if the call had run for some slices.
    pub(crate) fn use_up(&self) {
        self.used.store(SLICE, Ordering::Relaxed);
    }
}
