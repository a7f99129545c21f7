//! Ending a call from another thread.
//!
//! The vCPU's `immediate_exit` is set first, then its thread gets the signal of the deadline timer. So it does not
//! matter where that thread is: an entry under way is left because of the signal, an entry that is about to begin
//! because of the byte. Both happen under the lock by which a call registers and takes its leave, so neither reaches a
//! vCPU that is gone; what is left of them for a later call is a signal that means nothing and a byte that every call
//! clears when it begins.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, thread};

use twinwall_abi::ErrorCode;

use crate::deadline;
use crate::error::{CallError, MachineError};
use crate::host::TimeLimit;
use crate::turns::{self, CallTurn};

/// Ends a call from any thread: while the guest runs, and while its thread waits for a host function. Clones are the
/// same handle.
///
/// A handle is for one call ([`Machine::call_abortable`](crate::Machine::call_abortable)): once it was used to abort,
/// every call that is made with it fails at once.
#[derive(Clone, Debug, Default)]
pub struct AbortHandle {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    turn: CallTurn,
    state: Mutex<State>,
    /// The reason is there, or something that a thread in [`AbortHandle::wait`] may be waiting for.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    reason: Option<CallError>,
    /// vCPUs of the calls in progress.
    entered: Vec<Vcpu>,
    /// What else an abort has to do, by number.
    interrupts: Vec<(u64, Interrupt)>,
    last_interrupt: u64,
}

/// Wakes a thread that waits for something else than a vCPU.
struct Interrupt(Box<dyn Fn() + Send>);

impl fmt::Debug for Interrupt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Interrupt")
    }
}

/// A vCPU that may be in the guest, and the thread that runs it.
#[derive(Clone, Copy, Debug)]
struct Vcpu {
    immediate_exit: *mut u8,
    thread: libc::pthread_t,
    signal: i32,
}

// SAFETY: the pointer is followed only under the lock that its call takes before it lets go of the vCPU.
unsafe impl Send for Vcpu {}

impl AbortHandle {
    /// A handle that has not been used.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the call: it fails with `reason` as soon as its thread has left the guest, or has come back from a host
    /// function that does not wait by [`Self::wait`]; its virtual machine is thrown away. A call that is past its last
    /// exit is over, and succeeds. Returns whether this was the first reason; only that one counts.
    pub fn abort(&self, reason: CallError) -> bool {
        let mut state = self.lock();
        if state.reason.is_some() {
            return false;
        }
        state.reason = Some(reason);
        let kicked = state.kick();
        for (_, interrupt) in &state.interrupts {
            (interrupt.0)();
        }
        drop(state);
        self.shared.changed.notify_all();
        turns::release(self);
        if !kicked {
            self.kick_again();
        }
        true
    }

    /// Kicks what no signal was left for, for 200 ms at most: its guest may have no other end.
    fn kick_again(&self) {
        for _ in 0..200 {
            thread::sleep(Duration::from_millis(1));
            // A call that has left its guest by itself is not there any more.
            if self.lock().kick() {
                return;
            }
        }
    }

    /// Why the call was aborted, if it was.
    #[must_use]
    pub fn reason(&self) -> Option<CallError> {
        self.lock().reason.clone()
    }

    /// Blocks the calling thread, without spinning, until `ready` gives a value. It is asked at once, and again after
    /// each [`Self::notify`]; it runs under a lock of the handle, so it must not use the handle. On the thread of a call that
    /// takes turns ([`Turn`](crate::Turn)), another has the turn meanwhile, and this returns when it is the call's again.
    ///
    /// # Errors
    /// The code of the abort, or [`ErrorCode::Deadline`] when `limit` has passed.
    pub fn wait<Value>(
        &self,
        limit: TimeLimit,
        mut ready: impl FnMut() -> Option<Value>,
    ) -> Result<Value, ErrorCode> {
        if let Some(outcome) = self.lock().outcome(&mut ready) {
            return outcome;
        }
        turns::without(self, || self.block(limit, ready))
    }

    /// As [`Self::wait`], but the turn of the call stays as it is.
    pub(crate) fn block<Value>(
        &self,
        limit: TimeLimit,
        mut ready: impl FnMut() -> Option<Value>,
    ) -> Result<Value, ErrorCode> {
        let mut state = self.lock();
        loop {
            if let Some(outcome) = state.outcome(&mut ready) {
                return outcome;
            }
            let changed = &self.shared.changed;
            state = match limit.remaining() {
                None => changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Err(ErrorCode::Deadline),
                Some(left) => changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0,
            };
        }
    }

