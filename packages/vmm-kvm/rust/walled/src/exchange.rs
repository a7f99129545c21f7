//! One request to a worker, up to its reply: host calls and records are served on the way, and counted. A worker that keeps its
//! limits by itself never meets those here; one that was taken over does.

use std::time::Duration;

use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::{self, Entry};
use twinwall_vmm_kvm::{AbortHandle, CallError, Host, Limits, TimeLimit};

use crate::channel::Channel;
use crate::error::{Broken, breach};
use crate::keeper::Worker;
use crate::wire::{BACKTRACE_BYTES, Frame, MESSAGE_BYTES, Reply, decode_reply, kind};

/// What a worker may take to make its machine, on a busy host.
pub(crate) const START_TIME: Duration = Duration::from_secs(30);
/// How much later than its deadline a call may end before its worker is: the worker ends it by itself, if it can.
pub(crate) const GRACE: Duration = Duration::from_secs(1);

/// Bytes of fixed fields of any reply, with room to spare.
const FIELDS: u64 = 256;
/// Longest failure.
pub(crate) const FAILURE: u64 = FIELDS + (MESSAGE_BYTES + BACKTRACE_BYTES) as u64;
/// What a guest may have beside its linear memories: heap, stack, the runtime's own data.
const RUNTIME_BYTES: u64 = 64 << 20;
/// Largest state.
const STATE_BYTES: u64 = 4 << 30;

/// What a call used of its host.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) host_calls: u64,
    pub(crate) host_bytes: u64,
    pub(crate) outbox_bytes: u64,
}

/// A request under way.
pub(crate) struct Exchange<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) host: &'a mut dyn Host,
    pub(crate) abort: Option<&'a AbortHandle>,
    /// When the call must be over.
    pub(crate) limit: TimeLimit,
    pub(crate) counts: Counts,
}

impl<'a> Exchange<'a> {
    /// A request that begins now.
    pub(crate) fn new(limits: &'a Limits, host: &'a mut dyn Host, abort: Option<&'a AbortHandle>) -> Self {
        let limit = TimeLimit::within(limits.deadline);
        Self { limits, host, abort, limit, counts: Counts::default() }
    }

    /// Sends the request, and serves the worker until its reply lies in the channel. The reply may be of the kinds for which
    /// `most` has a length, and must be there `grace` after the limit.
    pub(crate) fn run(
        &mut self,
        channel: &mut Channel,
        request: &[&[u8]],
        grace: Duration,
        most: impl Fn(u32) -> Option<u64>,
    ) -> Result<u32, Broken> {
        let limit = self.limit.extended(grace);
        let shutter = channel.shutter();
        let aborted = self.abort.map(|abort| abort.on_abort(move || shutter.shut())).transpose();
        let _aborted = aborted.map_err(Broken::Ended)?;
        channel.send(request, limit)?;
        let Limits { output_bytes, outbox_bytes, .. } = *self.limits;
        loop {
            let kind = channel.receive(limit, |kind| match kind {
                kind::HOST_CALL => Some(FIELDS.saturating_add(output_bytes)),
                kind::RECORD => Some(FIELDS.saturating_add(outbox_bytes)),
                _ => most(kind),
            })?;
            match kind {
                kind::HOST_CALL | kind::RECORD => self.serve(channel, kind, limit)?,
                _ => return Ok(kind),
            }
        }
    }

    fn serve(&mut self, channel: &Channel, kind: u32, limit: TimeLimit) -> Result<(), Broken> {
        match decode_reply(kind, channel.payload())? {
            Reply::HostCall { function, arguments } => {
                let answer = self.call_host(function, arguments)?;
                let mut frame = Frame::new(kind::ANSWER);
                frame.u32(u32::from(answer.as_ref().err().map_or(ErrorCode::None, |code| *code).0));
                let bytes = answer.as_deref().unwrap_or(&[]);
                channel.send(&[frame.finish(bytes.len()), bytes], limit)
            }
            Reply::Record { kind, function, data } => {
                let size = (outbox::HEAD + data.len()) as u64;
                self.counts.outbox_bytes = self.counts.outbox_bytes.saturating_add(size);
                let most = self.limits.outbox_bytes;
                if self.counts.outbox_bytes > most {
                    return Err(over(format!("the guest wrote more than {most} bytes of output and log")));
                }
                self.host.record(Entry { kind, function, data }, self.limit);
                self.check_abort()
            }
            _ => Err(Broken::Protocol("a frame")),
        }
    }

