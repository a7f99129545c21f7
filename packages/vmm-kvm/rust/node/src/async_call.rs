//! Calls on a thread of their own: how they start, what the event loop does for their guests, how they end.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::{Either3, FnArgs, FunctionRef, ToNapiValue, Uint8Array, Uint8ArraySlice};
use napi::{Env, sys};
use twinwall_abi::ErrorCode;
use twinwall_vmm_kvm::{
    CallError, CallLink, Courier, HostMessage, Limits, NoHost, RemoteHost, Statistics, Turn,
};

use crate::async_restore::{Farewell, Handover, Returned, collect, come_back, put_back};
use crate::entry::{call_of, restores_after};
use crate::event_loop::{Event, EventLoop, Post};
use crate::host::{Scope, error_code};
use crate::machine::Inner;
use crate::walls::Machine;

/// What the function that a call was started with is told, and the three values that go with it.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Told {
    /// Kind of record, function, data.
    Record = 0,
    /// Number of the host call, function, arguments. Returns the answer, or nothing when it comes later.
    HostCall = 1,
    /// Status, 0, output. The machine is free again.
    Done = 2,
    /// The same, but the machine is being put back to its snapshot yet.
    Reply = 3,
    /// Whether that took a new virtual machine (1 or 0), or a negative error code. The machine is free again.
    Restored = 4,
}

/// `(what, number, function, data) => result bytes, a negative error code, or undefined`.
pub(crate) type Deliver =
    FunctionRef<FnArgs<(u32, f64, u32, Bytes)>, Either3<Uint8ArraySlice<'static>, i32, ()>>;

/// Bytes for JavaScript, as a `Uint8Array`.
pub struct Bytes(Vec<u8>);

/// Most bytes that are copied: that costs less than memory of ours which the engine has to give back.
const MOST_COPIED: usize = 4096;

impl ToNapiValue for Bytes {
    unsafe fn to_napi_value(env: sys::napi_env, Self(bytes): Self) -> napi::Result<sys::napi_value> {
        // SAFETY: `env` is the environment that the value is for, as the caller vouches.
        unsafe {
            if bytes.len() > MOST_COPIED {
                return Uint8Array::to_napi_value(env, Uint8Array::new(bytes));
            }
            let copy = Uint8ArraySlice::copy_from(&Env::from_raw(env), &bytes)?;
            Uint8ArraySlice::to_napi_value(env, copy)
        }
    }
}

/// What is here of a machine while its call or restore runs elsewhere.
pub(crate) struct Away {
    pub(crate) call: u64,
    link: CallLink,
    deliver: Deliver,
    /// Figures from before the call, or of the call when its machine is being restored.
    statistics: Statistics,
    /// Limits for the calls behind this one.
    pub(crate) limits: Option<Limits>,
    /// Where the machine will be left, once nothing is wanted of it but its restore.
    pub(crate) restoring: Option<Arc<Handover>>,
    /// What becomes of the machine when it comes back, if it was closed since.
    pub(crate) closed: Option<Farewell>,
}

/// What comes back of a call.
pub(crate) struct Reply {
    outcome: Result<usize, CallError>,
    output: Vec<u8>,
    statistics: Statistics,
    /// Where the machine will be left, if it is restored behind the reply.
    restoring: Option<Arc<Handover>>,
}

