//! Serving calls.

use alloc::boxed::Box;

use twinwall_abi::{CallKind, GateOperation, Report, Request};
use twinwall_tune::FUEL_PARTS;
use wasmtime::Store;

use crate::boot::{boot, set_fuel};
use crate::calls::{batch, bytes, command, scalar};
use crate::component::{self, ComponentProgram};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::out_area::OutArea;
use crate::platform::Platform;
use crate::program::ModuleProgram;

/// A module or a component that waits for calls.
pub(crate) struct Runtime<P: Platform> {
    pub(crate) store: Store<Guest<P>>,
    pub(crate) program: Program<P>,
    /// Whether it counts fuel.
    pub(crate) fuel: bool,
}

/// What runs.
pub(crate) enum Program<P: Platform> {
    Module(ModuleProgram),
    Component(ComponentProgram<P>),
}

/// A guest as its machine sees it: booted once, then asked for one call after the other. Each step leaves its report in
/// the mailbox, for the exit that the machine makes of its end.
pub struct Server<P: Platform> {
    outcome: Outcome<P>,
}

enum Outcome<P: Platform> {
    Ready(Box<Runtime<P>>),
    /// The boot failed. The host discards the machine; should it enter again, it hears the same.
    Refused(Report),
}

/// Boots from the first request and then serves calls, on a machine whose guest goes on behind its gate. It never
/// returns: the host stops entering.
pub fn run<P: Platform>() -> ! {
    let mut server = Server::<P>::boot();
    loop {
        P::leave();
        server.serve();
    }
}

impl<P: Platform> Server<P> {
    /// Boots the module that the mailbox's request describes.
    pub fn boot() -> Self {
        let mailbox = P::mailbox();
        let request = mailbox.request();
        let entered_at = P::entry_ticks(&request);
        match boot::<P>(&request) {
            Ok(runtime) => {
                let mut runtime = Box::new(runtime);
                let report = runtime.report(&request, entered_at, Ok(()));
                // Last of all: an allocation that opens memory would put another report in its place.
                mailbox.post(GateOperation::Ready, report);
                Self { outcome: Outcome::Ready(runtime) }
            }
            Err(failure) => Self { outcome: refuse::<P>(&request, entered_at, &failure) },
        }
    }

    /// Answers the mailbox's request.
    #[inline]
    pub fn serve(&mut self) {
        let mailbox = P::mailbox();
        mailbox.set_outbox_length(0);
        match &mut self.outcome {
            Outcome::Ready(runtime) => {
                let request = mailbox.request();
                let entered_at = P::entry_ticks(&request);
                let outcome = runtime.call(&request, entered_at);
                let report = runtime.report(&request, entered_at, outcome);
                mailbox.post(GateOperation::Done, report);
            }
            Outcome::Refused(report) => mailbox.post(GateOperation::Ready, *report),
        }
    }
}

impl<P: Platform> Runtime<P> {
    #[inline]
    fn call(&mut self, request: &Request, entered_at: u64) -> Result<(), Failure> {
        self.store.data_mut().begin(request, entered_at);
        if self.fuel {
            set_fuel(&mut self.store, request.fuel())?;
        }
        let store = &mut self.store;
        match (&mut self.program, CallKind(request.kind())) {
            (Program::Module(program), CallKind::Bytes) => bytes::call(store, program, request),
            (Program::Module(program), CallKind::Scalar) => scalar::call(store, program, request),
            (Program::Module(program), CallKind::Batch) => batch::call(store, program, request),
            (Program::Module(program), CallKind::Command) => command::call(store, program, request),
            (Program::Component(program), CallKind::Typed) => component::call(store, program, request),
            (Program::Component(program), CallKind::Command) => component::run(store, program, request),
            (Program::Component(_), CallKind::DropResources) => component::drop_resources(store, request),
            _ => Err(Failure::internal("the program has no calls of this kind")),
        }
    }

    #[inline]
    fn report(&mut self, request: &Request, entered_at: u64, outcome: Result<(), Failure>) -> Report {
        let mut report = Report::default();
        if self.fuel {
            let left = self.store.get_fuel().unwrap_or(0);
            let burned = request.fuel().saturating_mul(FUEL_PARTS).saturating_sub(left);
            report.set_fuel_used(burned.div_ceil(FUEL_PARTS));
        }
        let guest = self.store.data_mut();
        report.set_memory_bytes(guest.limits.used());
        finish::<P>(request, entered_at, outcome.as_ref().err(), &mut guest.out, &mut report);
        report
    }
}

/// Fills in what every report says, and the failure if there was one.
#[inline]
fn finish<P: Platform>(
    request: &Request,
    entered_at: u64,
    failure: Option<&Failure>,
    out: &mut OutArea,
    report: &mut Report,
) {
    if let Some(failure) = failure {
        report.set_status(failure.status.0);
        report.set_detail(failure.detail);
        out.replace::<P>(failure, report);
    }
    report.set_request_id(request.request_id());
    out.report(report);
    report.set_entered_at(entered_at);
    report.set_left_at(P::exit_ticks(entered_at));
}

/// Reports that the boot failed.
#[cold]
fn refuse<P: Platform>(request: &Request, entered_at: u64, failure: &Failure) -> Outcome<P> {
    let mut report = Report::default();
    finish::<P>(request, entered_at, Some(failure), &mut OutArea::of(request), &mut report);
    P::mailbox().post(GateOperation::Ready, report);
    Outcome::Refused(report)
}
