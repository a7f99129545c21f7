//! Restores by KVM's dirty log, and by copying: the same result, whatever the guest did.

use std::collections::HashSet;

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use twinwall_abi::{CallKind, ErrorCode};

use super::ring3::{code, words};
use super::rounds::{is_emulated, rounds};
use crate::dirty_log::subject::{Sizes, Subject};
use crate::error::CallError;
use crate::machine::{Call, Limits};
use crate::probe::Behaviour;
use crate::probe::stores::{NAMES, STORES};
use crate::self_test::{call_function, call_probe, patient, probe_machine};
use crate::{NoHost, Strategy, test_dirty_log};

const SMALL: Sizes = Sizes { memory: 256 << 10, heap: 64 << 10, opened: 64 << 10 };

/// What guests do beside stores.
const MORE: [&str; 5] =
    ["tell registers", "keep registers", "fill everything", "each page of the stack", "keep vectors"];

fn subject(strategy: Strategy, sizes: Sizes, random: &mut ChaCha12Rng) -> Subject {
    let more: Vec<&[u8]> = MORE.iter().map(|name| code::piece(name).expect("a known piece")).collect();
    Subject::new(strategy, sizes, &more, random).expect("a subject")
}

/// Runs a piece of [`MORE`].
fn run(subject: &mut Subject, name: &str, input: &[u8], restore: bool) -> Result<Vec<u8>, CallError> {
    let place = MORE.iter().position(|known| *known == name).expect("a known piece");
    let function = subject.numbers[NAMES.len() + place];
    let call = Call { kind: CallKind::Bytes, function, input, continues: false, restore, exact: true };
    let mut output = Vec::new();
    let length = subject.machine.call(&call, &mut NoHost, &mut output)?;
    output.truncate(length);
    Ok(output)
}

/// One call of chance in a session.
fn one_call(subject: &mut Subject, sizes: Sizes, random: &mut ChaCha12Rng) {
    let roll = random.next_u32();
    let pages = sizes.all_pages(random);
    let chosen = roll as usize / 16 % 64;
    let mut chosen: Vec<u64> =
        (0..=chosen).map(|_| pages[random.next_u32() as usize % pages.len()]).collect();
    match roll % 16 {
        0 => drop(run(subject, "keep registers", &words(&[u64::from(roll); 512]), false).expect("a call")),
        1 => drop(run(subject, "fill everything", &words(&[u64::from(roll)]), false).expect("a call")),
        2 => drop(run(subject, "each page of the stack", &[], false).expect("a call")),
        // More pages than are open at first, which nobody but the host writes.
        3 => {
            let input = vec![roll as u8; 1 + roll as usize % 40_000];
            drop(call_probe(&mut subject.machine, Behaviour::Nothing, &input, false).expect("a call"));
        }
        4 => drop(run(subject, "keep vectors", &words(&[u64::from(roll); 8]), false).expect("a call")),
        5 => drop(call_probe(&mut subject.machine, Behaviour::DeepStack, &[], false).expect("a call")),
        6 => chosen = pages,
        _ => {}
    }
    subject.store(roll as usize / 1024 % STORES, &chosen).expect("a call that stores");
}

fn nothing_pends(events: &[u8]) -> bool {
    let events = String::from_utf8_lossy(events);
    !events.contains("injected: 1") && !events.contains("pending: 1")
}

