//! What both strategies cost on this host.

use std::fmt;
use std::time::Instant;

use rand_chacha::ChaCha12Rng;
use rand_core::SeedableRng;

use super::Strategy;
use super::subject::{Sizes, Subject};
use crate::error::CallError;

const ROUNDS: usize = 15;
/// Pages written in the rounds that tell what a page costs.
const PAGES: usize = 65;

/// What restores cost, nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Costs {
    /// Copying a mebibyte.
    pub(crate) copy_mebibyte: u64,
    /// Taking the log, of a guest that wrote one page.
    pub(crate) log: u64,
    /// Each page: the fault at its first write, and putting it back.
    pub(crate) page: u64,
    /// Changing from one to the other.
    pub(crate) change: u64,
}

impl Costs {
    /// Copying `bytes`.
    pub(super) fn copy(&self, bytes: u64) -> u64 {
        ((u128::from(bytes) * u128::from(self.copy_mebibyte)) >> 20) as u64
    }

    /// Taking the log, and what became dearer before it, where `pages` were written.
    pub(super) fn log(&self, pages: u64) -> u64 {
        self.log.saturating_add(self.page.saturating_mul(pages))
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { copy_mebibyte, log, page, .. } = self;
        write!(
            formatter,
            "every page is found; the log costs {log} ns and {page} ns a page, copying {copy_mebibyte} ns a mebibyte"
        )
    }
}

/// Measures both, by turns.
pub(super) fn measure() -> Result<Costs, CallError> {
    let mut random = ChaCha12Rng::from_os_rng();
    let addresses = Sizes::LARGE.all_pages(&mut random);
    let (one, many) = (&addresses[..1], &addresses[..PAGES]);
    let mut copied = Subject::new(Strategy::Copy, Sizes::LARGE, &[], &mut random)?;
    let mut logged = Subject::new(Strategy::DirtyLog, Sizes::LARGE, &[], &mut random)?;
    let mut times: [Vec<u64>; 6] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(time(|| copied.store(0, one))?);
        times[1].push(time(|| copied.store(0, many))?);
        times[2].push(time(|| {
            copied.machine.restore();
            Ok(())
        })?);
        times[3].push(time(|| logged.store(0, one).map(|()| logged.machine.restore()))?);
        times[4].push(time(|| logged.store(0, many).map(|()| logged.machine.restore()))?);
    }
    // Not between those above: a machine that has just changed meets its memory anew.
    for round in 0..ROUNDS {
        let next = if round % 2 == 0 { Strategy::Copy } else { Strategy::DirtyLog };
        times[5].push(time(|| logged.machine.fix_strategy(next))?);
    }
    let [one, many, copy, log_one, log_many, change] = times.map(median);
    let (log_one, log_many) = (log_one.saturating_sub(one), log_many.saturating_sub(many));
    let page = log_many.saturating_sub(log_one) / (PAGES as u64 - 1);
    let bytes = copied.machine.statistics().restored_bytes;
    Ok(Costs { copy_mebibyte: (copy << 20) / bytes.max(1), log: log_one.saturating_sub(page), page, change })
}

fn time(work: impl FnOnce() -> Result<(), CallError>) -> Result<u64, CallError> {
    let started = Instant::now();
    work()?;
    Ok(started.elapsed().as_nanos() as u64)
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0)
}