    /// Makes threads in [`Self::wait`] ask again.
    pub fn notify(&self) {
        // Who has asked, and not begun to wait, holds the lock.
        drop(self.lock());
        self.shared.changed.notify_all();
    }

    /// Has an abort run `interrupt` too, until the value is dropped: for calls whose thread waits for something that neither
    /// a vCPU nor [`Self::wait`] is. It runs on the thread that aborts, under a lock of the handle, so it must be short and
    /// not use the handle.
    ///
    /// # Errors
    /// The reason, when the handle was used already; `interrupt` does not run then.
    pub fn on_abort(&self, interrupt: impl Fn() + Send + 'static) -> Result<Interruptible<'_>, CallError> {
        let mut state = self.lock();
        if let Some(reason) = &state.reason {
            return Err(reason.clone());
        }
        state.last_interrupt += 1;
        let number = state.last_interrupt;
        state.interrupts.push((number, Interrupt(Box::new(interrupt))));
        Ok(Interruptible { handle: self, number })
    }

    /// Registers the calling thread's vCPU, until the value is dropped; its call must be over by `limit`. The thread's deadline
    /// must have been set before: that is what clears the vCPU's `immediate_exit`, and what sets the signal up.
    pub(crate) fn enter(&self, immediate_exit: *mut u8, limit: TimeLimit) -> Result<Entered<'_>, CallError> {
        turns::arrive(self, limit);
        let signal = deadline::signal().map_err(MachineError::Timer)?;
        // SAFETY: pthread_self has no preconditions.
        let vcpu = Vcpu { immediate_exit, thread: unsafe { libc::pthread_self() }, signal };
        let mut state = self.lock();
        if let Some(reason) = &state.reason {
            return Err(reason.clone());
        }
        state.entered.push(vcpu);
        Ok(Entered { handle: self, immediate_exit })
    }

    /// Makes the call's thread leave its guest, which it enters again unless there is a reason not to. It need not succeed, and
    /// waits for nobody: who wants it asks again.
    pub(crate) fn interrupt(&self) {
        if let Ok(state) = self.shared.state.try_lock() {
            state.kick();
        }
    }

    /// The turns of the call.
    pub(crate) fn turn(&self) -> &CallTurn {
        &self.shared.turn
    }

    /// Whether both are the same handle.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Makes the call's thread leave its guest. Returns whether it will.
    fn kick(&self) -> bool {
        // Each of them, whatever became of the others.
        let refused = self.entered.iter().filter(|vcpu| !vcpu.kick()).count();
        refused == 0
    }

    /// The end of a wait, if it has come.
    fn outcome<Value>(&self, ready: &mut impl FnMut() -> Option<Value>) -> Option<Result<Value, ErrorCode>> {
        match &self.reason {
            Some(reason) => Some(Err(reason.code)),
            None => ready().map(Ok),
        }
    }
}

impl Vcpu {
    /// Makes its thread leave the guest. Returns whether the signal was taken: while too many of the user's are pending
    /// (`RLIMIT_SIGPENDING`), it is not.
    fn kick(&self) -> bool {
        // SAFETY: the vCPU is registered, and its call cannot take it back while the caller holds the lock: the run
        // structure is mapped. The kernel and this module access the byte, as a byte.
        unsafe { AtomicU8::from_ptr(self.immediate_exit) }.store(1, Ordering::SeqCst);
        // SAFETY: as above, the thread is in its call.
        unsafe { libc::pthread_kill(self.thread, self.signal) == 0 }
    }
}

/// Something that an abort interrupts; see [`AbortHandle::on_abort`].
#[derive(Debug)]
pub struct Interruptible<'a> {
    handle: &'a AbortHandle,
    number: u64,
}

impl Drop for Interruptible<'_> {
    fn drop(&mut self) {
        self.handle.lock().interrupts.retain(|(number, _)| *number != self.number);
    }
}

/// A registered vCPU.
#[derive(Debug)]
pub(crate) struct Entered<'a> {
    handle: &'a AbortHandle,
    immediate_exit: *mut u8,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        self.handle.lock().entered.retain(|vcpu| vcpu.immediate_exit != self.immediate_exit);
    }
}
