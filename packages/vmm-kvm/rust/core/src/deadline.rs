//! Deadlines: a timer of the calling thread whose signal sets the vCPU's `immediate_exit`.
//!
//! The timer is left armed between calls: most calls end long before it fires, and then setting a deadline costs a
//! clock reading and no system call. A tick that comes when no call runs, or early for the call that runs, is
//! harmless: the handler looks at the deadline itself, and arms the timer again where it must.
//!
//! Processor time is bounded by the same timer: it is looked at when so much time has passed as there is left of it.
//!
//! An [abort](crate::AbortHandle) sends the same signal from another thread, only for the entry to be left; the handler
//! then does nothing.

use std::cell::OnceCell;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU8, AtomicU64, Ordering, compiler_fence};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{mem, ptr};

use crate::clock::{now, thread_time};
use crate::error::MachineError;
use crate::host::TimeLimit;

/// No deadline.
pub(crate) const NEVER: u64 = u64::MAX;

/// Shortest time until the processor time is looked at again, nanoseconds: a thread that waits uses none.
const SHORTEST_WAIT: u64 = 100_000;

/// What the signal handler sees of its thread. Never freed, as a late signal may still name it, but used again by a thread
/// that comes later.
#[derive(Debug, Default)]
struct Shared {
    /// Nanoseconds of the monotonic clock; [`NEVER`] when no call runs.
    deadline: AtomicU64,
    /// Processor time of the thread at which the call is over; [`NEVER`] when it is not limited, or no call runs.
    cpu_end: AtomicU64,
    /// Nanoseconds of the monotonic clock at which one of the two may have come: no thread uses more processor time than
    /// time passes.
    wake: AtomicU64,
    /// `immediate_exit` of the running vCPU; null when none runs.
    target: AtomicPtr<u8>,
    fired: AtomicBool,
    /// It was for processor time.
    cpu_fired: AtomicBool,
    /// When the timer fires next; [`NEVER`] when it is not armed.
    armed: AtomicU64,
    /// The kernel's timer, set once before the first tick.
    timer: AtomicPtr<libc::c_void>,
}

/// The deadline timer of one thread.
#[derive(Debug)]
struct Timer {
    shared: &'static Shared,
}

thread_local! {
    static TIMER: OnceCell<Timer> = const { OnceCell::new() };
}

/// A deadline that is in force until it is dropped.
#[derive(Debug)]
pub(crate) struct Deadline {
    shared: &'static Shared,
    at: u64,
    /// Processor time of the thread when this was set; [`NEVER`] where it is not limited.
    cpu_begun: u64,
    outer: Outer,
}

/// The deadline of the call whose host function makes this one on the same thread.
#[derive(Clone, Copy, Debug)]
struct Outer {
    deadline: u64,
    cpu_end: u64,
    wake: u64,
    target: *mut u8,
    fired: bool,
    cpu_fired: bool,
}

impl Deadline {
    /// Sets the calling thread's deadline, `nanoseconds` after `now` ([`NEVER`] for none), for the vCPU whose
    /// `immediate_exit` is `target`; the thread's processor time for it is `cpu_time` nanoseconds ([`NEVER`]: any).
    pub(crate) fn set(
        now: u64,
        nanoseconds: u64,
        cpu_time: u64,
        target: *mut u8,
    ) -> Result<Self, MachineError> {
        let shared = TIMER.with(|cell| match cell.get() {
            Some(timer) => Ok(timer.shared),
            None => {
                let timer = Timer::create().map_err(MachineError::Timer)?;
                Ok(cell.get_or_init(|| timer).shared)
            }
        })?;
        // SAFETY: `target` is a byte of the vCPU's run structure, which stays mapped while the caller borrows the vCPU.
        unsafe { AtomicU8::from_ptr(target) }.store(0, Ordering::Relaxed);
        let at = if nanoseconds == NEVER { NEVER } else { now.saturating_add(nanoseconds) };
        // Reading that clock is a system call: only where it matters.
        let cpu_begun = if cpu_time == NEVER { NEVER } else { thread_time() };
        let deadline = Self { shared, at, cpu_begun, outer: shared.current() };
        let (cpu_end, wake) = (cpu_begun.saturating_add(cpu_time), at.min(now.saturating_add(cpu_time)));
        let next = Outer { deadline: at, cpu_end, wake, target, fired: false, cpu_fired: false };
        shared.replace(next).map_err(MachineError::Timer)?;
        Ok(deadline)
    }

    /// Processor time that was used since it was set; 0 where it is not limited.
    pub(crate) fn thread_time(&self) -> u64 {
        if self.cpu_begun == NEVER { 0 } else { thread_time().saturating_sub(self.cpu_begun) }
    }

