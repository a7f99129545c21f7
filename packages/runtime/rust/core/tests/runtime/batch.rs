//! Many inputs in one call.

use twinwall_abi::batch::Items;
use twinwall_abi::{CallKind, ErrorCode, batch};

use crate::declare::Declaration;
use crate::machine::Machine;
use crate::modules::{ECHO, FIRST, module};
use crate::setup::Setup;

fn frame(items: &[&[u8]]) -> Vec<u8> {
    let mut bytes = (items.len() as u64).to_le_bytes().to_vec();
    for item in items {
        bytes.extend((item.len() as u64).to_le_bytes());
        bytes.extend(*item);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
    }
    bytes
}

fn unframe(bytes: &[u8]) -> Vec<&[u8]> {
    Items::new(bytes).expect("a batch").map(|item| item.expect("an item")).collect()
}

#[test]
fn each_input_has_its_result() {
    let text = module("", ECHO);
    let mut machine = Machine::boot(&Setup::new(&text));
    let items: [&[u8]; 6] = [b"", b"a", b"12345678", b"123456789", &[7; 3000], b"end"];
    let reply = machine.call(CallKind::Batch, FIRST, &frame(&items));
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    assert_eq!((unframe(&reply.output), reply.exits), (items.to_vec(), 1));
    assert_eq!(reply.output, frame(&items));
    assert_eq!(unframe(&machine.call(CallKind::Batch, FIRST, &frame(&[])).output).len(), 0);
}

#[test]
fn sixteen_thousand_bytes_of_results_and_more_are_fine() {
    let text = module("", ECHO);
    let mut machine = Machine::boot(&Setup::new(&text));
    let items: Vec<&[u8]> = vec![&[1; 500]; 100];
    let reply = machine.call(CallKind::Batch, FIRST, &frame(&items));
    assert_eq!(unframe(&reply.output), items, "{}", reply.message);
    assert!(reply.exits > 1, "the out area had to grow");
}

#[test]
fn host_calls_do_not_overwrite_earlier_results_or_later_inputs() {
    let import = r#"(import "twinwall" "turn" (func $turn (param i32 i32) (result i64)))"#;
    let text = module(
        import,
        r#"(func (export "f") (param i32 i32) (result i64) (call $turn (local.get 0) (local.get 1)))"#,
    );
    let setup = Setup { host_functions: &[Declaration::bytes("turn")], ..Setup::new(&text) };
    let mut machine = Machine::boot(&setup);
    machine.host = Box::new(|_, bytes| Ok(bytes.iter().rev().copied().collect()));
    let reply = machine.call(CallKind::Batch, FIRST, &frame(&[b"abc", b"", b"0123456789", b"xy"]));
    assert_eq!(unframe(&reply.output), [&b"cba"[..], b"", b"9876543210", b"yx"], "{}", reply.message);
    assert_eq!(reply.exits, 5);
}

#[test]
fn one_failure_ends_the_batch() {
    let text = module(
        "",
        r#"(func (export "f") (param i32 i32) (result i64)
            (if (i32.eq (local.get 1) (i32.const 3)) (then unreachable))
            (call $pack (local.get 0) (local.get 1)))"#,
    );
    let mut machine = Machine::boot(&Setup::new(&text));
    let reply = machine.call(CallKind::Batch, FIRST, &frame(&[b"ab", b"abc", b"ab"]));
    assert_eq!((reply.status, reply.output.len()), (ErrorCode::Trap, 0));
}

#[test]
fn a_malformed_batch_is_refused() {
    let text = module("", ECHO);
    let mut machine = Machine::boot(&Setup::new(&text));
    let mut short = frame(&[b"12345678", b"12345678"]);
    short.truncate(short.len() - 1);
    let mut long_item = frame(&[b"1234"]);
    long_item[batch::HEAD] = 0xff;
    let many = u64::from(u32::MAX).to_le_bytes().to_vec();
    for input in [vec![], vec![0; 7], short, long_item, many] {
        assert_eq!(machine.call(CallKind::Batch, FIRST, &input).status, ErrorCode::Internal);
    }
}