fn equality(sizes: Sizes, rounds: u64, strategies: &[Strategy]) {
    let mut random = ChaCha12Rng::seed_from_u64(0x1065);
    let mut subject = subject(strategies[0], sizes, &mut random);
    let told = run(&mut subject, "tell registers", &[], true).expect("registers");
    let everything = |subject: &mut Subject| {
        call_probe(&mut subject.machine, Behaviour::Nothing, &[], false).expect("a call that does nothing");
        let state = subject.machine.vm().everything();
        subject.machine.restore();
        state
    };
    let fresh = everything(&mut subject);
    for round in 0..rounds {
        for _ in 0..=random.next_u32() % 3 {
            one_call(&mut subject, sizes, &mut random);
        }
        assert!(subject.machine.changed_pages() > 0, "nothing changed in round {round}");
        subject.machine.restore();
        assert_eq!(subject.machine.changed_pages(), 0, "round {round}");
        assert!(subject.machine.has_initial_state(), "round {round}");
        assert_eq!(run(&mut subject, "tell registers", &[], true).as_ref(), Ok(&told), "round {round}");
        assert_eq!(subject.machine.changed_pages(), 0, "round {round}");
        if round % 500 == 499 {
            for ((name, bytes), (_, expected)) in everything(&mut subject).iter().zip(&fresh) {
                // KVM keeps the number of the last exception, of one that arrived too.
                let arrived = name == "pending events" && nothing_pends(bytes);
                assert!(arrived || bytes == expected, "{name} differs in round {round}");
            }
        }
        if round % 50 == 49 {
            let next = strategies[round as usize / 50 % strategies.len()];
            subject.machine.fix_strategy(next).expect("a strategy");
        }
    }
    assert_eq!(subject.machine.statistics().replaced, 0);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn ten_thousand_logged_restores_leave_nothing() {
    equality(SMALL, rounds(10_000), &[Strategy::DirtyLog]);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn strategies_may_take_turns() {
    equality(SMALL, rounds(1_000), &[Strategy::DirtyLog, Strategy::Copy, Strategy::DirtyLog]);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn large_pages_are_logged_page_by_page() {
    equality(Sizes::LARGE, rounds(200), &[Strategy::DirtyLog]);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_logged_restore_copies_what_was_written() {
    let mut random = ChaCha12Rng::seed_from_u64(7);
    let mut subject = subject(Strategy::DirtyLog, Sizes::LARGE, &mut random);
    let pages = Sizes::LARGE.all_pages(&mut random);
    for count in [1, 7, 100] {
        let chosen: HashSet<u64> = pages.iter().copied().take(count).collect();
        let chosen: Vec<u64> = chosen.into_iter().collect();
        subject.store(0, &chosen).expect("a call that stores");
        subject.machine.restore();
        let statistics = subject.machine.statistics();
        let copied = statistics.restored_bytes / 4096;
        assert_eq!(statistics.strategy, Strategy::DirtyLog);
        // Beside them: mailbox and input.
        assert!((count as u64..count as u64 + 8).contains(&copied), "{copied} pages for {count}");
    }
    subject.machine.fix_strategy(Strategy::Copy).expect("copying");
    subject.store(0, &pages[..1]).expect("a call that stores");
    subject.machine.restore();
    let statistics = subject.machine.statistics();
    assert_eq!(statistics.strategy, Strategy::Copy);
    assert!(statistics.restored_bytes > 4 << 20);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_failed_call_under_the_log_leaves_nothing() {
    let mut machine = probe_machine(patient()).expect("the probe boots");
    for behaviour in
        [Behaviour::NullRead, Behaviour::StringInput, Behaviour::BadOutput, Behaviour::RepeatedGate]
    {
        machine.fix_strategy(Strategy::DirtyLog).expect("the log");
        call_probe(&mut machine, Behaviour::Keep, &[0x5a; 8], false).expect("a call in a session");
        // Some of these are harmless on some hypervisors.
        let _ = call_probe(&mut machine, behaviour, &[], true);
        super::assert_usable(&mut machine);
        assert_eq!(machine.changed_pages(), 0, "after {behaviour:?}");
    }
}

/// The test of the log passes on this host, and machines that can write much come to use it by themselves.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_machine_with_much_memory_comes_to_the_log_where_it_is_cheaper() {
    let found = test_dirty_log().expect("this KVM's log can be trusted");
    println!("{found}");
    let mut random = ChaCha12Rng::seed_from_u64(8);
    // Where processors are emulated, what fills the memory takes minutes.
    let memory = if is_emulated() { 8 << 20 } else { 64 << 20 };
    let subject = subject(Strategy::DirtyLog, Sizes { memory, ..Sizes::LARGE }, &mut random);
    let state = subject.machine.save().expect("its state");
    let numbers = subject.numbers.clone();
    let more: Vec<&[u8]> = NAMES.iter().filter_map(|name| crate::probe::stores::piece(name)).collect();
    let (image, _) = crate::probe::image_with(&more).expect("the probe loads");
    drop(subject);
    let limits = Limits { memory_bytes: 128 << 20, ..patient() };
    let snapshot = crate::Snapshot::load(image, &[], limits, false, &state).expect("a snapshot");
    let mut machine = snapshot.machine().expect("a machine");
    let mut logged = 0;
    for _ in 0..12 {
        let result = call_function(&mut machine, numbers[0], &words(&[1, 0x20_0000_0000]), true);
        assert_eq!(result.map_err(|error| error.code), Ok::<_, ErrorCode>(Vec::new()));
        logged += u32::from(machine.statistics().strategy == Strategy::DirtyLog);
    }
    // So much is never copied faster than a page is found; the first restores tell what the guest is like.
    assert!(logged >= 6, "{logged} of 12 restores went by the log");
}
