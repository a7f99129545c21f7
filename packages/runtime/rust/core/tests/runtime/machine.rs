//! The host's side of a test machine: a small, honest twin of the real one.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use twinwall_abi::mailbox::{ANSWER_OFFSET, REPORT_OFFSET, REQUEST_OFFSET};
use twinwall_abi::outbox::{Entries, Entry};
use twinwall_abi::{Answer, CallKind, ErrorCode, FUEL_UNLIMITED, GateOperation, RecordKind, Report, Request};
use twinwall_runtime_core::run;

use crate::compile::compile;
use crate::pages::Pages;
use crate::platform::{Dropped, Inside, MEMORIES, MEMORY_STRIDE, Native, become_guest};
use crate::setup::{Reply, Setup};

const AREA: usize = 1 << 20;
const OUTPUT_OPEN: usize = 16 << 10;
pub(crate) const OUTBOX: usize = 4096;

/// wasmtime without std gives up where two threads want one of its locks, so machines take turns.
static TURN: Mutex<()> = Mutex::new(());

/// An outbox record: kind, function, data.
pub(crate) type Record = (RecordKind, u32, Vec<u8>);

type HostFunctions = Box<dyn FnMut(u32, &[u8]) -> Result<Vec<u8>, ErrorCode>>;

/// A guest on a thread of its own, and everything that its host knows.
pub(crate) struct Machine {
    mailbox: Pages,
    input: Pages,
    output: Pages,
    outbox: Pages,
    memories: Pages,
    module: Pages,
    files: Pages,
    left: Receiver<()>,
    entered: Option<Sender<()>>,
    guest: Option<JoinHandle<()>>,
    parked: bool,
    request: Request,
    /// Serves host calls.
    pub(crate) host: HostFunctions,
    /// What came out of the outbox.
    pub(crate) records: Vec<Record>,
    /// Refuses to open pages.
    pub(crate) out_of_memory: bool,
    _turn: MutexGuard<'static, ()>,
}

impl Machine {
    /// Boots a module that must be fine.
    pub(crate) fn boot(setup: &Setup<'_>) -> Self {
        let (machine, reply) = Self::try_boot(setup);
        assert_eq!(reply.status, ErrorCode::None, "the boot fails: {}", reply.message);
        machine
    }

    /// Boots a module; the reply says whether that worked.
    pub(crate) fn try_boot(setup: &Setup<'_>) -> (Self, Reply) {
        Self::try_boot_with(setup, Box::new(|_, _| Err(ErrorCode::Import)))
    }

    /// The same with a host that serves calls of the boot.
    pub(crate) fn try_boot_with(setup: &Setup<'_>, host: HostFunctions) -> (Self, Reply) {
        Self::load(setup, &compile(setup.module, setup.fuel), host)
    }

    /// Boots other code than the setup's module.
    pub(crate) fn try_boot_code(setup: &Setup<'_>, code: &[u8]) -> (Self, Reply) {
        Self::load(setup, code, Box::new(|_, _| Err(ErrorCode::Import)))
    }

    fn load(setup: &Setup<'_>, code: &[u8], host: HostFunctions) -> (Self, Reply) {
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let (left_sender, left) = channel();
        let (entered, entered_receiver) = channel();
        let mut machine = Self {
            mailbox: Pages::reserve(Pages::SIZE),
            input: Pages::reserve(AREA),
            output: Pages::reserve(AREA),
            outbox: Pages::reserve(OUTBOX),
            memories: Pages::reserve(MEMORIES * MEMORY_STRIDE),
            module: Pages::attach(code),
            files: Pages::attach(&setup.file_contents()),
            left,
            entered: Some(entered),
            guest: None,
            parked: false,
            request: Request::default(),
            host,
            records: Vec::new(),
            out_of_memory: false,
            _turn: turn,
        };
        machine.open_areas();
        let configuration =
            setup.configuration((machine.module.address(), code.len()), machine.files.address());
        machine.write_request(CallKind::Boot, 0, &configuration);
        let inside = Inside {
            mailbox: machine.mailbox.address(),
            memories: machine.memories.address(),
            left: left_sender,
            entered: entered_receiver,
        };
        machine.guest = Some(start(inside));
        let reply = machine.serve();
        (machine, reply)
    }

    fn open_areas(&mut self) {
        self.mailbox.open(0, Pages::SIZE);
        self.input.open(0, AREA);
        self.output.open(0, OUTPUT_OPEN);
        self.outbox.open(0, OUTBOX);
        let request = &mut self.request;
        request.set_input_address(self.input.address() as u64);
        request.set_output_address(self.output.address() as u64);
        request.set_output_capacity(OUTPUT_OPEN as u64);
        request.set_output_limit(AREA as u64 / 2);
        request.set_outbox_address(self.outbox.address() as u64);
        request.set_outbox_capacity(OUTBOX as u64);
        request.set_fuel(FUEL_UNLIMITED);
        request.set_tick_scale(1 << 32);
    }

    /// Changes what later requests say.
    pub(crate) fn configure(&mut self) -> &mut Request {
        &mut self.request
    }

