//! Guests that keep the host busy, or make it allocate: each kind of work has an end.

use twinwall_abi::layout::{AREA_WINDOW, HEAP, INPUT, MAILBOX, MEMORIES, OUTPUT, STACK_TOP};
use twinwall_abi::outbox::Entry;
use twinwall_abi::{ErrorCode, RecordKind};

use super::{Attacker, outcome, words};
use crate::host::{Host, TimeLimit};
use crate::machine::Limits;
use crate::memory::HostMemory;
use crate::self_test::patient;

/// Counts what it is asked for.
#[derive(Default)]
struct Counter {
    calls: u64,
    arguments: Vec<usize>,
    records: u64,
    record_bytes: usize,
    /// Length of each answer.
    answer: usize,
}

impl Host for Counter {
    fn call(&mut self, _function: u32, arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        self.calls += 1;
        self.arguments.push(arguments.len());
        Ok(vec![0xee; self.answer])
    }

    fn record(&mut self, entry: Entry<'_>, _limit: TimeLimit) {
        assert_eq!(entry.kind, RecordKind::Stdout);
        self.records += 1;
        self.record_bytes += entry.data.len();
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn host_calls_end_at_their_limit() {
    let limits = Limits { host_calls: 500, deadline: 60_000_000_000, ..patient() };
    let mut attacker = Attacker::new(&["host calls without end"], limits);
    for _ in 0..2 {
        let mut host = Counter::default();
        let result = attacker.run_with(0, &[], &mut host, true);
        assert_eq!(outcome(&result), ErrorCode::Limit, "{result:?}");
        assert_eq!(host.calls, 500);
        assert_eq!(attacker.machine.statistics().host_calls, 501);
        attacker.assert_clean("a flood of host calls");
    }
}

/// Each answer goes to the same place: answers do not pile up in the input area.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn large_answers_do_not_pile_up() {
    let limits = Limits { host_calls: 40, deadline: 60_000_000_000, ..patient() };
    let mut attacker = Attacker::new(&["host calls without end"], limits);
    let mut host = Counter { answer: 1 << 20, ..Counter::default() };
    let result = attacker.run_with(0, &[], &mut host, true);
    assert_eq!(outcome(&result), ErrorCode::Limit);
    assert!(attacker.machine.statistics().opened_bytes <= 4 << 20);
    let mut host = Counter { answer: (64 << 20) + 1, ..Counter::default() };
    assert_eq!(outcome(&attacker.run_with(0, &[], &mut host, true)), ErrorCode::Limit);
    assert_eq!(host.calls, 1, "an answer larger than the input limit ends the call");
    attacker.assert_clean("large answers");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_host_calls_pass_has_a_limit_of_its_own() {
    let limits = Limits { host_bytes: 10_000, deadline: 60_000_000_000, ..patient() };
    let mut attacker = Attacker::new(&["host calls without end"], limits);
    let mut host = Counter { answer: 1000, ..Counter::default() };
    let result = attacker.run_with(0, &[], &mut host, true);
    assert_eq!(outcome(&result), ErrorCode::Limit, "{result:?}");
    assert!(host.calls <= 11, "{}", host.calls);
    assert!(attacker.machine.statistics().host_bytes > 10_000);
    attacker.assert_clean("too many bytes of host calls");
}

/// Waiting costs no processor time, so the limit on that does not end a wait.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_host_function_that_waits_uses_no_processor_time() {
    struct Sleeper;
    impl Host for Sleeper {
        fn call(&mut self, _: u32, _: &[u8], _: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
            std::thread::sleep(std::time::Duration::from_millis(1200));
            Ok(Vec::new())
        }
        fn record(&mut self, _: Entry<'_>, _: TimeLimit) {}
    }
    let limits = Limits { cpu_time: 800_000_000, deadline: 60_000_000_000, ..patient() };
    let mut attacker = Attacker::new(&["host call with the input's address and length"], limits);
    attacker.run_with(0, &words(&[OUTPUT, 8]), &mut Sleeper, true).expect("sleep is no work");
}

/// Addresses and lengths at every edge that a check could get wrong.
fn edges(base: u64, open: u64) -> Vec<[u64; 2]> {
    let mut edges = Vec::new();
    for address in [0, base - 1, base + open - 1, base + open, base + AREA_WINDOW, u64::MAX, 1 << 63] {
        for length in [1, 8, open, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 63, u64::MAX] {
            edges.push([address, length]);
        }
    }
    edges.extend(
        [open + 1, 1 << 31, 1 << 63, u64::MAX, u64::MAX - base, (!base).wrapping_add(1)].map(|n| [base, n]),
    );
    edges.retain(|&[address, length]| {
        address < base || address.checked_add(length).is_none_or(|end| end > base + open)
    });
    edges
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn arguments_outside_the_output_area_never_reach_the_host() {
    let mut attacker = Attacker::new(&["host call with the input's address and length"], patient());
    for edge in edges(OUTPUT, 4096) {
        let mut host = Counter::default();
        let result = attacker.run_with(0, &words(&edge), &mut host, true);
        assert!(matches!(outcome(&result), ErrorCode::BadReply | ErrorCode::Limit), "{edge:x?}: {result:?}");
        assert_eq!(host.calls, 0, "{edge:x?}");
    }
    let mut host = Counter::default();
    attacker.run_with(0, &words(&[OUTPUT, 4096]), &mut host, true).expect("all that is open");
    attacker.run_with(0, &words(&[u64::MAX, 0]), &mut host, true).expect("nothing, from nowhere");
    assert_eq!(host.arguments, [4096, 0]);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn arguments_have_the_limit_of_results() {
    let limits = Limits { output_bytes: 100, ..patient() };
    let mut attacker = Attacker::new(&["host call with the input's address and length"], limits);
    let mut host = Counter::default();
    attacker.run_with(0, &words(&[OUTPUT, 100]), &mut host, true).expect("at the limit");
    let result = attacker.run_with(0, &words(&[OUTPUT, 101]), &mut host, true);
    assert_eq!(outcome(&result), ErrorCode::Limit, "{result:?}");
    assert_eq!(host.arguments, [100]);
    attacker.assert_clean("oversize arguments");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn replies_outside_the_output_area_are_refused() {
    let names = ["reply with the input's address and length", "failure with the input's address and length"];
    let mut attacker = Attacker::new(&names, patient());
    for edge in edges(OUTPUT, 4096) {
        for piece in 0..2 {
            let result = attacker.run(piece, &words(&edge));
            assert!(
                matches!(outcome(&result), ErrorCode::BadReply | ErrorCode::Limit),
                "{edge:x?}: {result:?}"
            );
        }
    }
    attacker.assert_clean("bad replies");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_outbox_ends_with_its_area_and_its_records() {
    let mut attacker = Attacker::new(&["an outbox of the input's length"], patient());
    for (area, record) in [
        (4097, 0),
        (u64::MAX, 0),
        (1 << 63, 0),
        (1 << 32, 0),
        (15, 0),
        (16, 1),
        (4096, 4081),
        (4096, 0xffff_ffff),
        (4096, 0xffff_fff0),
    ] {
        let mut host = Counter::default();
        let result = attacker.run_with(0, &words(&[area, record]), &mut host, true);
        assert_eq!(outcome(&result), ErrorCode::BadReply, "{area} {record}");
        assert_eq!(host.records, 0);
    }
    let mut host = Counter::default();
    attacker.run_with(0, &words(&[4096, 4080]), &mut host, true).expect("a record that fills the area");
    assert_eq!((host.records, host.record_bytes), (1, 4080));
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn records_end_at_their_limit() {
    let limits = Limits { outbox_bytes: 32 << 10, deadline: 60_000_000_000, ..patient() };
    let mut attacker = Attacker::new(&["records without end"], limits);
    for _ in 0..2 {
        let mut host = Counter::default();
        let result = attacker.run_with(0, &[], &mut host, true);
        assert_eq!(outcome(&result), ErrorCode::Limit, "{result:?}");
        assert_eq!(host.records, 32);
        attacker.assert_clean("a flood of records");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn empty_drains_end_at_the_deadline() {
    let mut attacker = Attacker::new(&["drains without end"], patient());
    attacker.machine.configure(Limits { deadline: 20_000_000, ..patient() });
    let result = attacker.run(0, &[]);
    assert_eq!(outcome(&result), ErrorCode::Deadline, "{result:?}");
    attacker.machine.configure(patient());
    attacker.assert_clean("endless drains");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn growth_of_all_memories_makes_few_memslots() {
    let limits = Limits { memory_bytes: 2 << 30, ..patient() };
    let mut attacker = Attacker::new(&["memories without end"], limits);
    attacker.machine.configure(Limits { deadline: 300_000_000, ..limits });
    // The machine is looked at while it runs: a poisoned one is gone afterwards.
    let result = attacker.run(0, &[]);
    assert_eq!(outcome(&result), ErrorCode::Deadline, "{result:?}");
    attacker.machine.configure(limits);
    attacker.assert_clean("growth of all memories");
}

/// The host's own view, in a session, of growth in small and large steps by turns.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn memslots_grow_with_the_logarithm_of_memory() {
    let limits = Limits { memory_bytes: 2 << 30, ..patient() };
    let mut attacker = Attacker::new(&["growth of the input's address and length"], limits);
    let mut ends = [0_u64; 32];
    let mut opened = true;
    for step in 0_u64.. {
        if !opened {
            break;
        }
        opened = false;
        for (memory, end) in ends.iter_mut().enumerate() {
            let length = if memory % 2 == 0 { 4096 } else { 4096 << (step + 4) };
            let base = MEMORIES + memory as u64 * (8 << 30);
            let reply = attacker
                .run_with(0, &words(&[base + *end, length]), &mut crate::NoHost, false)
                .expect("growth is answered");
            if reply[..4] == [0; 4] {
                opened |= memory % 2 == 1;
                *end += length;
            }
        }
    }
    assert!(ends.iter().sum::<u64>() > 1 << 30, "{ends:x?}");
    let slots = attacker.machine.memslots().expect("a live machine");
    assert!(slots < 40, "{slots} memslots");
    attacker.machine.restore();
    attacker.assert_clean("growth in steps");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn growth_requests_at_every_edge_open_nothing_else() {
    // Limits that would let the windows run into their neighbours.
    let limits = Limits { input_bytes: u64::MAX, output_bytes: u64::MAX, ..patient() };
    let mut attacker = Attacker::new(&["growth of the input's address and length"], limits);
    let lengths = [0, 1, 4095, 4096, 1 << 30, 1 << 32, 1 << 33, 1 << 63, u64::MAX, !0xfff];
    for base in
        [0, 0x1000, INPUT, OUTPUT, OUTPUT + AREA_WINDOW, HEAP, MEMORIES, MAILBOX, STACK_TOP - (1 << 20)]
    {
        for offset in [0, 1, 4096, 1 << 30, 1 << 32, u64::MAX / 4096 * 4096] {
            for length in lengths {
                let address = base.wrapping_add(offset);
                let result = attacker.run(0, &words(&[address, length]));
                assert!(result.is_ok(), "{address:#x} {length:#x}: {result:?}");
            }
        }
    }
    for (address, mapped) in [
        (OUTPUT + AREA_WINDOW, false),
        (OUTPUT + AREA_WINDOW + 4096, false),
        (OUTPUT + (2 << 30), false),
        (MAILBOX + 4096, false),
        (INPUT + AREA_WINDOW, false),
        (HEAP + (4 << 30), false),
        (MEMORIES + (4 << 30), false),
        (0, false),
    ] {
        assert_eq!(attacker.machine.is_mapped(address), Some(mapped), "{address:#x}");
    }
    attacker.assert_clean("growth at the edges");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn an_input_larger_than_its_window_is_refused() {
    let limits = Limits { input_bytes: u64::MAX, ..patient() };
    let mut attacker = Attacker::new(&["host call with the input's address and length"], limits);
    // Untouched zero pages.
    let input = HostMemory::small(AREA_WINDOW as usize + 1).expect("address space");
    let result = attacker.run(0, input.slice());
    assert_eq!(outcome(&result), ErrorCode::Limit, "{result:?}");
    attacker.assert_clean("an input that is too large");
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn exceptions_end_with_the_stack_window() {
    let mut attacker = Attacker::new(&["each page of the stack"], patient());
    for _ in 0..3 {
        attacker.run(0, &[]).expect("all of the window may be touched");
        let exits = attacker.machine.statistics().exits;
        assert!(exits <= 257, "{exits} exits");
        attacker.assert_clean("exceptions in the stack window");
    }
    assert_eq!(attacker.machine.statistics().replaced, 0);
}
