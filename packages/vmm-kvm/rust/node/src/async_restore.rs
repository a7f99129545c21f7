//! Restores on a thread of their own, and what becomes of machines that come back from there. Such a machine is left for
//! whoever needs it first: the event loop when its turn has come, or a call that does not wait for that.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use napi::Env;
use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{CallError, CallLink};

use crate::async_call::{Away, Deliver, Told, call_back};
use crate::event_loop::{Event, EventLoop};
use crate::machine::Inner;
use crate::walls::Machine;

/// What becomes of a closed machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// Its virtual machine may serve later machines of the snapshot.
    Recycle,
    /// It is taken apart.
    Retire,
}

/// A machine that comes back.
pub(crate) struct Returned {
    pub(crate) machine: Machine,
    /// Whether the restore took a new virtual machine.
    pub(crate) outcome: Result<bool, CallError>,
}

/// The place where one machine is left, once.
#[derive(Default)]
pub(crate) struct Handover {
    place: Mutex<Option<Returned>>,
    left: Condvar,
}

impl Handover {
    /// Leaves the machine.
    pub(crate) fn leave(&self, returned: Returned) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(returned);
        self.left.notify_one();
    }

    /// Takes the machine; waits until its thread has left it. That is only for as long as a restore takes: no guest runs
    /// meanwhile, and nothing on that thread waits for this one.
    pub(crate) fn take(&self) -> Returned {
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match place.take() {
                Some(returned) => return returned,
                None => place = self.left.wait(place).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// Puts a machine back to its snapshot, and makes a new virtual machine where the last one was thrown away, or where
/// `replace` asks for one. Returns whether it made one.
pub(crate) fn put_back(machine: &mut Machine, replace: bool) -> Result<bool, CallError> {
    let put_back = || {
        if replace {
            return machine.replace().map(|()| true);
        }
        machine.restore();
        let spent = machine.is_spent();
        machine.renew().map(|()| spent)
    };
    catch_unwind(AssertUnwindSafe(put_back))
        .unwrap_or_else(|_| Err(CallError::new(ErrorCode::Internal, "the machine's driver panicked")))
}

/// Bytes up to which a restore costs the event loop less than sending the machine to a thread and taking it back.
const SMALL_RESTORE: u64 = 512 << 10;

/// Starts a restore; returns its number, or 0 when it is done already.
pub(crate) fn start_restore(
    env: &Env,
    inner: &Rc<Inner>,
    replace: bool,
    deliver: Deliver,
) -> Result<u64, CallError> {
    let done = inner.with(|machine| {
        let small = !replace && !machine.is_spent() && machine.unrestored_bytes() <= SMALL_RESTORE;
        if small {
            machine.restore();
        }
        small && !machine.is_spent()
    })?;
    if done {
        return Ok(0);
    }
    let failed = |error: napi::Error| CallError::new(ErrorCode::Internal, error.reason.to_string());
    let event_loop = EventLoop::of(env).map_err(failed)?;
    let seat = event_loop.crew.seat()?;
    let mut machine = inner.lend()?;
    let number = event_loop.enter(inner);
    let handover = Arc::new(Handover::default());
    let mut away = Away::new(number, CallLink::new(), deliver, machine.statistics());
    away.restoring = Some(Arc::clone(&handover));
    inner.leave(away);
    let post = Arc::clone(&event_loop.post);
    let work = move || {
        let outcome = put_back(&mut machine, replace);
        handover.leave(Returned { machine, outcome });
    };
    seat.run(work, move |()| {
        post.send(number, Event::Restored);
    });
    Ok(number)
}

/// Takes the machine of a restore back, and tells how that ended; waits for it where it is not over. Returns whether it
/// took a new virtual machine (1 or 0), or a negative error code; nothing when no restore is under way.
pub(crate) fn collect(env: &Env, inner: &Rc<Inner>) -> Option<i32> {
    let (call, handover) = inner.away(|away| Some((away.call, Arc::clone(away.restoring.as_ref()?))))??;
    let Returned { machine, outcome } = handover.take();
    if let Ok(event_loop) = EventLoop::of(env) {
        event_loop.leave(call);
    }
    let status = match outcome {
        Ok(replaced) => i32::from(replaced),
        Err(error) => inner.fail(error),
    };
    let deliver = inner.deliver(env);
    come_back(env, inner, machine);
    call_back(deliver, Told::Restored, f64::from(status), Vec::new());
    Some(status)
}

/// The machine is back. One that was closed since is given back, or taken apart.
pub(crate) fn come_back(env: &Env, inner: &Inner, mut machine: Machine) {
    let Some(away) = inner.away.take() else { return };
    if let Some(limits) = away.limits {
        machine.configure(limits);
    }
    match away.closed {
        None => *inner.machine.borrow_mut() = Some(machine),
        Some(farewell) => part(env, machine, farewell),
    }
}

/// Gives a machine back, or has it taken apart by a thread: that takes longer than a call.
pub(crate) fn part(env: &Env, machine: Machine, farewell: Farewell) {
    if farewell == Farewell::Recycle {
        return;
    }
    let seat = EventLoop::of(env).ok().and_then(|event_loop| event_loop.crew.seat().ok());
    match seat {
        Some(seat) => seat.run(move || machine.retire(), |()| ()),
        None => machine.retire(),
    }
}
