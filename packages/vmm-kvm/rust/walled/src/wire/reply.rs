//! What a worker says. Whoever reads it takes nothing for granted: the worker may have been taken over.

use twinwall_abi::{ErrorCode, RecordKind};
use twinwall_vmm_kvm::{CallError, SAVED_REGISTERS, SavedRun, SavedState, Statistics, Strategy};

use super::{BACKTRACE_BYTES, Fields, Frame, MESSAGE_BYTES, Malformed, kind};

/// Most ranges of memory of a saved state: those of the image, and as many linear memories as there can be.
const MOST_RUNS: u64 = 64;

/// Codes with which a call, a boot or a load of a worker may fail. What the parent alone can say is not among them.
const CODES: [ErrorCode; 18] = [
    ErrorCode::Deadline,
    ErrorCode::Memory,
    ErrorCode::Fuel,
    ErrorCode::Trap,
    ErrorCode::GuestError,
    ErrorCode::HostFunction,
    ErrorCode::Type,
    ErrorCode::BadReply,
    ErrorCode::BadModule,
    ErrorCode::Unsupported,
    ErrorCode::Import,
    ErrorCode::NoFunction,
    ErrorCode::NoMachine,
    ErrorCode::BadSnapshot,
    ErrorCode::Option,
    ErrorCode::Limit,
    ErrorCode::Aborted,
    ErrorCode::Internal,
];

/// The end of a call.
#[derive(Debug)]
pub(crate) struct Done<Outcome> {
    /// Whether the machine must not be used again.
    pub(crate) spent: bool,
    /// Whether it stands at its snapshot.
    pub(crate) clean: bool,
    /// What the worker says of its machine.
    pub(crate) statistics: Statistics,
    /// The output, or why there is none.
    pub(crate) outcome: Outcome,
}

