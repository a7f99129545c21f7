//! A machine on a thread of its own, whose host calls come back to the worker that owns the connection.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Instant;

use twinwall_abi::connection::{BadFlags, MAX_CHUNK_BYTES, Passed, chunk_flags};
use twinwall_host::{
    BytesFunction, CallError, CallLink, Courier, ErrorCode, HostMessage, Instance, Limits, MachineError,
    RemoteHost,
};

use super::event::{bad_result, remaining};
use super::input::Input;
use super::mailbox::{Mailbox, Message};
use crate::envoy::Direction;

/// The exit loop needs little of it, and no guest can make it need more.
const STACK_BYTES: usize = 512 << 10;

/// What comes of one event: its data, in pieces.
pub(crate) struct Task {
    pub(crate) direction: Direction,
    pub(crate) data: Vec<u8>,
    pub(crate) end_of_stream: bool,
    /// The guest keeps its state.
    pub(crate) keep: bool,
    /// All pieces together have its deadline.
    pub(crate) limits: Limits,
}

/// Work for the thread.
enum Job {
    Run {
        task: Task,
        link: CallLink,
        over: Over,
    },
    /// The session ends.
    Finish,
}

/// The thread, as others see it.
#[derive(Debug)]
pub(crate) struct MachineThread {
    /// Absent only while the value is dropped.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Of the task in progress.
    link: Option<CallLink>,
}

impl MachineThread {
    /// Gives `instance` a thread.
    pub(crate) fn start(instance: Instance, on_data: BytesFunction) -> Result<Self, CallError> {
        let (jobs, work) = channel();
        let thread = Builder::new()
            .name("twinwall".into())
            .stack_size(STACK_BYTES)
            .spawn(move || serve(instance, on_data, &work))
            .map_err(MachineError::Thread)?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread), link: None })
    }

    /// Starts a task; it ends with [`Message::Over`] in `mailbox`, whatever happens.
    pub(crate) fn run(&mut self, task: Task, mailbox: &Arc<Mailbox>) -> CallLink {
        let link = CallLink::new();
        self.link = Some(link.clone());
        let over = Over { mailbox: Arc::clone(mailbox), result: None };
        // A thread that has ended drops the job, and that is an end too.
        self.send(Job::Run { task, link: link.clone(), over });
        link
    }

    /// Takes note that the task is over.
    pub(crate) fn over(&mut self) {
        self.link = None;
    }

    /// Ends the task in progress and the session: what comes next starts anew. False when the thread has ended. It does not
    /// wait, and need not: the thread does one thing after the other.
    pub(crate) fn reset(&mut self) -> bool {
        self.abort();
        self.send(Job::Finish)
    }

    fn abort(&mut self) {
        if let Some(link) = self.link.take() {
            link.abort_handle().abort(CallError::new(ErrorCode::Aborted, "the connection is gone"));
        }
    }

    fn send(&self, job: Job) -> bool {
        self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok())
    }
}

impl Drop for MachineThread {
    /// Ends the task in progress and waits for the thread, which has its virtual machine to take apart: no thread may run
    /// in a module that Envoy unloads.
    fn drop(&mut self) {
        self.jobs = None;
        self.abort();
        if let Some(thread) = self.thread.take() {
            // A panic there has ended its task with an error, and is no reason for another here.
            let _ = thread.join();
        }
    }
}

fn serve(mut instance: Instance, on_data: BytesFunction, work: &Receiver<Job>) {
    while let Ok(job) = work.recv() {
        match job {
            Job::Finish => {
                instance.finish();
                // Where that fails, the next call says why.
                let _ = instance.renew();
            }
            Job::Run { task, link, mut over } => {
                let result = run(&mut instance, on_data, &task, &link, &over.mailbox);
                over.result = Some(result);
            }
        }
    }
}

/// Hands the guest a task's data piece by piece.
fn run(
    instance: &mut Instance,
    on_data: BytesFunction,
    task: &Task,
    link: &CallLink,
    mailbox: &Arc<Mailbox>,
) -> Result<(), CallError> {
    let begun = Instant::now();
    let towards_client = task.direction == Direction::Write;
    let pieces = task.data.len().div_ceil(MAX_CHUNK_BYTES).max(1);
    let mut input = Input::default();
    for number in 0..pieces {
        let rest = task.data.get(number * MAX_CHUNK_BYTES..).unwrap_or_default();
        let piece = &rest[..rest.len().min(MAX_CHUNK_BYTES)];
        input.begin(piece.len()).extend_from_slice(piece);
        input.set_flags(chunk_flags(towards_client, task.end_of_stream && number + 1 == pieces));
        instance.configure(remaining(&task.limits, begun)?);
        let mut output = Vec::new();
        let mut host = RemoteHost::new(ToWorker(Arc::clone(mailbox)), link.clone());
        instance.call_bytes_abortable(
            on_data,
            input.whole(),
            task.keep,
            &mut host,
            &mut output,
            link.abort_handle(),
        )?;
        let close = Passed::read(&output).map_err(|BadFlags| bad_result())?.close;
        mailbox.put(Message::Piece(output));
        if close {
            break;
        }
    }
    Ok(())
}

/// Sends the end of a task, also when a panic unwinds through it, or when nobody is there to run it.
struct Over {
    mailbox: Arc<Mailbox>,
    result: Option<Result<(), CallError>>,
}

impl Drop for Over {
    fn drop(&mut self) {
        let ended = || Err(CallError::new(ErrorCode::Internal, "the machine's thread has ended"));
        self.mailbox.put(Message::Over(self.result.take().unwrap_or_else(ended)));
    }
}

/// Takes host calls to the worker.
struct ToWorker(Arc<Mailbox>);

impl Courier for ToWorker {
    fn deliver(&mut self, message: HostMessage) -> bool {
        self.0.put(Message::Host(message));
        true
    }
}
