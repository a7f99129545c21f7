//! Chunks on Envoy's worker: it waits while the guest runs.

use std::cell::Cell;
use std::time::Instant;

use twinwall_abi::connection::{BadFlags, MAX_CHUNK_BYTES, Passed, chunk_flags};
use twinwall_host::{CallError, ErrorCode, Instance, Output};

use super::{Connection, Outcome};
use crate::envoy::Direction;
use crate::envoy::abi::Status;
use crate::guest::{Effects, GuestHost, Input, Runner, Template, bad_result, remaining, with_deadline};
use crate::options::State;
use crate::workers::Lease;

/// Buffers of a worker, used for one event at a time.
#[derive(Default)]
struct Scratch {
    input: Input,
    output: Vec<u8>,
    /// What pieces of a long chunk became, in one.
    joined: Vec<u8>,
    /// Where what goes on lies.
    result: Place,
}

#[derive(Clone, Copy, Default)]
enum Place {
    /// In the output, behind a byte of flags.
    #[default]
    Output,
    /// In the input: no guest ran.
    Input,
    /// In what pieces became.
    Joined,
}

/// Memory of a buffer that is kept for the next event, bytes: an event may be as long as Envoy's buffers.
const KEPT_BYTES: usize = 2 * MAX_CHUNK_BYTES;

thread_local! {
    static SCRATCH: Cell<Scratch> = Cell::default();
}

/// What became of an event, beside the data in the scratch.
struct Ran {
    effects: Effects,
    close: bool,
}

/// One call: a piece of an event's data.
struct Piece {
    direction: Direction,
    /// Nothing of the event follows.
    last: bool,
    end_of_stream: bool,
}

impl Connection {
    /// Runs the guest on all data of an event.
    pub(super) fn run_inline(&self, direction: Direction, length: usize, end_of_stream: bool) -> Status {
        // Taken, not borrowed: Envoy may come back to this thread's hooks from within.
        let mut scratch = SCRATCH.take();
        let ran =
            self.with_lease(|lease| self.run_pieces(lease, &mut scratch, direction, length, end_of_stream));
        let status = match ran {
            Ok(ran) => self.apply(ran, &scratch, direction, end_of_stream),
            Err(error) => {
                self.fail(&with_deadline(error, &self.service.options().limits));
                // What was not taken must not be seen by anybody else.
                self.filter.drain(direction, length);
                Status::Stop
            }
        };
        scratch.shrink();
        SCRATCH.set(scratch);
        status
    }

    fn run_pieces(
        &self,
        lease: &mut Lease,
        scratch: &mut Scratch,
        direction: Direction,
        length: usize,
        end_of_stream: bool,
    ) -> Result<Ran, CallError> {
        let joined = length > MAX_CHUNK_BYTES;
        let begun = joined.then(Instant::now);
        let mut ran = Ran { effects: Effects::default(), close: false };
        let mut left = length;
        scratch.joined.clear();
        loop {
            let target = scratch.input.begin(MAX_CHUNK_BYTES);
            let taken = self.filter.take(direction, MAX_CHUNK_BYTES, target);
            left = left.saturating_sub(taken);
            let last = left == 0 || taken == 0;
            self.count_chunk(taken);
            ran.effects.next_call();
            let piece = Piece { direction, last, end_of_stream };
            ran.close = self.run_piece(lease, scratch, &piece, begun, &mut ran.effects)?;
            if joined {
                scratch.join(&mut ran.effects.front);
            }
            if last || ran.close {
                return Ok(ran);
            }
        }
    }

    /// Runs the guest on the piece in `scratch.input`; the result lies in `scratch.output`. Returns whether the guest
    /// wants the connection closed.
    fn run_piece(
        &self,
        lease: &mut Lease,
        scratch: &mut Scratch,
        piece: &Piece,
        begun: Option<Instant>,
        effects: &mut Effects,
    ) -> Result<bool, CallError> {
        let Scratch { input, output, result: place, .. } = scratch;
        let towards_client = piece.direction == Direction::Write;
        match lease.runner() {
            Some(Runner::Inline(instance)) => {
                input.set_flags(chunk_flags(towards_client, piece.last && piece.end_of_stream));
                let mut host = GuestHost::new(&self.service, self.filter, piece.direction, effects);
                let result = self.call(instance, begun, input.whole(), &mut host, output);
                effects.judge(result)?;
                *place = Place::Output;
                return Passed::read(output).map(|passed| passed.close).map_err(|BadFlags| bad_result());
            }
            Some(Runner::Floor(floor)) => floor.round_trip()?,
            Some(Runner::Pass) => {}
            Some(Runner::Thread(_)) | None => {
                return Err(CallError::new(ErrorCode::Internal, "the machine runs elsewhere"));
            }
        }
        *place = Place::Input;
        Ok(false)
    }

    /// All pieces of an event share one deadline: a worker never waits longer.
    fn call(
        &self,
        instance: &mut Instance,
        begun: Option<Instant>,
        input: &[u8],
        host: &mut GuestHost<'_>,
        output: &mut dyn Output,
    ) -> Result<usize, CallError> {
        let Template::Guest { on_data, .. } = self.service.workers().template() else {
            return Err(CallError::new(ErrorCode::Internal, "there is no guest"));
        };
        let options = self.service.options();
        let limits = begun.map_or(Ok(options.limits), |begun| remaining(&options.limits, begun))?;
        instance.configure(limits);
        match options.state {
            State::Call => instance.call_bytes(*on_data, input, host, output),
            State::Connection => instance.call_bytes_in_session(*on_data, input, host, output),
        }
    }

    /// Puts back into Envoy's buffer what goes on; by injection where that is not enough.
    fn apply(&self, ran: Ran, scratch: &Scratch, direction: Direction, end_of_stream: bool) -> Status {
        let data = scratch.result();
        let Ran { effects: Effects { front, across, .. }, close } = ran;
        if self.service.options().terminal || close {
            // What the guest left in Envoy's buffer when it closed goes nowhere.
            self.filter.drain(direction, usize::MAX);
            self.pass_on(Outcome { direction, across, front, data, end_of_stream, close });
            return Status::Stop;
        }
        self.send_across(direction, across);
        if !self.is_open() {
            return Status::Stop;
        }
        let front = self.behind_hops(direction, front);
        self.filter.append(direction, &front);
        self.filter.append(direction, data);
        let nothing = front.is_empty() && data.is_empty() && !end_of_stream;
        if nothing { Status::Stop } else { Status::Continue }
    }
}

impl Scratch {
    /// What goes on.
    fn result(&self) -> &[u8] {
        match self.result {
            Place::Output => self.output.get(1..).unwrap_or_default(),
            Place::Input => self.input.data(),
            Place::Joined => &self.joined,
        }
    }

    /// Puts a piece's result behind those of the pieces before it, with `front` between.
    fn join(&mut self, front: &mut Vec<u8>) {
        self.joined.append(front);
        let mut joined = std::mem::take(&mut self.joined);
        joined.extend_from_slice(self.result());
        self.joined = joined;
        self.result = Place::Joined;
    }

    /// Gives back memory that an unusual event needed.
    fn shrink(&mut self) {
        if self.input.capacity() > KEPT_BYTES {
            self.input = Input::default();
        }
        for buffer in [&mut self.output, &mut self.joined] {
            if buffer.capacity() > KEPT_BYTES {
                *buffer = Vec::new();
            }
        }
    }
}
