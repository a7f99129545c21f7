//! A guest with much memory that writes where it is told, for the test and the measurements.

use std::sync::Arc;

use rand_chacha::ChaCha12Rng;
use rand_core::RngCore;
use twinwall_abi::ErrorCode;
use twinwall_abi::layout::{HEAP, MEMORIES, MEMORY_STRIDE, PAGE};

use super::Strategy;
use crate::error::CallError;
use crate::host::NoHost;
use crate::machine::Machine;
use crate::probe::{self, stores};
use crate::self_test::{call_function, patient};
use crate::snapshot::{BootOptions, Snapshot};

/// How much memory a subject has, bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// A memory, writable from the start; in large pages from 4 MiB on.
    pub(crate) memory: u64,
    /// A heap, writable from the start, in small pages.
    pub(crate) heap: u64,
    /// Another memory, opened after the snapshot.
    pub(crate) opened: u64,
}

impl Sizes {
    /// What the test of the log uses.
    pub(crate) const LARGE: Self = Self { memory: 4 << 20, heap: 256 << 10, opened: 256 << 10 };

    fn at_start(self) -> [(u64, u64); 2] {
        [(MEMORIES, self.memory), (HEAP, self.heap)]
    }

    fn opened(self) -> (u64, u64) {
        (MEMORIES + MEMORY_STRIDE, self.opened)
    }

    /// One address in each page that the guest can be told to write.
    pub(crate) fn all_pages(self, random: &mut ChaCha12Rng) -> Vec<u64> {
        let ranges = self.at_start().into_iter().chain([self.opened()]);
        let pages = ranges.flat_map(|(address, length)| (address..address + length).step_by(PAGE as usize));
        // Aligned: a locked access across lines may cost the host dear.
        let mut place = || u64::from(random.next_u32()) % (PAGE - WIDEST) / 8 * 8;
        pages.map(|page| page + place()).collect()
    }
}

/// A store may take so many bytes.
const WIDEST: u64 = 24;

pub(crate) struct Subject {
    pub(crate) machine: Machine,
    /// Function numbers: of each kind of store, of growth, of further pieces.
    pub(crate) numbers: Vec<u32>,
}

impl Subject {
    /// A machine that is restored by `strategy`, with random bytes in its memory, and `more` pieces of code behind those that
    /// store.
    pub(crate) fn new(
        strategy: Strategy,
        sizes: Sizes,
        more: &[&[u8]],
        random: &mut ChaCha12Rng,
    ) -> Result<Self, CallError> {
        let stores = stores::NAMES.iter().filter_map(|name| stores::piece(name));
        let pieces: Vec<&[u8]> = stores.chain(more.iter().copied()).collect();
        let (image, numbers) = probe::image_with(&pieces)?;
        let options = BootOptions::default();
        let booted = Snapshot::boot(Arc::clone(&image), &options, &mut NoHost)?;
        let mut grown = Self { machine: booted.machine()?, numbers };
        for range in sizes.at_start() {
            grown.grow(range)?;
        }
        let mut state = grown.machine.save()?;
        for run in state.runs.iter_mut().filter(|run| run.address >= HEAP) {
            random.fill_bytes(&mut run.bytes);
        }
        let snapshot = Snapshot::load(image, &[], patient(), false, &state)?;
        let mut machine = snapshot.machine()?;
        machine.fix_strategy(strategy)?;
        let mut subject = Self { machine, numbers: grown.numbers };
        subject.grow(sizes.opened())?;
        subject.machine.restore();
        Ok(subject)
    }

    fn grow(&mut self, (address, length): (u64, u64)) -> Result<(), CallError> {
        let input = words(&[address, length]);
        let status = call_function(&mut self.machine, self.numbers[stores::STORES], &input, false)?;
        let refused = || CallError::new(ErrorCode::Internal, "the probe's memory does not grow");
        if status == [0; 8] { Ok(()) } else { Err(refused()) }
    }

    /// Has the guest store at addresses, by the kind of that number, in a session.
    pub(crate) fn store(&mut self, kind: usize, addresses: &[u64]) -> Result<(), CallError> {
        let mut input = words(&[addresses.len() as u64]);
        input.extend(words(addresses));
        let number = self.numbers[kind % stores::STORES];
        call_function(&mut self.machine, number, &input, false).map(drop)
    }

    /// Pages that differ from the snapshot.
    pub(crate) fn changed_pages(&self) -> usize {
        self.machine.changed_pages()
    }
}

fn words(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
