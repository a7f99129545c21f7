//! A machine on a thread of its own, whose host calls come back to the worker that owns the connection.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use twinwall_host::{
    BytesFunction, CallError, CallLink, Courier, ErrorCode, HostMessage, Instance, MachineError, RemoteHost,
};

use super::input::Input;
use crate::envoy::Scheduler;

/// The exit loop needs little of it, and no guest can make it need more.
const STACK_BYTES: usize = 512 << 10;

/// Messages from a machine's thread to the worker, which is woken for them.
#[derive(Debug)]
pub(crate) struct Mailbox {
    messages: Mutex<VecDeque<Message>>,
    scheduler: Scheduler,
}

/// A message to the worker.
#[derive(Debug)]
pub(crate) enum Message {
    /// A host call or a record.
    Host(HostMessage),
    /// The call is over: its result, in bytes of its own.
    Over(Result<Vec<u8>, CallError>),
}

impl Mailbox {
    /// An empty one.
    pub(crate) fn new(scheduler: Scheduler) -> Self {
        Self { messages: Mutex::default(), scheduler }
    }

    fn put(&self, message: Message) {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).push_back(message);
        self.scheduler.commit();
    }

    /// The oldest message.
    pub(crate) fn take(&self) -> Option<Message> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Work for the thread.
enum Job {
    Call { input: Input, keep: bool, mailbox: Arc<Mailbox>, link: CallLink },
    Finish,
}

/// The thread, as the worker sees it.
#[derive(Debug)]
pub(crate) struct MachineThread {
    /// Absent only while the value is dropped.
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// Of the call in progress.
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

    /// Starts a call; it ends with [`Message::Over`] in `mailbox`.
    pub(crate) fn call(&mut self, input: Input, keep: bool, mailbox: &Arc<Mailbox>) -> CallLink {
        let link = CallLink::new();
        self.link = Some(link.clone());
        let job = Job::Call { input, keep, mailbox: Arc::clone(mailbox), link: link.clone() };
        if self.jobs.as_ref().is_none_or(|jobs| jobs.send(job).is_err()) {
            mailbox.put(Message::Over(Err(CallError::new(
                ErrorCode::Internal,
                "the machine's thread has ended",
            ))));
        }
        link
    }

    /// Takes note that the call is over.
    pub(crate) fn over(&mut self) {
        self.link = None;
    }

    /// Ends the session. False while a call is in progress.
    pub(crate) fn finish(&mut self) -> bool {
        self.link.is_none() && self.jobs.as_ref().is_some_and(|jobs| jobs.send(Job::Finish).is_ok())
    }
}

impl Drop for MachineThread {
    /// Ends the call in progress and waits for the thread, which is a matter of microseconds: no thread may run in a
    /// module that Envoy unloads.
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(link) = self.link.take() {
            link.abort_handle().abort(CallError::new(ErrorCode::Aborted, "the connection is gone"));
        }
        if let Some(thread) = self.thread.take() {
            // A panic there has ended its call with an error, and is no reason for another here.
            let _ = thread.join();
        }
    }
}

fn serve(mut instance: Instance, on_data: BytesFunction, work: &Receiver<Job>) {
    while let Ok(job) = work.recv() {
        match job {
            Job::Finish => instance.finish(),
            Job::Call { input, keep, mailbox, link } => {
                // Whatever happens below, the worker hears of an end.
                let mut over = Over { mailbox: &mailbox, result: None };
                let mut output = Vec::new();
                let mut host = RemoteHost::new(ToWorker(Arc::clone(&mailbox)), link.clone());
                let outcome = instance.call_bytes_abortable(
                    on_data,
                    input.whole(),
                    keep,
                    &mut host,
                    &mut output,
                    link.abort_handle(),
                );
                over.result = Some(outcome.map(|length| {
                    output.truncate(length);
                    output
                }));
            }
        }
    }
}

/// Sends the end of a call, also when a panic unwinds through it.
struct Over<'a> {
    mailbox: &'a Mailbox,
    result: Option<Result<Vec<u8>, CallError>>,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        let panicked = || Err(CallError::new(ErrorCode::Internal, "the machine's thread panicked"));
        self.mailbox.put(Message::Over(self.result.take().unwrap_or_else(panicked)));
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
