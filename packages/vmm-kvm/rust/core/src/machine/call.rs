//! Calls, what they may use, and what they used.

use twinwall_abi::layout::{AREA_WINDOW, INPUT, OUTBOX, OUTPUT};
use twinwall_abi::{ABI_VERSION, CallKind, ErrorCode, FUEL_UNLIMITED, MAILBOX_MAGIC, Request, Seed};

use crate::clock;
use crate::deadline::NEVER;
use crate::dirty_log::Strategy;
use crate::error::CallError;

/// What a call may use. Every field bounds something that the guest could otherwise make endless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Linear memories and tables together, bytes.
    pub memory_bytes: u64,
    /// Largest input of a call, bytes.
    pub input_bytes: u64,
    /// Largest result of a call and largest arguments of a host call, bytes.
    pub output_bytes: u64,
    /// Outbox records of a call (standard streams, deferred host calls) in all, bytes.
    pub outbox_bytes: u64,
    /// Host calls of a call, deferred ones not counted.
    pub host_calls: u64,
    /// Arguments and answers of a call's host calls together, deferred ones not counted, bytes.
    pub host_bytes: u64,
    /// Nanoseconds that a call may take, host functions included; `u64::MAX`: no deadline.
    pub deadline: u64,
    /// Nanoseconds of processor time that the calling thread may use in a call, in the guest or in host functions that run
    /// there; `u64::MAX`: not limited.
    pub cpu_time: u64,
    /// Fuel of a call; `u64::MAX`: not limited.
    pub fuel: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory_bytes: 64 << 20,
            input_bytes: 64 << 20,
            output_bytes: 1 << 20,
            outbox_bytes: 64 << 10,
            host_calls: 10_000,
            host_bytes: 64 << 20,
            deadline: 1_000_000_000,
            cpu_time: NEVER,
            fuel: FUEL_UNLIMITED,
        }
    }
}

/// What the guest runtime may need beside linear memories, bytes: its heap, and areas of the mailbox.
const RUNTIME_BYTES: u64 = 32 << 20;

impl Limits {
    /// Bytes that may open after the start: the guest's own memory, the areas of the mailbox, the runtime's heap.
    #[must_use]
    pub fn most_opened(&self) -> u64 {
        let areas = self.input_bytes.saturating_add(self.output_bytes);
        self.memory_bytes.saturating_add(areas).saturating_add(RUNTIME_BYTES).min(16 << 30)
    }

    /// Refuses an input that is too long.
    ///
    /// # Errors
    /// [`ErrorCode::Limit`] with its length and the limit.
    pub fn check_input(&self, input: &[u8]) -> Result<(), CallError> {
        let (size, most) = (input.len(), self.input_bytes.min(AREA_WINDOW));
        if size as u64 <= most {
            return Ok(());
        }
        Err(CallError::new(ErrorCode::Limit, format!("the input has {size} bytes, the limit is {most}")))
    }

    /// What is said of a call that passed its deadline.
    #[must_use]
    pub fn deadline_passed(&self) -> CallError {
        let milliseconds = self.deadline as f64 / 1e6;
        let message = format!("the call ran longer than its deadline of {milliseconds} ms");
        CallError::new(ErrorCode::Deadline, message)
    }
}

/// A call of a guest function.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What the call asks for.
    pub kind: CallKind,
    /// Index among the module's exports.
    pub function: u32,
    /// Bytes for the input area.
    pub input: &'a [u8],
    /// The call goes on with an open session: no restore came before it.
    pub continues: bool,
    /// Restore the machine when the call is over.
    pub restore: bool,
    /// A result longer than the output is an error and nothing is written.
    pub exact: bool,
}

/// Counts of the last call, and of a machine's life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Exits of the last call, but for interruptions from outside.
    pub exits: u64,
    /// Host calls of the last call.
    pub host_calls: u64,
    /// Bytes of arguments and answers of the last call's host calls.
    pub host_bytes: u64,
    /// Bytes of outbox records of the last call.
    pub outbox_bytes: u64,
    /// Nanoseconds of processor time that the last call used; 0 where it was not limited.
    pub cpu_time: u64,
    /// Fuel that the last call used.
    pub fuel_used: u64,
    /// Bytes of linear memories and tables after the last call, as the guest reports them.
    pub memory_bytes: u64,
    /// TSC ticks in the guest, as the guest reports them.
    pub guest_ticks: u64,
    /// Bytes that the guest can write from the start.
    pub writable_bytes: u64,
    /// How the last restore went.
    pub strategy: Strategy,
    /// Bytes that the last restore copied or cleared.
    pub restored_bytes: u64,
    /// Bytes opened since the snapshot.
    pub opened_bytes: u64,
    /// Calls in all.
    pub calls: u64,
    /// Restores in all.
    pub restores: u64,
    /// Virtual machines that were thrown away.
    pub replaced: u64,
}

/// The fields of a request that do not depend on the call, which enters at `now` of the monotonic clock.
pub(crate) fn base_request(
    limits: &Limits,
    kind: CallKind,
    now: u64,
    tick_scale: u64,
    seed: &Seed,
) -> Request {
    let mut request = Request::default();
    request.set_magic(MAILBOX_MAGIC);
    request.set_version(ABI_VERSION);
    request.set_kind(kind.0);
    request.set_input_address(INPUT);
    request.set_output_address(OUTPUT);
    request.set_output_limit(limits.output_bytes);
    request.set_outbox_address(OUTBOX);
    request.set_fuel(limits.fuel);
    request.set_wall_clock(clock::wall_clock(now));
    request.set_tick_scale(tick_scale);
    request.set_seed(seed);
    request
}