impl Away {
    pub(crate) fn new(call: u64, link: CallLink, deliver: Deliver, statistics: Statistics) -> Self {
        Self { call, link, deliver, statistics, limits: None, restoring: None, closed: None }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    pub(crate) fn is_restoring(&self) -> bool {
        self.restoring.is_some()
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.statistics
    }

    pub(crate) fn configure(&mut self, limits: Limits) {
        self.limits = Some(limits);
    }

    /// Ends the call; the machine does not come back to JavaScript.
    pub(crate) fn close(&mut self, farewell: Farewell) {
        self.closed.get_or_insert(farewell);
        self.abort(ErrorCode::Disposed, "the machine was closed while its call ran");
    }

    /// Ends the call if it is the one of that number.
    pub(crate) fn end(&self, call: u64, code: ErrorCode) {
        if self.call == call {
            self.abort(code, "the call was ended by its caller");
        }
    }

    /// Answers a host call of the call of that number.
    pub(crate) fn answer(&self, call: u64, host_call: u64, answer: Result<Vec<u8>, ErrorCode>) {
        if self.call == call {
            self.link.answer(host_call, answer);
        }
    }

    pub(crate) fn abort(&self, code: ErrorCode, message: &str) {
        self.link.abort_handle().abort(CallError::new(code, message));
    }
}

/// Takes what the guest wants to the event loop.
struct ToEventLoop {
    post: Arc<Post>,
    call: u64,
}

impl Courier for ToEventLoop {
    fn deliver(&mut self, message: HostMessage) -> bool {
        self.post.send(self.call, Event::Guest(message))
    }
}

/// Starts a call; returns its number.
pub(crate) fn start(
    env: &Env,
    inner: &Rc<Inner>,
    operation: u64,
    input: &[u8],
    deliver: Deliver,
) -> Result<u64, CallError> {
    let call = call_of(operation, input);
    inner.with(|machine| {
        // A call that is refused in any case is refused here, before its input is copied.
        let refused = input.len() as u64 > machine.limits().input_bytes;
        if refused { machine.call(&call, &mut NoHost, &mut Vec::new()).map(drop) } else { Ok(()) }
    })??;
    let failed = |error: napi::Error| CallError::new(ErrorCode::Internal, error.reason.to_string());
    let event_loop = EventLoop::of(env).map_err(failed)?;
    let seat = event_loop.crew.seat()?;
    let machine = inner.lend()?;
    let (number, link) = (event_loop.enter(inner), CallLink::new());
    inner.leave(Away::new(number, link.clone(), deliver, machine.statistics()));
    let post = Arc::clone(&event_loop.post);
    let takes_turns = machine.is_here();
    let handle = link.abort_handle().clone();
    let work = Work { number, machine, operation, input: input.to_vec(), link, post };
    let start = move |turn| {
        let post = Arc::clone(&work.post);
        // Where the environment has ended, this gives the machine back.
        seat.run(
            || work.run(turn),
            move |event| {
                post.send(number, event);
            },
        );
    };
    // A worker process cannot be made to leave its guest for a while: it is the kernel that gives those their turns.
    if takes_turns {
        Turn::start(&handle, |turn| start(Some(turn)))
    } else {
        start(None)
    }
    Ok(number)
}

/// A call for a thread of its own.
struct Work {
    number: u64,
    machine: Machine,
    operation: u64,
    input: Vec<u8>,
    link: CallLink,
    post: Arc<Post>,
}

impl Work {
    /// Makes the call, sends its reply where a restore comes behind it, and returns what there is to send then. The turn is
    /// held until the machine is restored.
    fn run(self, _turn: Option<Turn>) -> Event {
        let Self { number, mut machine, operation, input, link, post } = self;
        let call = call_of(operation, &input);
        let mut output = Vec::new();
        let courier = ToEventLoop { post: Arc::clone(&post), call: number };
        let mut host = RemoteHost::new(courier, link.clone());
        let run = || machine.call_abortable(&call, &mut host, &mut output, link.abort_handle());
        let outcome = catch_unwind(AssertUnwindSafe(run))
            .unwrap_or_else(|_| Err(CallError::new(ErrorCode::Internal, "the machine's driver panicked")));
        let handover = Arc::new(Handover::default());
        let after = restores_after(operation);
        let restoring = after.then(|| Arc::clone(&handover));
        let reply = Reply { outcome, output, statistics: machine.statistics(), restoring };
        if !after {
            handover.leave(Returned { machine, outcome: Ok(false) });
            return Event::Done(Box::new(reply), handover);
        }
        post.send(number, Event::Reply(Box::new(reply)));
        let outcome = put_back(&mut machine, false);
        handover.leave(Returned { machine, outcome });
        Event::Restored
    }
}

/// Does what the thread of a call has sent.
pub(crate) fn serve(env: &Env, event_loop: &EventLoop, call: u64, event: Event) {
    let _scope = Scope::open(env);
    let Some(inner) = event_loop.machine(call) else { return };
    match event {
        Event::Guest(message) => {
            // A copy: the function may do with the machine what it likes.
            let Some(link) = inner.away(|away| away.link.clone()) else { return };
            // What waits here of a call that was ended since is nobody's any more.
            if link.abort_handle().reason().is_some() {
                return;
            }
            match message {
                HostMessage::Record(record) => {
                    let kind = f64::from(record.kind.0);
                    tell(env, &inner, Told::Record, kind, record.function, record.data);
                }
                HostMessage::Call { id, function, arguments } => {
                    let answer = tell(env, &inner, Told::HostCall, id as f64, function, arguments);
                    if let Some(answer) = answer {
                        link.answer(id, answer);
                    }
                }
            }
        }
        Event::Done(reply, handover) => {
            event_loop.leave(call);
            let machine = handover.take().machine;
            let deliver = inner.deliver(env);
            let (status, output) = inner.note(*reply);
            come_back(env, &inner, machine);
            call_back(deliver, Told::Done, status, output);
        }
        Event::Reply(reply) => {
            let deliver = inner.deliver(env);
            let (status, output) = inner.note(*reply);
            call_back(deliver, Told::Reply, status, output);
        }
        Event::Restored => {
            collect(env, &inner);
        }
    }
}

/// The function that a call or restore was started with, for what it is told last: the machine must be free by then.
pub(crate) type Callback<'env> = napi::bindgen_prelude::Function<
    'env,
    FnArgs<(u32, f64, u32, Bytes)>,
    Either3<Uint8ArraySlice<'static>, i32, ()>,
>;

pub(crate) fn call_back(deliver: Option<Callback<'_>>, what: Told, number: f64, data: Vec<u8>) {
    if let Some(deliver) = deliver {
        // What it throws concerns nobody here.
        let _ = deliver.call(FnArgs::from((what as u32, number, 0, Bytes(data))));
    }
}

/// Calls the function that the call was started with. Returns the answer, if it gave one.
fn tell(
    env: &Env,
    inner: &Inner,
    what: Told,
    number: f64,
    function: u32,
    data: Vec<u8>,
) -> Option<Result<Vec<u8>, ErrorCode>> {
    let deliver = inner.away(|away| away.deliver.borrow_back(env))?;
    let arguments = FnArgs::from((what as u32, number, function, Bytes(data)));
    match deliver.and_then(|deliver| deliver.call(arguments)) {
        Ok(Either3::A(bytes)) => Some(Ok(bytes.to_vec())),
        Ok(Either3::B(code)) => Some(Err(error_code(code))),
        Ok(Either3::C(())) => None,
        Err(_) => Some(Err(ErrorCode::HostFunction)),
    }
}

impl Inner {
    /// Takes note of a call that runs elsewhere.
    pub(crate) fn leave(&self, away: Away) {
        *self.away.borrow_mut() = Some(away);
    }

    /// Looks at the call that runs elsewhere, if there is one.
    pub(crate) fn away<Value>(&self, look: impl FnOnce(&mut Away) -> Value) -> Option<Value> {
        self.away.borrow_mut().as_mut().map(look)
    }

    /// The function that the call was started with.
    pub(crate) fn deliver<'env>(&self, env: &'env Env) -> Option<Callback<'env>> {
        self.away(|away| away.deliver.borrow_back(env))?.ok()
    }

    /// Takes note of how a call ended; returns its status and output.
    fn note(&self, reply: Reply) -> (f64, Vec<u8>) {
        let Reply { outcome, output, statistics, restoring } = reply;
        self.away(|away| {
            away.statistics = statistics;
            away.restoring = restoring;
        });
        match outcome {
            Ok(length) => (length as f64, output),
            Err(error) => (f64::from(self.fail(error)), Vec::new()),
        }
    }

    /// The environment of the machine ends: so does its call.
    pub(crate) fn abandon(&self) {
        if let Some(away) = self.away.take() {
            away.abort(ErrorCode::Disposed, "the environment of the call has ended");
        }
    }
}
