//! What a worker does with its machine: what the parent asks for, one after the other.

use std::io;

use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::Entry;
use twinwall_vmm_kvm::{Host, Machine, TimeLimit};

use super::link::{Link, Message};
use crate::wire::{
    Done, Fields, Frame, decode_call, encode_done, encode_failure, encode_restored, encode_state, kind,
};

/// Bytes of records that are sent at once.
const RECORDS: usize = 64 << 10;
/// Room for outputs that is kept for later calls.
const KEPT: usize = 256 << 10;

/// Serves the parent until it has gone.
pub(super) fn serve(link: &mut Link, mut machine: Machine) -> io::Result<()> {
    let mut request = Message::default();
    let mut output = Vec::new();
    let mut frame = Frame::default();
    loop {
        link.receive(&mut request)?;
        match request.kind {
            kind::CALL => {
                let (limits, call) = decode_call(request.payload()).map_err(|_| wrong())?;
                machine.configure(limits);
                let mut parent = Parent::new(link);
                let outcome = machine.call(&call, &mut parent, &mut output);
                let outcome = outcome.map(|length| output.truncate(length));
                let bytes = if outcome.is_ok() { output.as_slice() } else { &[] };
                encode_done(&mut frame, &done(&machine, outcome));
                let records = parent.take_records();
                link.send(&[&records, frame.finish(bytes.len()), bytes])?;
                if output.capacity() > KEPT {
                    output = Vec::new();
                }
                frame.trim();
            }
            kind::RESTORE => {
                machine.restore();
                encode_restored(&mut frame, &done(&machine, ()));
                link.send(&[frame.finish(0)])?;
            }
            kind::SAVE => save(link, &machine)?,
            _ => return Err(wrong()),
        }
    }
}

fn wrong() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

fn done<Outcome>(machine: &Machine, outcome: Outcome) -> Done<Outcome> {
    Done { spent: machine.is_spent(), clean: machine.is_clean(), statistics: machine.statistics(), outcome }
}

fn save(link: &mut Link, machine: &Machine) -> io::Result<()> {
    match machine.save() {
        Ok(state) => {
            let mut frame = encode_state(&state);
            let memory: usize = state.runs.iter().map(|run| run.bytes.len()).sum();
            let mut pieces = vec![frame.finish(memory)];
            pieces.extend(state.runs.iter().map(|run| run.bytes.as_slice()));
            link.send(&pieces)
        }
        Err(error) => link.send(&[encode_failure(&error).finish(0)]),
    }
}

/// The parent as the host of the guest.
pub(super) struct Parent<'a> {
    link: &'a mut Link,
    answer: Message,
    frame: Frame,
    /// Records that were not sent yet.
    records: Vec<u8>,
}

impl<'a> Parent<'a> {
    pub(super) fn new(link: &'a mut Link) -> Self {
        Self { link, answer: Message::default(), frame: Frame::default(), records: Vec::new() }
    }

    /// Records that were not sent yet, for whoever sends something behind them.
    pub(super) fn take_records(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.records)
    }

    /// Sends what was not sent yet.
    pub(super) fn flush(&mut self) {
        let records = self.take_records();
        alive(self.link.send(&[&records]));
    }
}

impl Host for Parent<'_> {
    fn call(&mut self, function: u32, arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        let records = self.take_records();
        self.frame.begin(kind::HOST_CALL);
        self.frame.u32(function);
        alive(self.link.send(&[&records, self.frame.finish(arguments.len()), arguments]));
        alive(self.link.receive(&mut self.answer));
        let mut fields = Fields(self.answer.payload());
        let code = fields.u32().unwrap_or(u32::from(ErrorCode::Internal.0));
        match ErrorCode(code as u16) {
            _ if self.answer.kind != kind::ANSWER => Err(ErrorCode::Internal),
            ErrorCode::None => Ok(fields.rest().to_vec()),
            code => Err(code),
        }
    }

    fn record(&mut self, entry: Entry<'_>, _limit: TimeLimit) {
        let Entry { kind, function, data } = entry;
        self.frame.begin(kind::RECORD);
        self.frame.u32(u32::from(kind.0));
        self.frame.u32(function);
        self.records.extend(self.frame.finish(data.len()));
        self.records.extend(data);
        if self.records.len() > RECORDS {
            self.flush();
        }
    }
}

/// Without its parent a worker has nothing to go on for: it must not even run its guest to the end.
fn alive(result: io::Result<()>) {
    if result.is_err() {
        // SAFETY: it ends the process.
        unsafe { libc::_exit(2) };
    }
}