    fn call_host(&mut self, function: u32, arguments: &[u8]) -> Result<Result<Vec<u8>, ErrorCode>, Broken> {
        self.counts.host_calls += 1;
        let most = self.limits.host_calls;
        if self.counts.host_calls > most {
            return Err(over(format!("the guest made more than {most} host calls")));
        }
        self.count_host_bytes(arguments.len())?;
        let answer = self.host.call(function, arguments, self.limit);
        self.check_abort()?;
        // The worker's deadline is a little later: it may not have passed there.
        if self.limit.has_passed() {
            return Err(Broken::Late);
        }
        if let Ok(bytes) = &answer {
            // Too much of this is for the worker to say, which counts it as well; it gets no further host call.
            let _ = self.count_host_bytes(bytes.len());
        }
        Ok(answer)
    }

    fn count_host_bytes(&mut self, bytes: usize) -> Result<(), Broken> {
        self.counts.host_bytes = self.counts.host_bytes.saturating_add(bytes as u64);
        let most = self.limits.host_bytes;
        if self.counts.host_bytes <= most {
            return Ok(());
        }
        Err(over(format!("the host calls passed more than {most} bytes in all")))
    }

    fn check_abort(&self) -> Result<(), Broken> {
        match self.abort.and_then(AbortHandle::reason) {
            Some(reason) => Err(Broken::Ended(reason)),
            None => Ok(()),
        }
    }
}

/// A limit that the worker did not keep.
fn over(message: String) -> Broken {
    Broken::Ended(CallError::new(ErrorCode::Limit, message))
}

/// Longest end of a call.
pub(crate) fn most_of_done(limits: &Limits) -> impl Fn(u32) -> Option<u64> + use<> {
    let most = FIELDS.saturating_add(limits.output_bytes).max(FAILURE);
    move |kind| (kind == kind::DONE).then_some(most)
}

/// Longest state of an image of so many bytes, or its failure.
pub(crate) fn most_of_state(limits: &Limits, image: u64) -> impl Fn(u32) -> Option<u64> + use<> {
    let memory = limits.memory_bytes.saturating_add(image).saturating_add(RUNTIME_BYTES);
    let most = memory.min(STATE_BYTES) + 8 * FIELDS;
    move |kind| match kind {
        kind::STATE => Some(most),
        kind::FAILED => Some(FAILURE),
        _ => None,
    }
}

/// Waits until a worker's machine, of a state of so many bytes, is ready.
pub(crate) fn expect_ready(worker: &mut Worker, bytes: u64) -> Result<(), CallError> {
    let limit = limit_of(START_TIME + time_for(bytes));
    let received = worker.channel.receive(limit, |kind| match kind {
        kind::READY => Some(0),
        kind::FAILED => Some(FAILURE),
        _ => None,
    });
    match received.and_then(|kind| Ok(decode_reply(kind, worker.channel.payload())?)) {
        Ok(Reply::Ready) => Ok(()),
        Ok(Reply::Failed(error)) => Err(error),
        Ok(_) => Err(breach("a frame")),
        Err(broken) => Err(worker.failure(broken)),
    }
}

/// Asks for a restore; what the worker says of it then lies in the channel.
pub(crate) fn ask_restore(channel: &mut Channel, limit: TimeLimit) -> Result<(), Broken> {
    channel.send(&[Frame::new(kind::RESTORE).finish(0)], limit)?;
    channel.receive(limit, |kind| (kind == kind::RESTORED).then_some(FIELDS))?;
    Ok(())
}

/// What copying so many bytes, some times over, may take at worst.
pub(crate) fn time_for(bytes: u64) -> Duration {
    GRACE + Duration::from_nanos(bytes.saturating_mul(30))
}

/// The limit of something that begins now.
pub(crate) fn limit_of(time: Duration) -> TimeLimit {
    TimeLimit::within(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX))
}
