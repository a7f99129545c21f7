//! Machines that stand in worker processes, as their callers see them.

use std::sync::Arc;

use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{AbortHandle, Call, CallError, Host, Limits, Output, SavedState, Statistics};

use crate::channel::Quiet;
use crate::error::{Broken, breach};
use crate::exchange::{
    Counts, Exchange, GRACE, ask_restore, limit_of, most_of_done, most_of_state, time_for,
};
use crate::keeper::Worker;
use crate::snapshot::Snapshot;
use crate::wire::{Done, Frame, Reply, decode_reply, encode_call, kind};

/// A machine in a process of its own, which starts every call, or session of calls, from its snapshot.
///
/// It is used as [`twinwall_vmm_kvm::Machine`] is. A worker is thrown away where that would throw a virtual machine away, and
/// where the worker itself fails; the machine is [spent](Self::is_spent) then, and the next call starts another worker.
#[derive(Debug)]
pub struct Machine {
    worker: Option<Worker>,
    snapshot: Arc<Snapshot>,
    limits: Limits,
    statistics: Statistics,
    request: Frame,
    /// Result of the last call, when it was longer than the caller's output.
    overflow: Vec<u8>,
    clean: bool,
    /// A call has begun and not ended.
    unfinished: bool,
}

impl Machine {
    pub(crate) fn new(snapshot: Arc<Snapshot>, worker: Worker, limits: Limits) -> Self {
        let writable_bytes = snapshot.writable_bytes();
        Self {
            worker: Some(worker),
            snapshot,
            limits,
            statistics: Statistics { writable_bytes, ..Statistics::default() },
            request: Frame::default(),
            overflow: Vec::new(),
            clean: true,
            unfinished: false,
        }
    }

    /// Changes the limits of later calls. The memory limit was fixed with the snapshot.
    pub fn configure(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Limits of later calls.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Counts of the last call and of the machine's life. Those of the call are the worker's word; what this process counts by
    /// itself is what it keeps limits by.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Number of the worker process, while there is one.
    #[must_use]
    pub fn process(&self) -> Option<u32> {
        self.worker.as_ref().map(Worker::id)
    }

    /// Whether the next call begins with a new worker, because the last one was thrown away.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.worker.is_none()
    }

    /// Starts that worker now. Does nothing where the machine is not spent.
    ///
    /// # Errors
    /// [`CallError`] when there is none to be had.
    pub fn renew(&mut self) -> Result<(), CallError> {
        if self.worker.is_none() {
            self.worker = Some(self.snapshot.worker()?);
        }
        Ok(())
    }

    /// Throws the worker away, whatever it is doing, and starts a new one.
    ///
    /// # Errors
    /// As [`Self::renew`]; the machine is spent then.
    pub fn replace(&mut self) -> Result<(), CallError> {
        self.discard();
        self.renew()
    }

    /// Gives the machine up with its worker, which is not kept for reuse.
    pub fn retire(mut self) {
        self.discard();
    }

    /// Bytes that a restore would put back now, by the worker's word; 0 when no call came since the last one.
    #[must_use]
    pub fn unrestored_bytes(&self) -> u64 {
        if self.clean || self.worker.is_none() { 0 } else { self.written_bytes() }
    }

    fn written_bytes(&self) -> u64 {
        let most = self.limits.memory_bytes.saturating_add(self.statistics.writable_bytes);
        self.statistics.writable_bytes.saturating_add(self.statistics.opened_bytes).min(most)
    }

    /// The state of the guest as it stands now, within a session or at the snapshot.
    ///
    /// # Errors
    /// [`CallError`] when the worker does not tell it.
    pub fn save(&mut self) -> Result<SavedState, CallError> {
        let limit = limit_of(time_for(self.written_bytes()));
        let (Some(worker), false, false) = (&mut self.worker, self.clean, self.unfinished) else {
            return self.snapshot.save();
        };
        let most = most_of_state(&self.limits, self.snapshot.image_bytes());
        let asked = worker.channel.send(&[Frame::new(kind::SAVE).finish(0)], limit);
        let received = asked.and_then(|()| worker.channel.receive(limit, most));
        let state = received.and_then(|kind| self.snapshot.state_of(kind, worker.channel.payload()));
        match state {
            Ok(state) => Ok(state),
            // It says that it cannot, and goes on.
            Err(Broken::Ended(error)) => Err(error),
            Err(broken) => Err(self.fail(broken, None)),
        }
    }

