//! The cap on memories and tables.

use twinwall_abi::{CallKind, ErrorCode};

use crate::machine::Machine;
use crate::modules::slots;
use crate::setup::Setup;

const PAGE: u64 = 65_536;

const GROWING: &str = r#"(module
    (memory (export "memory") 1)
    (memory $second 1)
    (memory $bounded 0 2)
    (table $table 0 funcref)
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
    (func (export "grow_second") (param i32) (result i32) (memory.grow $second (local.get 0)))
    (func (export "grow_bounded") (param i32) (result i32) (memory.grow $bounded (local.get 0)))
    (func (export "grow_table") (param i32) (result i32) (table.grow $table (ref.null func) (local.get 0)))
    (func (export "poke") (param i32) (result i32)
        (i32.store8 (local.get 0) (i32.const 7)) (i32.load8_u (local.get 0))))"#;

const GROW: u32 = 1;
const GROW_SECOND: u32 = 2;
const GROW_BOUNDED: u32 = 3;
const GROW_TABLE: u32 = 4;
const POKE: u32 = 5;

/// The result, and the bytes in use afterwards.
fn grow(machine: &mut Machine, function: u32, by: u64) -> (i32, u64) {
    let reply = machine.call(CallKind::Scalar, function, &slots(&[by]));
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    let (slot, _) = reply.output.split_first_chunk::<4>().expect("a slot");
    (i32::from_le_bytes(*slot), reply.memory_bytes)
}

#[test]
fn memory_grows_up_to_the_cap_and_not_beyond() {
    let mut machine = Machine::boot(&Setup { memory_limit: 10 * PAGE, ..Setup::new(GROWING) });
    assert_eq!(grow(&mut machine, GROW, 5), (1, 7 * PAGE));
    assert_eq!(machine.call(CallKind::Scalar, POKE, &slots(&[6 * PAGE - 1])).output, slots(&[7]));
    assert_eq!(machine.call(CallKind::Scalar, POKE, &slots(&[6 * PAGE])).status, ErrorCode::Trap);
    assert_eq!(grow(&mut machine, GROW_SECOND, 4), (-1, 7 * PAGE));
    assert_eq!(grow(&mut machine, GROW_SECOND, 2), (1, 9 * PAGE));
    assert_eq!(grow(&mut machine, GROW_BOUNDED, 3), (-1, 9 * PAGE));
    assert_eq!(grow(&mut machine, GROW_TABLE, 2048), (0, 10 * PAGE));
    assert_eq!(grow(&mut machine, GROW_TABLE, 1), (-1, 10 * PAGE));
    assert_eq!(grow(&mut machine, GROW, 0), (6, 10 * PAGE));
    assert_eq!(grow(&mut machine, GROW, 0xffff_ffff), (-1, 10 * PAGE));
}

#[test]
fn a_growth_that_the_host_refuses_does_not_count() {
    let mut machine = Machine::boot(&Setup { memory_limit: 100 * PAGE, ..Setup::new(GROWING) });
    machine.out_of_memory = true;
    assert_eq!(grow(&mut machine, GROW, 5), (-1, 2 * PAGE));
    machine.out_of_memory = false;
    assert_eq!(grow(&mut machine, GROW, 5), (1, 7 * PAGE));
}

#[test]
fn memories_open_no_more_than_they_need() {
    let mut machine = Machine::boot(&Setup { memory_limit: 100 * PAGE, ..Setup::new(GROWING) });
    for _ in 0..3 {
        let reply = machine.call(CallKind::Scalar, GROW, &slots(&[1]));
        assert_eq!(reply.exits, 2, "each growth opens exactly its own pages");
    }
}

#[test]
fn a_module_that_does_not_fit_does_not_boot() {
    for (text, limit) in [
        ("(module (memory 3))", 2 * PAGE),
        ("(module (memory 1) (memory 2))", 2 * PAGE),
        ("(module (memory 65536))", 1 << 30),
        ("(module (table 9000 funcref))", PAGE),
        ("(module (memory 0) (memory 0) (memory 0) (memory 0))", PAGE),
    ] {
        let (_machine, reply) = Machine::try_boot(&Setup { memory_limit: limit, ..Setup::new(text) });
        assert_eq!(reply.status, ErrorCode::Memory, "{text}: {}", reply.message);
        assert!(reply.message.starts_with("the module does not fit its memory limit"), "{}", reply.message);
    }
    Machine::boot(&Setup { memory_limit: 3 * PAGE, ..Setup::new("(module (memory 3))") });
}
