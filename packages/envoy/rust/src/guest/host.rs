//! Serving a guest's host calls, on the worker that owns the connection.

use twinwall_abi::connection::Chunk;
use twinwall_host::{CallError, Entry, ErrorCode, Host, RecordKind, TimeLimit, show_text};

use super::functions::Function;
use crate::envoy::abi::Level;
use crate::envoy::{self, Direction, Filter};
use crate::service::Service;

/// Most characters of a guest's log line that are kept.
const LONGEST_LINE: usize = 1024;

/// Most that a call may add to a counter at once: Envoy's counters start over behind their largest number.
const LARGEST_DELTA: u64 = 1 << 40;

/// What a call has asked for and that happens only when it has succeeded: a guest that fails sends nothing.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// Data in the direction of the call, in front of what `on_data` returns.
    pub(crate) front: Vec<u8>,
    /// Data in the other direction.
    pub(crate) across: Vec<u8>,
    /// Bytes that the current call has written.
    written: usize,
    /// What a one-way call did wrong; the guest could not be told.
    fault: Option<CallError>,
}

impl Effects {
    /// The next call of the same event begins.
    pub(crate) fn next_call(&mut self) {
        self.written = 0;
    }

    /// Takes note of a fault; the first counts.
    fn fail(&mut self, code: ErrorCode, text: impl Into<String>) -> ErrorCode {
        self.fault.get_or_insert_with(|| CallError::new(code, text));
        code
    }

    /// The call's outcome, with regard to what happened beside it: a fault has the better text.
    pub(crate) fn judge<Value>(&mut self, outcome: Result<Value, CallError>) -> Result<Value, CallError> {
        match (outcome, self.fault.take()) {
            (Ok(value), None) => Ok(value),
            (Ok(_), Some(fault)) => Err(fault),
            (Err(error), Some(fault)) if fault.code == error.code => Err(fault),
            (Err(error), _) => Err(error),
        }
    }
}

/// The host of one call.
pub(crate) struct GuestHost<'a> {
    service: &'a Service,
    filter: Filter,
    direction: Direction,
    effects: &'a mut Effects,
}

impl<'a> GuestHost<'a> {
    /// A host for a call on a chunk of `direction`.
    pub(crate) fn new(
        service: &'a Service,
        filter: Filter,
        direction: Direction,
        effects: &'a mut Effects,
    ) -> Self {
        Self { service, filter, direction, effects }
    }

    fn log(&mut self, arguments: &[u8]) {
        let level = match arguments.first() {
            Some(0) => Level::Trace,
            Some(1) => Level::Debug,
            Some(2) => Level::Info,
            Some(3) => Level::Warn,
            Some(4) => Level::Error,
            _ => {
                let text = "log: the first byte is no level; levels are 0 to 4";
                self.effects.fail(ErrorCode::HostFunction, text);
                return;
            }
        };
        self.print(level, arguments.get(1..).unwrap_or_default());
    }

    fn print(&self, level: Level, text: &[u8]) {
        if !self.service.lines().take() {
            self.filter.count(self.service.counters().log_dropped, 1);
            return;
        }
        // Four bytes at most make a character.
        let text = String::from_utf8_lossy(&text[..text.len().min(4 * LONGEST_LINE)]);
        let (connection, text) = (self.filter.connection_id(), show_text(&text, LONGEST_LINE));
        envoy::log(level, &format!("twinwall: guest of connection {connection}: {text}"));
    }

    fn count(&mut self, arguments: &[u8]) {
        let numbers = arguments.as_chunks::<8>();
        let (&[counter, delta], []) = numbers else {
            self.effects.fail(ErrorCode::BadReply, "count: it takes two numbers");
            return;
        };
        let (counter, delta) = (u64::from_le_bytes(counter), i64::from_le_bytes(delta));
        let Some(value) = u64::try_from(delta).ok().filter(|&value| value <= LARGEST_DELTA) else {
            let text = format!("count: {delta} is not between 0 and {LARGEST_DELTA}");
            self.effects.fail(ErrorCode::HostFunction, text);
            return;
        };
        if !self.service.counters().count_for_guest(self.filter, counter, value) {
            let text = format!("count: there is no counter {}", counter as i32);
            self.effects.fail(ErrorCode::HostFunction, text);
        }
    }

    /// A fact about the connection; empty when there is none of that name.
    fn fact(&self, name: &[u8]) -> Vec<u8> {
        let fact = match name {
            b"source.address" => self.filter.source_address().map(String::into_bytes),
            b"destination.address" => self.filter.destination_address().map(String::into_bytes),
            b"connection.requested_server_name" => self.filter.server_name(),
            b"connection.id" => Some(self.filter.connection_id().to_string().into_bytes()),
            _ => None,
        };
        fact.unwrap_or_default()
    }

    fn write(&mut self, arguments: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        let fail = |effects: &mut Effects, text: &str| Err(effects.fail(ErrorCode::HostFunction, text));
        let Ok(chunk) = Chunk::read(arguments) else {
            return fail(self.effects, "write: its flags are missing or mean nothing");
        };
        if chunk.end_of_stream {
            return fail(self.effects, "write: the end of a stream cannot be written");
        }
        let direction = if chunk.towards_client { Direction::Write } else { Direction::Read };
        if direction == Direction::Read && self.service.options().terminal {
            return fail(self.effects, "write: behind a terminal filter there is no upstream");
        }
        let written = self.effects.written + chunk.data.len();
        let most = self.service.options().limits.output_bytes;
        if written as u64 > most {
            return fail(self.effects, &format!("write: a call wrote {written} bytes, the limit is {most}"));
        }
        self.effects.written = written;
        let target =
            if direction == self.direction { &mut self.effects.front } else { &mut self.effects.across };
        target.extend_from_slice(chunk.data);
        Ok(Vec::new())
    }

    fn serve(&mut self, function: u32, arguments: &[u8]) -> Result<Vec<u8>, ErrorCode> {
        match Function::from_number(function) {
            Some(Function::Log) => self.log(arguments),
            Some(Function::Count) => self.count(arguments),
            Some(Function::Connection) => return Ok(self.fact(arguments)),
            Some(Function::Write) => return self.write(arguments),
            None => {
                let text = format!("the guest called host function {function}, which it does not have");
                return Err(self.effects.fail(ErrorCode::BadReply, text));
            }
        }
        Ok(Vec::new())
    }
}

impl Host for GuestHost<'_> {
    fn call(&mut self, function: u32, arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        self.filter.count(self.service.counters().host_calls, 1);
        self.serve(function, arguments)
    }

    fn record(&mut self, entry: Entry<'_>, _limit: TimeLimit) {
        match (entry.kind, Function::from_number(entry.function)) {
            (RecordKind::Stdout, _) => self.print(Level::Info, entry.data),
            (RecordKind::Stderr, _) => self.print(Level::Warn, entry.data),
            (RecordKind::HostCall, Some(Function::Log | Function::Count)) => {
                self.filter.count(self.service.counters().host_calls, 1);
                // One-way functions have no result, and their faults are kept.
                let _ = self.serve(entry.function, entry.data);
            }
            _ => {
                let text = "the guest deferred a host function that is not one-way";
                self.effects.fail(ErrorCode::BadReply, text);
            }
        }
    }
}