    /// Calls export `function`.
    pub(crate) fn call(&mut self, kind: CallKind, function: u32, input: &[u8]) -> Reply {
        self.write_request(kind, function, input);
        self.entered.as_ref().expect("a guest").send(()).expect("the guest runs");
        self.serve()
    }

    fn write_request(&mut self, kind: CallKind, function: u32, input: &[u8]) {
        self.input.write(0, input);
        self.request.set_kind(kind.0);
        self.request.set_function_index(function);
        self.request.set_input_length(input.len() as u64);
        self.request.set_request_id(self.request.request_id() + 1);
        self.mailbox.write(REQUEST_OFFSET, &self.request.0);
    }

    /// Serves the guest until it is ready or done.
    fn serve(&mut self) -> Reply {
        self.parked = false;
        for exits in 1.. {
            self.left.recv().expect("the guest does not panic");
            let report = self.report();
            self.read_outbox(&report);
            match GateOperation(report.operation()) {
                GateOperation::Ready | GateOperation::Done => return self.reply(&report, exits),
                GateOperation::Drain => {}
                GateOperation::Grow => self.grow(&report),
                GateOperation::HostCall => self.host_call(&report),
                other => panic!("the guest leaves by {other:?}"),
            }
            self.entered.as_ref().expect("a guest").send(()).expect("the guest waits");
        }
        unreachable!("the loop does not end")
    }

    fn report(&self) -> Report {
        // SAFETY: the guest is outside, and the report lies within its open page.
        unsafe { ((self.mailbox.address() + REPORT_OFFSET) as *const Report).read() }
    }

    fn reply(&mut self, report: &Report, exits: usize) -> Reply {
        self.parked = true;
        assert_eq!(report.request_id(), self.request.request_id());
        assert!(report.left_at() >= report.entered_at());
        let mut reply = Reply {
            status: ErrorCode(report.status()),
            detail: report.detail(),
            fuel_used: report.fuel_used(),
            memory_bytes: report.memory_bytes(),
            exits,
            ..Reply::default()
        };
        let bytes = self.bytes(report);
        if reply.status == ErrorCode::None {
            reply.output = bytes;
        } else {
            let (message, frames) = bytes.split_at(report.message_length() as usize);
            reply.message = String::from_utf8(message.to_vec()).expect("messages are UTF-8");
            reply.frames = String::from_utf8(frames.to_vec()).expect("backtraces are UTF-8");
        }
        reply
    }

    /// Output or arguments that a report points at.
    fn bytes(&self, report: &Report) -> Vec<u8> {
        let (address, length) = (report.output_address() as usize, report.output_length() as usize);
        assert!(self.output.contains(address, length), "output lies outside its area");
        // SAFETY: the guest is outside and wrote these bytes, so they are open.
        unsafe { std::slice::from_raw_parts(address as *const u8, length) }.to_vec()
    }

    fn read_outbox(&mut self, report: &Report) {
        let length = report.outbox_length() as usize;
        assert!(length <= OUTBOX);
        // SAFETY: the guest is outside, and the whole outbox is open.
        let bytes = unsafe { std::slice::from_raw_parts(self.outbox.address() as *const u8, length) };
        let copy = bytes.to_vec();
        let records = Entries::new(&copy).map(|entry| {
            let Entry { kind, function, data } = entry.expect("records are well-formed");
            (kind, function, data.to_vec())
        });
        self.records.extend(records);
    }

    fn grow(&mut self, report: &Report) {
        let (address, length) = (report.grow_address() as usize, report.grow_length() as usize);
        assert!(address.is_multiple_of(Pages::SIZE) && length.is_multiple_of(Pages::SIZE) && length > 0);
        let range = [&self.output, &self.memories].into_iter().find(|range| range.contains(address, length));
        let range = range.expect("pages open in one of the growing ranges");
        if self.out_of_memory {
            return self.answer(ErrorCode::Memory, 0, 0);
        }
        range.open(address - range.address(), length);
        self.answer(ErrorCode::None, address as u64, length as u64);
    }

    fn host_call(&mut self, report: &Report) {
        let arguments = self.bytes(report);
        match (self.host)(report.function_index(), &arguments) {
            Ok(result) => {
                // Behind the input, which may not have been read to its end.
                let offset = (self.request.input_length() as usize).next_multiple_of(8);
                self.input.write(offset, &result);
                self.answer(ErrorCode::None, (self.input.address() + offset) as u64, result.len() as u64);
            }
            Err(code) => self.answer(code, 0, 0),
        }
    }

    fn answer(&self, status: ErrorCode, address: u64, length: u64) {
        self.mailbox.write(ANSWER_OFFSET, &Answer::new(u32::from(status.0), 0, address, length).0);
    }
}

fn start(inside: Inside) -> JoinHandle<()> {
    let guest = move || {
        become_guest(inside);
        let end = catch_unwind(AssertUnwindSafe(|| run::<Native>()));
        let Err(reason) = end;
        if !reason.is::<Dropped>() {
            std::panic::resume_unwind(reason);
        }
    };
    thread::Builder::new().stack_size(4 << 20).spawn(guest).expect("a thread")
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.entered = None;
        if let (true, Some(guest)) = (self.parked, self.guest.take()) {
            // A panic of the guest has shown itself already.
            let _ = guest.join();
        }
    }
}
