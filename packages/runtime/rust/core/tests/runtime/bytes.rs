//! Calls of bytes functions.

use twinwall_abi::{CallKind, ErrorCode};

use crate::machine::Machine;
use crate::modules::{ECHO, FIRST, module};
use crate::setup::Setup;

#[test]
fn every_byte_comes_back_in_one_exit() {
    let text = module("", ECHO);
    let mut machine = Machine::boot(&Setup::new(&text));
    let data: Vec<u8> = (0..20_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    for length in [1, 2, 3, 7, 15, 16, 127, 128, 4096, 16_384] {
        let reply = machine.call(CallKind::Bytes, FIRST, &data[..length]);
        assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
        assert_eq!(reply.output, &data[..length]);
        assert_eq!(reply.exits, 1);
        assert_eq!(reply.memory_bytes, 65_536);
    }
}

#[test]
fn an_empty_input_needs_no_memory_and_no_allocator() {
    let text = r#"(module (func (export "f") (param i32 i32) (result i64)
        (if (i32.or (local.get 0) (local.get 1)) (then unreachable)) (i64.const 0)))"#;
    let mut machine = Machine::boot(&Setup::new(text));
    let reply = machine.call(CallKind::Bytes, 0, &[]);
    assert_eq!((reply.status, reply.output.len()), (ErrorCode::None, 0));
    let reply = machine.call(CallKind::Bytes, 0, b"x");
    assert_eq!(reply.status, ErrorCode::BadModule);
    assert_eq!(reply.message, "the module exports no memory `memory`");
}

#[test]
fn a_missing_or_wrong_piece_is_named() {
    let function = r#"(func (export "f") (param i32 i32) (result i64) (i64.const 0))"#;
    let cases = [
        (r#"(memory (export "memory") 1)"#, ErrorCode::BadModule, "exports no function `twinwall_allocate`"),
        (r#"(global (export "memory") i32 (i32.const 0))"#, ErrorCode::Type, "`memory` is not a memory"),
        (
            r#"(memory (export "memory") 1) (func (export "twinwall_allocate") (param i64) (result i32) (i32.const 0))"#,
            ErrorCode::Type,
            "`twinwall_allocate` must be a function of type (i32) -> i32",
        ),
        (
            r#"(memory (export "memory") 1) (func (export "twinwall_free"))"#,
            ErrorCode::Type,
            "`twinwall_free` must be a function of type (i32, i32) -> ()",
        ),
    ];
    for (rest, status, message) in cases {
        let text = format!("(module {function} {rest})");
        let mut machine = Machine::boot(&Setup::new(&text));
        let reply = machine.call(CallKind::Bytes, 0, b"x");
        assert_eq!(reply.status, status);
        assert!(reply.message.contains(message), "{}", reply.message);
    }
}

#[test]
fn only_bytes_functions_take_bytes() {
    let text = module("", r#"(func (export "add") (param i32 i32) (result i32) (i32.const 0))"#);
    let mut machine = Machine::boot(&Setup::new(&text));
    let reply = machine.call(CallKind::Bytes, FIRST, b"x");
    assert_eq!(reply.status, ErrorCode::Type);
    let expected = "the function `add` has type (i32, i32) -> i32; a bytes function has (i32, i32) -> i64";
    assert_eq!(reply.message, expected);
    let reply = machine.call(CallKind::Bytes, 0, b"x");
    assert_eq!(
        (reply.status, reply.message.as_str()),
        (ErrorCode::NoFunction, "the export `memory` is not a function")
    );
    assert_eq!(machine.call(CallKind::Bytes, u32::MAX, b"x").status, ErrorCode::NoFunction);
}

#[test]
fn what_the_module_returns_is_checked() {
    let text = r#"(module
        (memory (export "memory") 1)
        (global $pointer (mut i32) (i32.const 0))
        (func (export "twinwall_allocate") (param i32) (result i32) (global.get $pointer))
        (func (export "result") (param i64) (result i64) (local.get 0))
        (func (export "set") (param i32) (global.set $pointer (local.get 0)))
        (func (export "past_end") (param i32 i32) (result i64) (i64.const 0xffff00000002))
        (func (export "at_end") (param i32 i32) (result i64) (i64.const 0xffff00000001))
        (func (export "nothing") (param i32 i32) (result i64) (i64.const 0xffffffff00000000))
        (func (export "huge") (param i32 i32) (result i64) (i64.const -1)))"#;
    let mut machine = Machine::boot(&Setup::new(text));
    let status =
        |machine: &mut Machine, function, input: &[u8]| machine.call(CallKind::Bytes, function, input).status;
    assert_eq!(status(&mut machine, 4, b""), ErrorCode::BadReply);
    assert_eq!(machine.call(CallKind::Bytes, 5, b"").output, [0]);
    assert_eq!(machine.call(CallKind::Bytes, 6, b"").output, []);
    assert_eq!(status(&mut machine, 7, b""), ErrorCode::BadReply);
    let reply = machine.call(CallKind::Bytes, 6, b"x");
    assert_eq!(reply.status, ErrorCode::Memory);
    assert_eq!(reply.message, "`twinwall_allocate` has no room for 1 bytes");
    for (pointer, expected) in
        [(65_535, ErrorCode::None), (65_536, ErrorCode::BadModule), (-1, ErrorCode::BadModule)]
    {
        machine.call(CallKind::Scalar, 3, &i64::from(pointer).to_le_bytes());
        assert_eq!(status(&mut machine, 6, b"x"), expected, "{pointer}");
    }
}

#[test]
fn the_out_area_grows_up_to_the_limit() {
    let text = r#"(module
        (memory (export "memory") 16)
        (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 8))
        (func (export "zeros") (param i32 i32) (result i64) (i64.extend_i32_u (i32.load (local.get 0)))))"#;
    let mut machine = Machine::boot(&Setup::new(text));
    let reply = |machine: &mut Machine, length: u32| machine.call(CallKind::Bytes, 2, &length.to_le_bytes());
    assert_eq!((reply(&mut machine, 16_384).exits, reply(&mut machine, 16_384).output.len()), (1, 16_384));
    let large = reply(&mut machine, 300_000);
    assert_eq!((large.exits, large.output.len()), (2, 300_000));
    machine.configure().set_output_limit(1000);
    assert_eq!(reply(&mut machine, 1000).output.len(), 1000);
    let refused = reply(&mut machine, 1001);
    assert_eq!(refused.status, ErrorCode::Limit);
    assert!(refused.message.contains("1001") && refused.message.contains("1000"), "{}", refused.message);
    machine.configure().set_output_limit(1 << 20);
    machine.out_of_memory = true;
    assert_eq!(reply(&mut machine, 300_001).status, ErrorCode::Memory);
}
