//! Guests with code of the attacker's own: whatever ring 3 can do ends in a result or in one typed error, and the next
//! call finds a clean machine.

mod attacks;
mod chance;
pub(super) mod code;
mod floods;
mod gates;
mod isolation;
mod leftovers;
mod races;
mod random;
mod state;

use std::sync::Arc;

use twinwall_abi::{CallKind, ErrorCode};

use crate::error::CallError;
use crate::host::{Host, NoHost};
use crate::machine::{Call, Limits, Machine};
use crate::snapshot::{BootOptions, Snapshot};
use crate::{Image, probe};

/// A machine whose image has more behaviours than the probe, and their function numbers.
pub(super) struct Attacker {
    snapshot: Arc<Snapshot>,
    pub(super) machine: Machine,
    pub(super) numbers: Vec<u32>,
}

impl Attacker {
    /// An attacker with these pieces of [`code`].
    pub(super) fn new(names: &[&str], limits: Limits) -> Self {
        let pieces: Vec<&[u8]> = names.iter().map(|name| code::piece(name).expect("a known piece")).collect();
        Self::with_code(&pieces, limits)
    }

    pub(super) fn with_code(pieces: &[&[u8]], limits: Limits) -> Self {
        let (image, numbers): (Arc<Image>, _) = probe::image_with(pieces).expect("the probe loads");
        let options = BootOptions { limits, ..BootOptions::default() };
        let snapshot = Snapshot::boot(image, &options, &mut NoHost).expect("the probe boots");
        let machine = snapshot.machine().expect("a machine");
        Self { snapshot, machine, numbers }
    }

    /// Runs a piece by its place in the list, with a clean slate afterwards.
    pub(super) fn run(&mut self, piece: usize, input: &[u8]) -> Result<Vec<u8>, CallError> {
        self.run_with(piece, input, &mut NoHost, true)
    }

    fn run_with(
        &mut self,
        piece: usize,
        input: &[u8],
        host: &mut dyn Host,
        restore: bool,
    ) -> Result<Vec<u8>, CallError> {
        let function = self.numbers[piece];
        let call = Call { kind: CallKind::Bytes, function, input, continues: false, restore, exact: true };
        let mut output = vec![0; 8192];
        let length = self.machine.call(&call, host, &mut Buffer(&mut output))?;
        output.truncate(length);
        Ok(output)
    }

    /// Memory, registers and control state are those of the snapshot.
    pub(super) fn assert_clean(&mut self, after: &str) {
        super::assert_usable(&mut self.machine);
        assert!(self.machine.has_initial_state(), "after {after}");
        assert!(self.machine.grown_memory_is_zero(), "after {after}");
        if let Some(memory) = self.machine.writable_memory() {
            assert!(memory == self.snapshot.contents().bytes(), "memory differs after {after}");
        }
    }
}

/// An output of any length.
struct Buffer<'a>(&'a mut [u8]);

impl crate::Output for Buffer<'_> {
    fn room(&mut self, length: usize) -> Option<&mut [u8]> {
        self.0.get_mut(..length)
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

pub(super) fn outcome(result: &Result<Vec<u8>, CallError>) -> ErrorCode {
    result.as_ref().map_or_else(|error| error.code, |_| ErrorCode::None)
}

pub(in crate::tests) fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
