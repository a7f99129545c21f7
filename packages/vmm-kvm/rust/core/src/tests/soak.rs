//! Many calls of one machine: nothing adds up.

use twinwall_abi::layout::MEMORIES;

use super::{call, code, rounds};
use crate::probe::Behaviour;
use crate::self_test::{patient, probe_snapshot};

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn ten_thousand_calls_and_restores_change_nothing() {
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let mut machine = snapshot.machine().expect("a machine");
    let calls = rounds(10_000);
    for round in 0..calls {
        let (behaviour, input) = match round % 16 {
            0 => (Behaviour::DeepStack, vec![]),
            1 => (Behaviour::Grow, MEMORIES.to_le_bytes().to_vec()),
            _ => (Behaviour::Keep, round.to_le_bytes().to_vec()),
        };
        call(&mut machine, behaviour, &input).expect("a call");
        assert!(machine.has_writable_memory(snapshot.contents().bytes()), "round {round}");
        if round % 64 < 2 {
            assert!(machine.grown_memory_is_zero(), "round {round}");
        }
    }
    let statistics = machine.statistics();
    assert_eq!((statistics.calls, statistics.replaced), (calls, 0));
    assert!(statistics.opened_bytes < 4 << 20, "{} bytes open", statistics.opened_bytes);
    assert!(machine.memslots().is_some_and(|slots| slots <= 4));
}

/// Attacks, failures and good calls by turns.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn machines_come_and_go_without_a_trace() {
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let mut machine = snapshot.machine().expect("a machine");
    let attacks =
        [Behaviour::StringInput, Behaviour::NullRead, Behaviour::BadOutput, Behaviour::RepeatedGate];
    for round in 0..rounds(200) {
        let _ = code(call(&mut machine, attacks[round as usize % attacks.len()], &[]));
        call(&mut machine, Behaviour::Keep, &round.to_le_bytes()).expect("a call");
        assert!(machine.has_writable_memory(snapshot.contents().bytes()), "round {round}");
        assert!(machine.has_initial_state(), "round {round}");
    }
}
