//! Machines: a call in, a reply out.

mod call;
mod core;
mod exchange;
#[cfg(test)]
mod inspection;
mod opening;
mod report;
mod restore;
mod vm;

use std::sync::Arc;

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use twinwall_abi::{ErrorCode, Request, RequestFlag, Seed};

pub(crate) use self::call::base_request;
pub use self::call::{Call, Limits, Statistics};
pub(crate) use self::core::{Core, Shared};
pub(crate) use self::exchange::{Exchange, Stop};
pub(crate) use self::vm::{Exit, Hypervisor, Vm};
use crate::abort::AbortHandle;
use crate::clock;
use crate::dirty_log::{LEAST_BYTES, Strategy};
use crate::error::CallError;
use crate::host::{Host, Output};
use crate::saved::SavedState;
use crate::snapshot::Snapshot;

/// Bytes opened since the snapshot from which on a machine is replaced, not restored: clearing them would cost more.
const RETIRE_BYTES: u64 = 16 << 20;

/// A machine that starts every call, or session of calls, from its snapshot.
#[derive(Debug)]
pub struct Machine {
    core: Option<Core>,
    /// A virtual machine that must not be used again, kept because its owner has it taken apart elsewhere.
    spent: Option<Core>,
    /// Whether such a one is kept.
    keeps_spent: bool,
    snapshot: Arc<Snapshot>,
    limits: Limits,
    random: ChaCha12Rng,
    fixed_seed: Option<[u8; 32]>,
    request_id: u64,
    statistics: Statistics,
    /// Result of the last call, when it was longer than the caller's output.
    overflow: Vec<u8>,
    clean: bool,
    /// A call has begun and not ended.
    unfinished: bool,
    /// When the first call since the last restore began, of the monotonic clock.
    busy_since: u64,
}

impl Machine {
    pub(crate) fn new(
        snapshot: Arc<Snapshot>,
        core: Core,
        limits: Limits,
        fixed_seed: Option<[u8; 32]>,
    ) -> Self {
        let writable_bytes = core.base_bytes();
        Self {
            core: Some(core),
            spent: None,
            keeps_spent: false,
            snapshot,
            limits,
            random: ChaCha12Rng::from_os_rng(),
            fixed_seed,
            request_id: 0,
            statistics: Statistics { writable_bytes, ..Statistics::default() },
            overflow: Vec::new(),
            clean: true,
            unfinished: false,
            busy_since: 0,
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

    /// Draws the random numbers of later calls from `seed`, the same in each.
    pub fn fix_seed(&mut self, seed: [u8; 32]) {
        self.fixed_seed = Some(seed);
    }

    /// Counts of the last call and of the machine's life.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// Has virtual machines that must not be used again taken apart when the next call needs a new one, or the machine is
    /// dropped, and not where they failed: that takes longer than a call. For threads that must not wait, which drop a
    /// machine that [is spent](Self::is_spent) elsewhere.
    pub fn keep_spent(&mut self) {
        self.keeps_spent = true;
    }

    /// Whether the next call begins with a new virtual machine, because the last one was thrown away.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.core.is_none()
    }

    /// Whether it stands at its snapshot: no call came since.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.clean
    }

    /// Makes that virtual machine now. Does nothing where the machine is not spent.
    ///
    /// # Errors
    /// [`CallError`] when the host has no memory or no virtual machine left.
    pub fn renew(&mut self) -> Result<(), CallError> {
        if self.core.is_none() {
            self.spent = None;
            self.core = Some(self.snapshot.create()?);
        }
        Ok(())
    }

    /// Throws the virtual machine away, whatever state it is in, and makes a new one.
    ///
    /// # Errors
    /// As [`Self::renew`]; the machine is spent then.
    pub fn replace(&mut self) -> Result<(), CallError> {
        self.discard();
        self.renew()
    }

    /// Gives the machine up with its virtual machine, which is not kept for reuse.
    pub fn retire(mut self) {
        self.discard();
    }

    /// Bytes that a restore would put back now, as far as that can be told before it; 0 when no call came since the last one.
    #[must_use]
    pub fn unrestored_bytes(&self) -> u64 {
        let dirty = self.core.as_ref().filter(|_| !self.clean);
        dirty.map_or(0, Core::expected_restore)
    }

    /// The state of the guest as it stands now, within a session or at the snapshot: what
    /// [`Snapshot::load`](crate::Snapshot::load) takes.
    ///
    /// # Errors
    /// [`CallError`] when KVM does not tell the registers, or there is too much memory for a snapshot.
    pub fn save(&self) -> Result<SavedState, CallError> {
        match &self.core {
            Some(core) if !self.clean && !self.unfinished => self.snapshot.save_core(core),
            _ => Ok(self.snapshot.save()),
        }
    }

