//! The exit loop of one call: entries, host calls, growth, the outbox, the deadline.

use twinwall_abi::layout::{AREA_WINDOW, INPUT};
use twinwall_abi::outbox::Entries;
use twinwall_abi::{Answer, ErrorCode, GateOperation, Report, Request};

use super::core::Core;
use super::report::{boot_failure, failure, foreign, unhandled_exception};
use super::{Call, Exit, Limits, Statistics};
use crate::abort::AbortHandle;
use crate::deadline::{Deadline, NEVER};
use crate::error::CallError;
use crate::host::{Host, Output, TimeLimit};
use crate::turns;

/// Debug vector: the trap after each instruction while single-stepping.
const DEBUG: u64 = 1;
/// Page-fault vector, and the bits of its error code for "not present" from ring 3.
const PAGE_FAULT: u64 = 14;
const FAULT_PRESENT: u64 = 1;
const FAULT_USER: u64 = 4;

/// Detail of [`ErrorCode::Deadline`] when it was the processor time that ran out.
const OUT_OF_CPU_TIME: i32 = 1;

/// How a call ended without a result.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The guest said so and is parked at its gate.
    Failed(CallError),
    /// The guest did not come back through the gate: the virtual machine must go.
    Poisoned(CallError),
}

/// One call in progress.
pub(crate) struct Exchange<'a> {
    core: &'a mut Core,
    limits: &'a Limits,
    host: &'a mut dyn Host,
    statistics: &'a mut Statistics,
    /// Guest address behind the call's input, where answers of host calls go.
    answers: u64,
    /// Monotonic clock at entry.
    now: u64,
    /// Each instruction is an exit: only to count them.
    stepping: bool,
    /// By which other threads may end the call.
    abort: Option<&'a AbortHandle>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(
        core: &'a mut Core,
        limits: &'a Limits,
        host: &'a mut dyn Host,
        statistics: &'a mut Statistics,
        now: u64,
    ) -> Self {
        statistics.exits = 0;
        statistics.host_calls = 0;
        statistics.host_bytes = 0;
        statistics.outbox_bytes = 0;
        statistics.cpu_time = 0;
        statistics.fuel_used = 0;
        Self { core, limits, host, statistics, answers: INPUT, now, stepping: false, abort: None }
    }

    /// Lets other threads end the call by `handle`.
    pub(crate) fn abort_by(&mut self, handle: &'a AbortHandle) {
        self.abort = Some(handle);
    }

    /// Makes each instruction an exit of its own.
    pub(crate) fn step(&mut self) {
        self.stepping = true;
    }

    /// Sends the call in and serves the guest until it is done.
    pub(crate) fn run(
        &mut self,
        mut request: Request,
        call: &Call<'_>,
        output: &mut dyn Output,
        overflow: &mut Vec<u8>,
    ) -> Result<usize, Stop> {
        self.place_input(&mut request, call.input)?;
        let report = self.until(GateOperation::Done)?;
        if report.request_id() != request.request_id() {
            return Err(bad_reply("it answered another request"));
        }
        self.finish(&report, call.exact, output, overflow)
    }

    /// Boots the image: enters it for the first time and serves it until it is ready.
    pub(crate) fn boot(&mut self, mut request: Request, input: &[u8]) -> Result<(), Stop> {
        self.place_input(&mut request, input)?;
        let report = self.until(GateOperation::Ready)?;
        if report.status() == ErrorCode::None.0 {
            return Ok(());
        }
        let text = self.copy_out(&report, "a failure text")?;
        Err(Stop::Failed(boot_failure(&report, &text)))
    }

    /// Writes the input and the request.
    fn place_input(&mut self, request: &mut Request, input: &[u8]) -> Result<(), Stop> {
        self.core.open_input(input.len() as u64).map_err(poisoned)?;
        if !self.core.input.write(INPUT, input) {
            return Err(internal("the input area is not open"));
        }
        request.set_output_capacity(self.core.output.length());
        request.set_outbox_capacity(self.core.outbox.length());
        self.core.write_request(request);
        self.answers = INPUT + (input.len() as u64).next_multiple_of(8);
        Ok(())
    }

    /// Enters the guest, serves its operations, and returns its report of `last`.
    pub(crate) fn until(&mut self, last: GateOperation) -> Result<Report, Stop> {
        let target = self.core.vm.immediate_exit();
        let Limits { deadline, cpu_time, .. } = *self.limits;
        let deadline = Deadline::set(self.now, deadline, cpu_time, target).map_err(poisoned)?;
        let outcome = self.serve_until(last, &deadline, target);
        self.statistics.cpu_time += deadline.thread_time();
        outcome
    }

    fn serve_until(
        &mut self,
        last: GateOperation,
        deadline: &Deadline,
        target: *mut u8,
    ) -> Result<Report, Stop> {
        let entered = self.abort.map(|handle| handle.enter(target, deadline.limit())).transpose();
        let _entered = entered.map_err(Stop::Poisoned)?;
        loop {
            self.enter(deadline)?;
            let report = self.core.read_report();
            self.drain(&report, deadline.limit())?;
            match GateOperation(report.operation()) {
                operation if operation == last => return Ok(report),
                GateOperation::HostCall => self.serve_host_call(&report, deadline)?,
                GateOperation::Grow => self.serve_growth(&report),
                GateOperation::Drain => {}
                GateOperation::Abort => return Err(Stop::Poisoned(self.abort(&report))),
                _ => return Err(bad_reply("it asked for an operation that does not exist")),
            }
            if deadline.has_passed() {
                return Err(self.late(deadline));
            }
        }
    }

    /// Runs the vCPU until the guest stands at the gate.
    fn enter(&mut self, deadline: &Deadline) -> Result<(), Stop> {
        loop {
            let exit = self.core.vm.run().map_err(poisoned)?;
            // Interruptions are not the guest's: it has as many exits alone as beside others.
            self.statistics.exits += u64::from(exit != Exit::Interrupted);
            match exit {
                Exit::Gate => return Ok(()),
                Exit::Exception => self.serve_exception()?,
                Exit::Interrupted => self.serve_interrupt()?,
                Exit::Foreign(what) => return Err(Stop::Poisoned(foreign(what))),
            }
            if deadline.has_fired() {
                return Err(self.late(deadline));
            }
        }
    }

    /// Somebody wants the call to end, or to make room for others, or it was a signal that means nothing here.
    fn serve_interrupt(&mut self) -> Result<(), Stop> {
        let Some(abort) = self.abort else { return Ok(()) };
        // First, so that what comes later than what is looked at next ends the next entry.
        self.core.vm.clear_immediate_exit();
        turns::make_room(abort);
        self.check_abort()
    }

    /// An abort that comes later than this look sets `immediate_exit`: whatever the guest does next, it comes back at once.
    fn check_abort(&self) -> Result<(), Stop> {
        match self.abort.and_then(AbortHandle::reason) {
            Some(reason) => Err(Stop::Poisoned(reason)),
            None => Ok(()),
        }
    }

    /// A touch of the closed part of the stack window opens it; every other exception ends the machine.
    fn serve_exception(&mut self) -> Result<(), Stop> {
        let frame = self.core.exception();
        self.core.note_exception();
        if self.stepping && frame.vector == DEBUG {
            return Ok(());
        }
        let state = self.core.vm.state();
        let not_present = frame.error_code & FAULT_PRESENT == 0 && frame.error_code & FAULT_USER != 0;
        if frame.vector == PAGE_FAULT && not_present && self.core.open_stack(state.cr2).map_err(poisoned)? {
            return Ok(());
        }
        Err(Stop::Poisoned(unhandled_exception(&frame, state.cr2)))
    }

    fn serve_host_call(&mut self, report: &Report, deadline: &Deadline) -> Result<(), Stop> {
        self.statistics.host_calls += 1;
        if self.statistics.host_calls > self.limits.host_calls {
            let most = self.limits.host_calls;
            return Err(over_limit(format!("the guest made more than {most} host calls")));
        }
        if report.output_length() > self.limits.output_bytes {
            let (size, most) = (report.output_length(), self.limits.output_bytes);
            return Err(over_limit(format!(
                "the arguments of a host call have {size} bytes, the limit is {most}"
            )));
        }
        self.count_host_bytes(report.output_length())?;
        let arguments = self.copy_out(report, "the arguments of a host call")?;
        let result = self.host.call(report.function_index(), &arguments, deadline.limit());
        self.check_abort()?;
        if deadline.has_passed() {
            return Err(self.late(deadline));
        }
        let mut answer = Answer::default();
        match result {
            Ok(bytes) if bytes.len() as u64 > self.limits.input_bytes => {
                let (size, most) = (bytes.len(), self.limits.input_bytes);
                return Err(over_limit(format!(
                    "a host function returned {size} bytes, the limit is {most}"
                )));
            }
            Ok(bytes) => {
                self.count_host_bytes(bytes.len() as u64)?;
                let end = self.answers - INPUT + bytes.len() as u64;
                if end > AREA_WINDOW {
                    return Err(over_limit(
                        "the input and the answer of a host function do not fit their area".into(),
                    ));
                }
                self.core.open_input(end).map_err(poisoned)?;
                if !self.core.input.write(self.answers, &bytes) {
                    return Err(internal("the input area is not open"));
                }
                answer.set_address(self.answers);
                answer.set_length(bytes.len() as u64);
            }
            Err(code) => answer.set_status(u32::from(code.0)),
        }
        self.core.write_answer(&answer);
        Ok(())
    }

    fn count_host_bytes(&mut self, bytes: u64) -> Result<(), Stop> {
        self.statistics.host_bytes = self.statistics.host_bytes.saturating_add(bytes);
        let most = self.limits.host_bytes;
        if self.statistics.host_bytes <= most {
            return Ok(());
        }
        Err(over_limit(format!("the host calls passed more than {most} bytes in all")))
    }

    fn serve_growth(&mut self, report: &Report) {
        let (address, length) = (report.grow_address(), report.grow_length());
        let mut answer = Answer::default();
        match self.core.grow(address, length, self.limits.output_bytes) {
            Some(end) => {
                answer.set_address(address);
                answer.set_length(end - address);
            }
            None => answer.set_status(u32::from(ErrorCode::Memory.0)),
        }
        self.core.write_answer(&answer);
    }

    /// Hands the records of the outbox to the host.
    fn drain(&mut self, report: &Report, limit: TimeLimit) -> Result<(), Stop> {
        let length = report.outbox_length();
        if length == 0 {
            return Ok(());
        }
        if length > self.core.outbox.length() {
            return Err(bad_reply("its outbox is longer than the area"));
        }
        self.statistics.outbox_bytes += length;
        if self.statistics.outbox_bytes > self.limits.outbox_bytes {
            let most = self.limits.outbox_bytes;
            return Err(over_limit(format!("the guest wrote more than {most} bytes of output and log")));
        }
        let mut copy = vec![0; length as usize];
        let base = self.core.outbox.end() - self.core.outbox.length();
        if !self.core.outbox.read(base, &mut copy) {
            return Err(bad_reply("its outbox is longer than the area"));
        }
        for entry in Entries::new(&copy) {
            self.host.record(entry.map_err(|_| bad_reply("an outbox record is malformed"))?, limit);
        }
        Ok(())
    }

    fn finish(
        &mut self,
        report: &Report,
        exact: bool,
        output: &mut dyn Output,
        overflow: &mut Vec<u8>,
    ) -> Result<usize, Stop> {
        self.statistics.fuel_used = report.fuel_used();
        self.statistics.memory_bytes = report.memory_bytes();
        self.statistics.guest_ticks = report.left_at().wrapping_sub(report.entered_at());
        self.statistics.opened_bytes = self.core.opened_bytes();
        if report.status() != ErrorCode::None.0 {
            let text = self.copy_out(report, "a failure text")?;
            return Err(Stop::Failed(failure(report, &text).map_err(Stop::Poisoned)?));
        }
        let length = report.output_length();
        if length > self.limits.output_bytes {
            let most = self.limits.output_bytes;
            return Err(Stop::Failed(CallError::new(
                ErrorCode::Limit,
                format!("the result has {length} bytes, the limit is {most}"),
            )));
        }
        let length = length as usize;
        let outside = || bad_reply("its result lies outside the output area");
        if let Some(target) = output.room(length) {
            return if self.core.output.read(report.output_address(), target) {
                Ok(length)
            } else {
                Err(outside())
            };
        }
        if exact {
            return Err(Stop::Failed(CallError::no_room(length, output)));
        }
        if !self.core.output.holds(report.output_address(), length as u64) {
            return Err(outside());
        }
        overflow.resize(length, 0);
        if self.core.output.read(report.output_address(), overflow) { Ok(length) } else { Err(outside()) }
    }

    /// Copies what the report points to, after checking that it is open and within the limit.
    fn copy_out(&self, report: &Report, what: &'static str) -> Result<Vec<u8>, Stop> {
        let (address, length) = (report.output_address(), report.output_length());
        if length == 0 {
            return Ok(Vec::new());
        }
        // A failure text fits the area that is open from the start, whatever the limit on results.
        if !self.core.output.holds(address, length) {
            return Err(bad_reply(what));
        }
        let mut bytes = vec![0; length as usize];
        if self.core.output.read(address, &mut bytes) { Ok(bytes) } else { Err(bad_reply(what)) }
    }

    fn abort(&self, report: &Report) -> CallError {
        let text = self.copy_out(report, "an abort message").unwrap_or_default();
        let text = String::from_utf8_lossy(&text[..text.len().min(1024)]).into_owned();
        CallError::new(ErrorCode::BadReply, format!("the guest runtime gave up: {text}"))
    }

    fn late(&self, deadline: &Deadline) -> Stop {
        if deadline.is_out_of_thread_time() {
            let milliseconds = self.limits.cpu_time as f64 / 1e6;
            let message = format!("the call used more than its {milliseconds} ms of processor time");
            let error = CallError { detail: OUT_OF_CPU_TIME, ..CallError::new(ErrorCode::Deadline, message) };
            return Stop::Poisoned(error);
        }
        debug_assert_ne!(self.limits.deadline, NEVER);
        Stop::Poisoned(self.limits.deadline_passed())
    }
}

fn over_limit(message: String) -> Stop {
    Stop::Poisoned(CallError::new(ErrorCode::Limit, message))
}

fn bad_reply(what: &str) -> Stop {
    Stop::Poisoned(CallError::new(
        ErrorCode::BadReply,
        format!("the guest broke the machine's contract: {what}"),
    ))
}

fn internal(what: &str) -> Stop {
    Stop::Poisoned(CallError::new(ErrorCode::Internal, what))
}

fn poisoned(error: crate::error::MachineError) -> Stop {
    Stop::Poisoned(error.into())
}