    /// Whether it is processor time that ran out.
    pub(crate) fn is_out_of_thread_time(&self) -> bool {
        self.shared.cpu_fired.load(Ordering::SeqCst)
    }

    /// Whether the deadline has passed, by the timer or by the clock.
    pub(crate) fn has_passed(&self) -> bool {
        self.shared.fired.load(Ordering::SeqCst) || self.limit().has_passed()
    }

    /// The deadline as others may know it.
    pub(crate) fn limit(&self) -> TimeLimit {
        TimeLimit::at(self.at)
    }

    /// Whether the timer has ended the current entry; costs no clock reading.
    pub(crate) fn has_fired(&self) -> bool {
        self.shared.fired.load(Ordering::SeqCst)
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        // Arming again for the outer call cannot fail: the timer exists and its time is valid.
        let _ = self.shared.replace(self.outer);
    }
}

impl Shared {
    fn current(&self) -> Outer {
        Outer {
            deadline: self.deadline.load(Ordering::Relaxed),
            cpu_end: self.cpu_end.load(Ordering::Relaxed),
            wake: self.wake.load(Ordering::Relaxed),
            target: self.target.load(Ordering::Relaxed),
            fired: self.fired.load(Ordering::Relaxed),
            cpu_fired: self.cpu_fired.load(Ordering::Relaxed),
        }
    }

    /// The handler runs on this very thread, so program order is all the order that is needed; the deadline is out of
    /// force while the other fields change.
    fn replace(&self, next: Outer) -> io::Result<()> {
        self.deadline.store(NEVER, Ordering::Relaxed);
        self.cpu_end.store(NEVER, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        self.wake.store(next.wake, Ordering::Relaxed);
        self.target.store(next.target, Ordering::Relaxed);
        self.fired.store(next.fired, Ordering::Relaxed);
        self.cpu_fired.store(next.cpu_fired, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        self.deadline.store(next.deadline, Ordering::Relaxed);
        self.cpu_end.store(next.cpu_end, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        if next.wake < self.armed.load(Ordering::Relaxed) { self.arm(next.wake) } else { Ok(()) }
    }

    /// Arms the timer for `at`. Callable from a signal handler.
    fn arm(&self, at: u64) -> io::Result<()> {
        self.armed.store(at, Ordering::SeqCst);
        let time = libc::timespec {
            tv_sec: (at / 1_000_000_000) as libc::time_t,
            tv_nsec: (at % 1_000_000_000) as libc::c_long,
        };
        let zero = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let setting = libc::itimerspec { it_interval: zero, it_value: time };
        let timer = self.timer.load(Ordering::SeqCst);
        // SAFETY: the timer was created before anything could arm it, and lives as long as its thread.
        let result = unsafe { libc::timer_settime(timer, libc::TIMER_ABSTIME, &setting, ptr::null_mut()) };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // Else later deadlines would count on a tick that never comes.
        self.armed.store(NEVER, Ordering::SeqCst);
        Err(error)
    }

    fn tick(&self) {
        self.armed.store(NEVER, Ordering::SeqCst);
        let deadline = self.deadline.load(Ordering::SeqCst);
        let cpu_end = self.cpu_end.load(Ordering::SeqCst);
        let target = self.target.load(Ordering::SeqCst);
        if target.is_null() || deadline == NEVER && cpu_end == NEVER {
            return;
        }
        let now = now();
        if now < self.wake.load(Ordering::SeqCst) {
            // A tick for a call before. A failure leaves the call without a timer; it cannot fail for a timer that exists
            // and a valid time.
            let _ = self.arm(self.wake.load(Ordering::SeqCst));
            return;
        }
        if now < deadline {
            let left = if cpu_end == NEVER { NEVER } else { cpu_end.saturating_sub(thread_time()) };
            if left > 0 {
                let wake = deadline.min(now.saturating_add(left.max(SHORTEST_WAIT)));
                self.wake.store(wake, Ordering::SeqCst);
                let _ = self.arm(wake);
                return;
            }
            self.cpu_fired.store(true, Ordering::SeqCst);
        }
        self.fired.store(true, Ordering::SeqCst);
        // SAFETY: a target is set only while its vCPU is borrowed by a call on this very thread.
        unsafe { AtomicU8::from_ptr(target) }.store(1, Ordering::Relaxed);
    }
}

/// Those whose threads have ended. Their timers were deleted there, with the signal unblocked: a tick that was on its way was
/// delivered before.
static FREE: Mutex<Vec<&'static Shared>> = Mutex::new(Vec::new());

impl Shared {
    /// One that no thread uses.
    fn obtain() -> &'static Self {
        let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let shared = free.unwrap_or_else(|| Box::leak(Box::default()));
        shared.deadline.store(NEVER, Ordering::SeqCst);
        shared.cpu_end.store(NEVER, Ordering::SeqCst);
        shared.wake.store(NEVER, Ordering::SeqCst);
        shared.target.store(ptr::null_mut(), Ordering::SeqCst);
        shared.fired.store(false, Ordering::SeqCst);
        shared.cpu_fired.store(false, Ordering::SeqCst);
        shared.armed.store(NEVER, Ordering::SeqCst);
        shared
    }

    /// Leaves it to another thread.
    fn release(&'static self) {
        FREE.lock().unwrap_or_else(PoisonError::into_inner).push(self);
    }
}

impl Timer {
    fn create() -> io::Result<Self> {
        let signal = signal()?;
        let shared = Shared::obtain();
        unblock(signal).inspect_err(|_| shared.release())?;
        // SAFETY: all zeros is a valid sigevent.
        let mut event: libc::sigevent = unsafe { mem::zeroed() };
        event.sigev_notify = libc::SIGEV_THREAD_ID;
        event.sigev_signo = signal;
        event.sigev_value = libc::sigval { sival_ptr: ptr::from_ref(shared).cast_mut().cast() };
        // SAFETY: gettid has no preconditions.
        event.sigev_notify_thread_id = unsafe { libc::gettid() };
        let mut timer: libc::timer_t = ptr::null_mut();
        // SAFETY: both pointers name live values of the right types.
        let result = unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &mut event, &mut timer) };
        if result != 0 {
            let error = io::Error::last_os_error();
            shared.release();
            return Err(error);
        }
        shared.timer.store(timer, Ordering::SeqCst);
        Ok(Self { shared })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        // SAFETY: the timer was created by `create` and is deleted once, at the end of its thread.
        unsafe { libc::timer_delete(self.shared.timer.load(Ordering::SeqCst)) };
        self.shared.release();
    }
}

