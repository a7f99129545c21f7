//! The test of KVM's dirty log: no page that a guest writes may be missing in it, however it is written.

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use twinwall_abi::ErrorCode;

use super::Strategy;
use super::affinity::Affinity;
use super::subject::{Sizes, Subject};
use crate::error::CallError;
use crate::probe::stores::STORES;

/// Rounds of each kind of store: a single page, few, the same again, many.
const SETS: usize = 4;
/// How often all kinds and sets come, each time on other processors.
const REPEATS: usize = 2;

/// Runs the test: 72 rounds, after each of which every byte must be that of the snapshot.
pub(super) fn prove() -> Result<(), CallError> {
    let mut random = ChaCha12Rng::from_os_rng();
    let mut subject = Subject::new(Strategy::DirtyLog, Sizes::LARGE, &[], &mut random)?;
    let mut affinity = Affinity::of_this_thread();
    for repeat in 0..REPEATS {
        for kind in 0..STORES {
            let mut addresses = Vec::new();
            for set in 0..SETS {
                if set != 2 {
                    let pages = [1, 16, 16, 200][set];
                    addresses = some(&Sizes::LARGE.all_pages(&mut random), pages, &mut random);
                }
                round(&mut subject, kind, &addresses)?;
                affinity.go_on();
            }
        }
        for kind in 0..STORES / 2 {
            round(&mut subject, kind * 2 + repeat, &Sizes::LARGE.all_pages(&mut random))?;
        }
    }
    Ok(())
}

/// So many of `all`, by chance, none twice.
fn some(all: &[u64], pages: usize, random: &mut ChaCha12Rng) -> Vec<u64> {
    let mut left = all.to_vec();
    (0..pages.min(all.len())).map(|_| left.swap_remove(random.next_u32() as usize % left.len())).collect()
}

/// One call that writes, and its restore.
fn round(subject: &mut Subject, kind: usize, addresses: &[u64]) -> Result<(), CallError> {
    subject.store(kind, addresses)?;
    let written = subject.changed_pages();
    if written < addresses.len() {
        return Err(wrong(format!("{written} pages changed where {} were written", addresses.len())));
    }
    subject.machine.restore();
    match (subject.machine.is_spent(), subject.changed_pages()) {
        (true, _) => Err(wrong("KVM refused its log")),
        (false, 0) => Ok(()),
        (false, left) => Err(wrong(format!("{left} pages of {written} were not in KVM's log"))),
    }
}

fn wrong(what: impl Into<String>) -> CallError {
    CallError::new(ErrorCode::Internal, what)
}
