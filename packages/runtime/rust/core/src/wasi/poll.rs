//! `poll_oneoff`.

use super::WasiHost;
use super::clock::Clock;
use super::descriptors::Object;
use super::errno::Errno;
use super::failure::Failure;
use super::memory::Memory;
use super::rights;
use super::state::WasiState;
use super::streams::rest;

const SUBSCRIPTION_BYTES: u32 = 48;
const EVENT_BYTES: u32 = 32;

/// The timeout of a clock subscription is a time of its clock, not a duration.
const ABSOLUTE_TIME: u16 = 1;

/// The other end of a stream is closed.
const HANGUP: u16 = 1;

/// What a subscription waits for.
#[derive(Clone, Copy)]
enum Subject {
    Clock { id: u32, timeout: u64, flags: u16 },
    Read(u32),
    Write(u32),
}

#[derive(Clone, Copy)]
struct Subscription {
    userdata: u64,
    subject: Subject,
}

impl Subscription {
    fn read(memory: &Memory<'_>, pointer: u32) -> Result<Self, Errno> {
        // The caller has checked that 48 bytes lie here, so no sum overflows.
        let subject = match memory.read_u8(pointer + 8)? {
            0 => Subject::Clock {
                id: memory.read_u32(pointer + 16)?,
                timeout: memory.read_u64(pointer + 24)?,
                flags: memory.read_u16(pointer + 40)?,
            },
            1 => Subject::Read(memory.read_u32(pointer + 16)?),
            2 => Subject::Write(memory.read_u32(pointer + 16)?),
            _ => return Err(Errno::Invalid),
        };
        Ok(Self { userdata: memory.read_u64(pointer)?, subject })
    }
}

/// When a subscription is due.
#[derive(Clone, Copy)]
enum Due {
    /// Now: with how many bytes to read or write, and which flags; or with an error.
    Now(Result<(u64, u16), Errno>),
    /// At a time of the monotonic clock.
    At(u64),
}

/// Waits until the first subscription is due and reports all that are.
///
/// Descriptors never block here, so only subscriptions to clocks alone wait at all.
pub(super) fn poll_oneoff<H: WasiHost>(
    host: &mut H,
    memory: &mut Memory<'_>,
    input: u32,
    output: u32,
    nsubscriptions: u32,
    nevents: u32,
) -> Result<(), Failure> {
    if nsubscriptions == 0 {
        return Err(Errno::Invalid.into());
    }
    let input_bytes = nsubscriptions.checked_mul(SUBSCRIPTION_BYTES).ok_or(Errno::Fault)?;
    memory.check(input, input_bytes)?;
    memory.check(output, nsubscriptions * EVENT_BYTES)?;
    memory.check(nevents, 4)?;
    let tables = Tables { input, output, nsubscriptions };
    let started = Moment { monotonic: Clock::Monotonic.now(host), realtime: Clock::Realtime.now(host) };
    if let Some(first) = first_due(host.wasi(), memory, tables, started)? {
        host.wait_until(first)?;
    }
    let now = Clock::Monotonic.now(host);
    let count = report(host.wasi(), memory, tables, started, now)?;
    Ok(memory.write_u32(nevents, count)?)
}

/// What the clocks showed when the program asked.
#[derive(Clone, Copy)]
struct Moment {
    monotonic: u64,
    realtime: u64,
}

/// Where subscriptions lie and events go; checked against memory.
#[derive(Clone, Copy)]
struct Tables {
    input: u32,
    output: u32,
    nsubscriptions: u32,
}

/// The earliest time that a subscription waits for; none when one is due already.
fn first_due(
    state: &WasiState,
    memory: &Memory<'_>,
    tables: Tables,
    started: Moment,
) -> Result<Option<u64>, Errno> {
    let mut first = None;
    let mut ready = false;
    for index in 0..tables.nsubscriptions {
        let subscription = Subscription::read(memory, tables.input + index * SUBSCRIPTION_BYTES)?;
        match due(state, subscription.subject, started) {
            Due::Now(_) => ready = true,
            Due::At(time) => first = Some(first.map_or(time, |first: u64| first.min(time))),
        }
    }
    Ok(if ready { None } else { first })
}