    /// Takes the result of the last call, when it was longer than the caller's output.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.overflow)
    }

    /// Runs one call in the worker, while the calling thread waits and serves its host calls; copies the result to `output`,
    /// as [`twinwall_vmm_kvm::Machine::call`] does.
    ///
    /// # Errors
    /// As there. [`ErrorCode::Internal`] when the worker has ended, [`ErrorCode::BadReply`] when it broke its protocol.
    pub fn call(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
        output: &mut dyn Output,
    ) -> Result<usize, CallError> {
        self.run(call, host, output, None)
    }

    /// As [`Self::call`], and other threads may end the call by `abort`; its worker ends with it.
    ///
    /// # Errors
    /// As [`Self::call`], and the reason of the abort.
    pub fn call_abortable(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
        output: &mut dyn Output,
        abort: &AbortHandle,
    ) -> Result<usize, CallError> {
        self.run(call, host, output, Some(abort))
    }

    fn run(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
        output: &mut dyn Output,
        abort: Option<&AbortHandle>,
    ) -> Result<usize, CallError> {
        self.statistics.calls += 1;
        self.overflow.clear();
        if let Some(reason) = abort.and_then(AbortHandle::reason) {
            self.restore();
            return Err(reason);
        }
        if let Err(error) = self.limits.check_input(call.input) {
            self.restore();
            return Err(error);
        }
        self.give_up_unfinished();
        self.look_after()?;
        // A worker that takes the place of one that was thrown away is no part of the call's time.
        self.renew()?;
        self.clean = false;
        self.unfinished = true;
        let ended = self.exchange(call, host, abort);
        self.unfinished = false;
        match ended {
            Ok(()) => self.settle(call, output),
            Err(broken) => Err(self.fail(broken, abort)),
        }
    }

    /// A worker that has gone, or spoken unasked, is replaced where nothing was kept in it.
    fn look_after(&mut self) -> Result<(), CallError> {
        let Some(worker) = &self.worker else { return Ok(()) };
        let broken = match worker.channel.quiet() {
            Quiet::Silent => return Ok(()),
            Quiet::Closed => Broken::Closed,
            Quiet::Noisy => Broken::Protocol("it spoke without being asked"),
        };
        let was_clean = self.clean;
        let error = self.fail(broken, None);
        if was_clean { Ok(()) } else { Err(error) }
    }

    /// Sends the call in, and serves the guest until the call's end lies in the channel.
    fn exchange(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
        abort: Option<&AbortHandle>,
    ) -> Result<(), Broken> {
        let Some(worker) = &mut self.worker else { return Err(Broken::Closed) };
        // A call that is ended from here has no figures.
        self.statistics = Statistics { exits: 0, cpu_time: 0, fuel_used: 0, ..self.statistics };
        let mut exchange = Exchange::new(&self.limits, host, abort);
        encode_call(&mut self.request, &self.limits, call);
        let request = [self.request.finish(call.input.len()), call.input];
        let done = exchange.run(&mut worker.channel, &request, GRACE, most_of_done(&self.limits));
        let Counts { host_calls, host_bytes, outbox_bytes } = exchange.counts;
        self.statistics = Statistics { host_calls, host_bytes, outbox_bytes, ..self.statistics };
        done?;
        // An abort that came too late for the call has shut the socket: what a session keeps is lost.
        match abort.and_then(AbortHandle::reason) {
            Some(reason) => Err(Broken::Ended(reason)),
            None => Ok(()),
        }
    }

    /// Takes the call's end from the channel.
    fn settle(&mut self, call: &Call<'_>, output: &mut dyn Output) -> Result<usize, CallError> {
        let Some(worker) = &self.worker else { return Err(breach("there is no worker")) };
        let done = match decode_reply(kind::DONE, worker.channel.payload()) {
            Ok(Reply::Done(done)) => done,
            Ok(_) => return Err(self.fail(Broken::Protocol("a frame"), None)),
            Err(malformed) => return Err(self.fail(malformed.into(), None)),
        };
        let Done { spent, clean, statistics, outcome } = done;
        let delivered = match outcome {
            Err(error) => Err(error),
            Ok(bytes) if bytes.len() as u64 > self.limits.output_bytes => {
                return Err(self.fail(Broken::Protocol("a result that is longer than its limit"), None));
            }
            Ok(bytes) => deliver(bytes, call.exact, output, &mut self.overflow),
        };
        self.note(&statistics);
        if spent {
            self.discard();
        } else if clean {
            self.statistics.restores += 1;
            self.clean = true;
        }
        // What the caller's buffer had no room for has failed: the guest is not where the caller thinks.
        if matches!(&delivered, Err(error) if error.code != ErrorCode::GuestError) {
            self.restore();
        }
        delivered
    }

    /// Takes over what a worker says of its machine. What was counted here is not less than that; and memory is not more than
    /// there can be, since pools share theirs by it.
    fn note(&mut self, told: &Statistics) {
        let own = self.statistics;
        self.statistics = Statistics {
            host_calls: own.host_calls.max(told.host_calls),
            host_bytes: own.host_bytes.max(told.host_bytes),
            outbox_bytes: own.outbox_bytes.max(told.outbox_bytes),
            memory_bytes: told.memory_bytes.min(self.limits.memory_bytes),
            opened_bytes: told.opened_bytes.min(self.limits.most_opened()),
            writable_bytes: own.writable_bytes,
            calls: own.calls,
            restores: own.restores,
            replaced: own.replaced,
            ..*told
        };
    }

    /// Goes back to the snapshot. Does nothing when no call came since.
    pub fn restore(&mut self) {
        self.give_up_unfinished();
        if self.clean {
            return;
        }
        let limit = limit_of(time_for(self.written_bytes()));
        let Some(worker) = &mut self.worker else {
            self.clean = true;
            return;
        };
        let restored = ask_restore(&mut worker.channel, limit);
        let reply = restored.and_then(|()| Ok(decode_reply(kind::RESTORED, worker.channel.payload())?));
        match reply {
            Ok(Reply::Restored(Done { spent: false, clean: true, statistics, .. })) => {
                self.note(&statistics);
                self.statistics.restores += 1;
                self.clean = true;
            }
            _ => self.discard(),
        }
    }

    /// Throws the worker away when a panic of the host unwound through its last call: where its guest stands is not known.
    fn give_up_unfinished(&mut self) {
        if self.unfinished {
            self.discard();
        }
    }

    /// Throws the worker away; returns what is to be said of it.
    fn fail(&mut self, broken: Broken, abort: Option<&AbortHandle>) -> CallError {
        let error = match (abort.and_then(AbortHandle::reason), broken) {
            (Some(reason), _) => reason,
            (None, Broken::Late) if self.limits.deadline != u64::MAX => self.limits.deadline_passed(),
            (None, broken) => match &mut self.worker {
                Some(worker) => worker.failure(broken),
                None => breach("there is no worker"),
            },
        };
        self.discard();
        error
    }

    /// Ends the worker. The next call starts a new one.
    fn discard(&mut self) {
        self.worker = None;
        self.unfinished = false;
        self.statistics.replaced += 1;
        self.statistics.restores += 1;
        self.clean = true;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // One that would have to be restored first is ended: whoever closes a machine does not wait for a worker.
        if self.clean
            && !self.unfinished
            && let Some(worker) = self.worker.take()
        {
            self.snapshot.recycle(worker);
        }
    }
}

/// Copies a result to the caller's output.
fn deliver(
    bytes: &[u8],
    exact: bool,
    output: &mut dyn Output,
    overflow: &mut Vec<u8>,
) -> Result<usize, CallError> {
    let length = bytes.len();
    if let Some(room) = output.room(length) {
        room.copy_from_slice(bytes);
        return Ok(length);
    }
    if exact {
        return Err(CallError::no_room(length, output));
    }
    overflow.extend_from_slice(bytes);
    Ok(length)
}