/// Installs the handler on a real-time signal that nobody uses, once; later calls verify that it is still there.
pub(crate) fn signal() -> io::Result<i32> {
    static SIGNAL: OnceLock<Option<i32>> = OnceLock::new();
    let taken = || io::Error::other("all real-time signals are in use");
    let signal = SIGNAL.get_or_init(install).ok_or_else(taken)?;
    if handler_of(signal)? != on_tick as *const () as usize {
        return Err(io::Error::other(format!("another handler was installed for signal {signal}")));
    }
    Ok(signal)
}

fn install() -> Option<i32> {
    let free = (libc::SIGRTMIN() + 1..=libc::SIGRTMAX()).rev();
    let signal =
        free.into_iter().find(|&signal| handler_of(signal).is_ok_and(|handler| handler == libc::SIG_DFL))?;
    // SAFETY: all zeros is a valid sigaction.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = on_tick as *const () as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART | libc::SA_ONSTACK;
    // SAFETY: the handler is async-signal-safe: atomics, clock_gettime and timer_settime only.
    let result = unsafe { libc::sigaction(signal, &action, ptr::null_mut()) };
    (result == 0).then_some(signal)
}

fn handler_of(signal: i32) -> io::Result<usize> {
    // SAFETY: all zeros is a valid sigaction, and asking for the current one changes nothing.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: as above.
    let result = unsafe { libc::sigaction(signal, ptr::null(), &mut action) };
    if result == 0 { Ok(action.sa_sigaction) } else { Err(io::Error::last_os_error()) }
}

fn unblock(signal: i32) -> io::Result<()> {
    // SAFETY: all zeros is a valid signal set, which sigemptyset then initialises.
    let mut set: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: `set` is a live signal set and `signal` a valid number.
    let result = unsafe {
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, ptr::null_mut())
    };
    if result == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(result)) }
}

extern "C" fn on_tick(_signal: i32, info: *mut libc::siginfo_t, _context: *mut libc::c_void) {
    // SAFETY: the kernel passes a valid siginfo to an SA_SIGINFO handler.
    let info = unsafe { &*info };
    if info.si_code != libc::SI_TIMER {
        return;
    }
    // errno belongs to the interrupted code.
    // SAFETY: __errno_location returns the calling thread's errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let saved = unsafe { *errno };
    // SAFETY: only timers of this module send this signal with SI_TIMER; their value is a `Shared` that is never freed.
    let shared = unsafe { &*info.si_value().sival_ptr.cast::<Shared>() };
    shared.tick();
    // SAFETY: as above.
    unsafe { *errno = saved };
}