    /// Takes the result of the last call, when it was longer than the caller's output.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.overflow)
    }

    /// Runs one call on the calling thread and copies its result to `output`; returns the result's length. A longer
    /// result is kept for [`Self::take_output`], or refused when the call is `exact`.
    ///
    /// # Errors
    /// [`CallError`] with the code that the public API shows. Whatever the error but
    /// [`ErrorCode::GuestError`] in a session, the machine is back at its snapshot afterwards.
    pub fn call(
        &mut self,
        call: &Call<'_>,
        host: &mut dyn Host,
        output: &mut dyn Output,
    ) -> Result<usize, CallError> {
        self.run(call, host, output, None)
    }

    /// As [`Self::call`], and other threads may end the call by `abort`. Where the host's functions have to run on
    /// another thread, give a [`RemoteHost`](crate::RemoteHost).
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
        // A machine that takes the place of one that was thrown away is no part of the call's time.
        self.renew()?;
        let now = clock::now();
        let request = self.request(call, now);
        let Some(core) = &mut self.core else {
            return Err(CallError::new(ErrorCode::Internal, "the machine is gone"));
        };
        if self.clean {
            self.busy_since = now;
        }
        self.clean = false;
        self.unfinished = true;
        let mut exchange = Exchange::new(core, &self.limits, host, &mut self.statistics, now);
        if let Some(abort) = abort {
            exchange.abort_by(abort);
        }
        let outcome = exchange.run(request, call, output, &mut self.overflow);
        self.unfinished = false;
        self.settle(call, outcome)
    }

    /// Runs one call from the snapshot, instruction by instruction, and returns how many the guest executed from gate
    /// to gate. For measurements: each instruction is an exit.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn count_instructions(&mut self, call: &Call<'_>, host: &mut dyn Host) -> Result<u64, CallError> {
        self.discard();
        let now = clock::now();
        let request = self.request(call, now);
        let core = self.core.insert(self.snapshot.create()?);
        self.unfinished = true;
        core.trap_each_instruction();
        let mut exchange = Exchange::new(core, &self.limits, host, &mut self.statistics, now);
        exchange.step();
        let outcome = exchange.run(request, call, &mut [0; 0], &mut self.overflow);
        let exits = self.statistics.exits;
        // A vCPU that was single-stepped is not used again.
        self.discard();
        match outcome {
            // The last exit is the gate, and its instruction counts.
            Ok(_) => Ok(exits),
            Err(Stop::Failed(error) | Stop::Poisoned(error)) => Err(error),
        }
    }

    fn settle(&mut self, call: &Call<'_>, outcome: Result<usize, Stop>) -> Result<usize, CallError> {
        match outcome {
            Ok(length) => {
                if call.restore {
                    self.restore();
                }
                Ok(length)
            }
            Err(Stop::Failed(error)) => {
                if call.restore || error.code != ErrorCode::GuestError {
                    self.restore();
                }
                Err(error)
            }
            Err(Stop::Poisoned(error)) => {
                self.discard();
                Err(error)
            }
        }
    }

    fn request(&mut self, call: &Call<'_>, now: u64) -> Request {
        self.request_id = self.request_id.wrapping_add(1);
        let mut seed = [0; 32];
        match self.fixed_seed {
            Some(fixed) => seed = fixed,
            None => self.random.fill_bytes(&mut seed),
        }
        let mut request = self.snapshot.request(&self.limits, call.kind, now, &Seed::new(&seed));
        request.set_request_id(self.request_id);
        request.set_function_index(call.function);
        request.set_input_length(call.input.len() as u64);
        request.set_flags(if call.continues { RequestFlag::Continues.0 } else { RequestFlag::None.0 });
        request
    }

    /// Goes back to the snapshot. Does nothing when no call came since.
    pub fn restore(&mut self) {
        self.give_up_unfinished();
        if self.clean {
            return;
        }
        let Some(core) = &mut self.core else { return };
        if core.opened_bytes() > RETIRE_BYTES {
            self.discard();
            return;
        }
        let strategy = core.strategy();
        // Reading a clock costs more than restoring a small guest's memory.
        let has_choice = core.writable_bytes() >= LEAST_BYTES;
        let busy = if has_choice { clock::now().saturating_sub(self.busy_since) } else { 0 };
        let restored = core.restore(self.snapshot.contents()).and_then(|bytes| {
            if has_choice {
                core.choose(bytes, busy)?;
            }
            Ok(bytes)
        });
        let Ok(bytes) = restored else {
            self.discard();
            return;
        };
        self.statistics.strategy = strategy;
        self.statistics.restored_bytes = bytes;
        self.statistics.restores += 1;
        self.clean = true;
    }

    /// Fixes how this machine is restored, which is otherwise chosen by what it costs; goes back to the snapshot first. A
    /// machine that takes the place of a failed one chooses again. For measurements, and tests.
    ///
    /// # Errors
    /// As [`Self::renew`], or when KVM does not do it.
    pub fn fix_strategy(&mut self, strategy: Strategy) -> Result<(), CallError> {
        self.restore();
        self.renew()?;
        let Some(core) = &mut self.core else { return Ok(()) };
        let fixed = core.fix(strategy);
        if fixed.is_err() {
            self.discard();
        }
        Ok(fixed?)
    }

    /// Pages that differ from the snapshot.
    pub(crate) fn changed_pages(&self) -> usize {
        self.core.as_ref().map_or(0, |core| core.changed_pages(self.snapshot.contents()))
    }

    /// Throws the virtual machine away when a panic of the host unwound through its last call: where its guest stands
    /// is not known.
    fn give_up_unfinished(&mut self) {
        if self.unfinished {
            self.discard();
        }
    }

    /// Throws the virtual machine away: whatever a guest left pending in it goes too. The next call makes a new one.
    fn discard(&mut self) {
        let core = self.core.take();
        if self.keeps_spent {
            self.spent = core;
        }
        self.unfinished = false;
        self.statistics.replaced += 1;
        self.statistics.restores += 1;
        self.clean = true;
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.restore();
        if let Some(core) = self.core.take() {
            self.snapshot.recycle(core);
        }
    }
}