/// A frame of a worker.
#[derive(Debug)]
pub(crate) enum Reply<'a> {
    Hello(u32),
    Ready,
    HostCall { function: u32, arguments: &'a [u8] },
    Record { kind: RecordKind, function: u32, data: &'a [u8] },
    Done(Done<Result<&'a [u8], CallError>>),
    Restored(Done<()>),
    State(SavedState),
    Failed(CallError),
}

const SPENT: u32 = 1;
const CLEAN: u32 = 2;
const LOGGED: u32 = 4;

/// Begins the frame of a call's end in `frame`; the output follows it.
pub(crate) fn encode_done(frame: &mut Frame, done: &Done<Result<(), CallError>>) {
    frame.begin(kind::DONE);
    put_machine(frame, done.spent, done.clean, &done.statistics);
    match &done.outcome {
        Ok(()) => frame.u32(u32::from(ErrorCode::None.0)),
        Err(error) => put_error(frame, error),
    }
}

/// The frame of a restore's end.
pub(crate) fn encode_restored(frame: &mut Frame, done: &Done<()>) {
    frame.begin(kind::RESTORED);
    put_machine(frame, done.spent, done.clean, &done.statistics);
}

/// The frame of a failure to start, or to save.
pub(crate) fn encode_failure(error: &CallError) -> Frame {
    let mut frame = Frame::new(kind::FAILED);
    put_error(&mut frame, error);
    frame
}

/// Begins the frame of a state; the memory follows it, run after run.
pub(crate) fn encode_state(state: &SavedState) -> Frame {
    let mut frame = Frame::new(kind::STATE);
    state.registers.iter().for_each(|register| frame.u64(*register));
    frame.u64(state.runs.len() as u64);
    for run in &state.runs {
        frame.u64(run.address);
        frame.u64(run.bytes.len() as u64);
    }
    frame
}

/// Reads a frame of a worker.
pub(crate) fn decode_reply(kind: u32, payload: &[u8]) -> Result<Reply<'_>, Malformed> {
    let mut fields = Fields(payload);
    Ok(match kind {
        kind::HELLO => {
            let version = fields.u32()?;
            fields.end()?;
            Reply::Hello(version)
        }
        kind::READY => {
            fields.end()?;
            Reply::Ready
        }
        kind::HOST_CALL => Reply::HostCall { function: fields.u32()?, arguments: fields.rest() },
        kind::RECORD => {
            let kind = take_record_kind(&mut fields)?;
            Reply::Record { kind, function: fields.u32()?, data: fields.rest() }
        }
        kind::DONE => {
            let Done { spent, clean, statistics, .. } = take_machine(&mut fields)?;
            let outcome = match take_code(&mut fields)? {
                ErrorCode::None => Ok(fields.rest()),
                code => Err(take_error(code, fields)?),
            };
            Reply::Done(Done { spent, clean, statistics, outcome })
        }
        kind::RESTORED => {
            let done = take_machine(&mut fields)?;
            fields.end()?;
            Reply::Restored(done)
        }
        kind::STATE => Reply::State(take_state(fields)?),
        kind::FAILED => {
            let code = take_code(&mut fields)?;
            if code == ErrorCode::None {
                return Err(Malformed("a failure without a code"));
            }
            Reply::Failed(take_error(code, fields)?)
        }
        _ => return Err(Malformed("a kind of frame")),
    })
}

fn take_record_kind(fields: &mut Fields<'_>) -> Result<RecordKind, Malformed> {
    let number = fields.u32()?;
    let known = [RecordKind::Stdout, RecordKind::Stderr, RecordKind::HostCall];
    let found = known.into_iter().find(|kind| u32::from(kind.0) == number);
    found.ok_or(Malformed("a kind of record"))
}

fn put_error(frame: &mut Frame, error: &CallError) {
    let message = cut(&error.message, MESSAGE_BYTES);
    let backtrace = cut(&error.backtrace, BACKTRACE_BYTES);
    frame.u32(u32::from(error.code.0));
    frame.u32(error.detail as u32);
    frame.u32(message.len() as u32);
    frame.bytes(message.as_bytes());
    frame.bytes(backtrace.as_bytes());
}

fn cut(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

fn take_code(fields: &mut Fields<'_>) -> Result<ErrorCode, Malformed> {
    let number = fields.u32()?;
    let known = CODES.into_iter().chain([ErrorCode::None]);
    known.into_iter().find(|code| u32::from(code.0) == number).ok_or(Malformed("an error code"))
}

fn take_error(code: ErrorCode, mut fields: Fields<'_>) -> Result<CallError, Malformed> {
    let detail = fields.u32()? as i32;
    let length = fields.u32()?;
    let message = fields.counted(u64::from(length))?;
    let backtrace = fields.rest();
    if message.len() > MESSAGE_BYTES || backtrace.len() > BACKTRACE_BYTES {
        return Err(Malformed("the length of a text"));
    }
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    Ok(CallError { code, detail, message: text(message), backtrace: text(backtrace) })
}

fn put_machine(frame: &mut Frame, spent: bool, clean: bool, statistics: &Statistics) {
    let logged = statistics.strategy == Strategy::DirtyLog;
    let flags = [(spent, SPENT), (clean, CLEAN), (logged, LOGGED)];
    frame.u32(flags.iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).sum());
    for figure in [
        statistics.exits,
        statistics.host_calls,
        statistics.host_bytes,
        statistics.outbox_bytes,
        statistics.cpu_time,
        statistics.fuel_used,
        statistics.memory_bytes,
        statistics.guest_ticks,
        statistics.restored_bytes,
        statistics.opened_bytes,
    ] {
        frame.u64(figure);
    }
}

fn take_machine(fields: &mut Fields<'_>) -> Result<Done<()>, Malformed> {
    let flags = fields.u32()?;
    if flags & !(SPENT | CLEAN | LOGGED) != 0 {
        return Err(Malformed("a flag"));
    }
    let statistics = Statistics {
        exits: fields.u64()?,
        host_calls: fields.u64()?,
        host_bytes: fields.u64()?,
        outbox_bytes: fields.u64()?,
        cpu_time: fields.u64()?,
        fuel_used: fields.u64()?,
        memory_bytes: fields.u64()?,
        guest_ticks: fields.u64()?,
        restored_bytes: fields.u64()?,
        opened_bytes: fields.u64()?,
        strategy: if flags & LOGGED == 0 { Strategy::Copy } else { Strategy::DirtyLog },
        ..Statistics::default()
    };
    Ok(Done { spent: flags & SPENT != 0, clean: flags & CLEAN != 0, statistics, outcome: () })
}

/// A state whose memory is all there. What it means is checked by `SavedState::check`.
fn take_state(mut fields: Fields<'_>) -> Result<SavedState, Malformed> {
    let mut registers = [0; SAVED_REGISTERS];
    for register in &mut registers {
        *register = fields.u64()?;
    }
    let count = fields.u64()?;
    if count > MOST_RUNS {
        return Err(Malformed("the number of a state's ranges"));
    }
    let ranges = (0..count).map(|_| Ok((fields.u64()?, fields.u64()?)));
    let ranges = ranges.collect::<Result<Vec<_>, Malformed>>()?;
    let mut runs = Vec::with_capacity(ranges.len());
    for (address, length) in ranges {
        runs.push(SavedRun { address, bytes: fields.counted(length)?.to_vec() });
    }
    fields.end()?;
    Ok(SavedState { registers, runs })
}