/// Writes an event for each subscription that is due at `now`; returns how many.
fn report(
    state: &WasiState,
    memory: &mut Memory<'_>,
    tables: Tables,
    started: Moment,
    now: u64,
) -> Result<u32, Errno> {
    let mut count = 0;
    for index in 0..tables.nsubscriptions {
        let subscription = Subscription::read(memory, tables.input + index * SUBSCRIPTION_BYTES)?;
        let outcome = match due(state, subscription.subject, started) {
            Due::Now(outcome) => outcome,
            Due::At(time) if time <= now => Ok((0, 0)),
            Due::At(_) => continue,
        };
        let event = event(subscription, outcome);
        memory.write(tables.output + count * EVENT_BYTES, &event)?;
        count += 1;
    }
    Ok(count)
}

fn due(state: &WasiState, subject: Subject, started: Moment) -> Due {
    match subject {
        Subject::Clock { id, timeout, flags } => match clock_due(id, timeout, flags, started) {
            Ok(time) => Due::At(time),
            Err(errno) => Due::Now(Err(errno)),
        },
        Subject::Read(fd) => Due::Now(readable(state, fd)),
        Subject::Write(fd) => Due::Now(writable(state, fd)),
    }
}

/// The time of the monotonic clock at which a clock subscription is due.
fn clock_due(id: u32, timeout: u64, flags: u16, started: Moment) -> Result<u64, Errno> {
    let clock = Clock::new(id)?;
    if flags & !ABSOLUTE_TIME != 0 {
        return Err(Errno::Invalid);
    }
    let absolute = flags & ABSOLUTE_TIME != 0;
    Ok(match clock {
        Clock::Monotonic if absolute => timeout,
        Clock::Realtime if absolute => {
            started.monotonic.saturating_add(timeout.saturating_sub(started.realtime))
        }
        _ => started.monotonic.saturating_add(timeout),
    })
}

fn readable(state: &WasiState, fd: u32) -> Result<(u64, u16), Errno> {
    let descriptor = state.descriptors.get(fd)?;
    descriptor.require_open_for(rights::FD_READ)?;
    descriptor.require(rights::POLL_FD_READWRITE)?;
    match descriptor.object {
        Object::Stdin => {
            let rest = state.stdin_rest().len() as u64;
            Ok((rest, if rest == 0 { HANGUP } else { 0 }))
        }
        Object::File { contents, position, .. } => Ok((rest(contents, position).len() as u64, 0)),
        Object::Output(_) | Object::Directory { .. } => Err(Errno::BadDescriptor),
    }
}

/// Output streams take any amount; 64 KiB is what a pipe has room for.
fn writable(state: &WasiState, fd: u32) -> Result<(u64, u16), Errno> {
    let descriptor = state.descriptors.get(fd)?;
    descriptor.require_open_for(rights::FD_WRITE)?;
    descriptor.require(rights::POLL_FD_READWRITE)?;
    Ok((64 << 10, 0))
}

fn event(subscription: Subscription, outcome: Result<(u64, u16), Errno>) -> [u8; EVENT_BYTES as usize] {
    let (errno, (bytes, flags)) = match outcome {
        Ok(ready) => (0, ready),
        Err(errno) => (errno as u16, (0, 0)),
    };
    let kind = match subscription.subject {
        Subject::Clock { .. } => 0,
        Subject::Read(_) => 1,
        Subject::Write(_) => 2,
    };
    let mut event = [0; EVENT_BYTES as usize];
    event[0..8].copy_from_slice(&subscription.userdata.to_le_bytes());
    event[8..10].copy_from_slice(&errno.to_le_bytes());
    event[10] = kind;
    event[16..24].copy_from_slice(&bytes.to_le_bytes());
    event[24..26].copy_from_slice(&flags.to_le_bytes());
    event
}
