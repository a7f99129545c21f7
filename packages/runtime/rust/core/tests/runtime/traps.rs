//! What goes wrong inside WebAssembly.

use twinwall_abi::{CallKind, ErrorCode, TrapCode};

use crate::machine::Machine;
use crate::modules::slots;
use crate::setup::Setup;

const TRAPS: &str = r#"(module
    (memory 1)
    (table 2 2 funcref)
    (elem (i32.const 1) func $numbers)
    (type $plain (func))
    (func $numbers (param i32))
    (func (export "unreachable") unreachable)
    (func (export "load") (drop (i32.load (i32.const 65533))))
    (func (export "divide") (drop (i32.div_s (i32.const 1) (global.get $zero))))
    (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
    (func (export "convert") (drop (i32.trunc_f32_s (f32.const 1e30))))
    (func (export "null") (call_indirect (type $plain) (global.get $zero)))
    (func (export "signature") (call_indirect (type $plain) (i32.const 1)))
    (func (export "table") (call_indirect (type $plain) (i32.const 9)))
    (func $deep (export "deep") (call $deep) (call $deep))
    (func (export "fill") (memory.fill (i32.const 65530) (i32.const 0) (i32.const 7)))
    (global $zero i32 (i32.const 0))
    (func (export "fine")))"#;

#[test]
fn every_trap_has_its_code_and_the_guest_goes_on() {
    let mut machine = Machine::boot(&Setup::new(TRAPS));
    let cases = [
        TrapCode::Unreachable,
        TrapCode::MemoryOutOfBounds,
        TrapCode::IntegerDivisionByZero,
        TrapCode::IntegerOverflow,
        TrapCode::IntegerOverflow,
        TrapCode::IndirectCallToNull,
        TrapCode::BadSignature,
        TrapCode::TableOutOfBounds,
        TrapCode::StackOverflow,
        TrapCode::MemoryOutOfBounds,
    ];
    let fine = cases.len() as u32;
    for (function, code) in (0..).zip(cases) {
        let reply = machine.call(CallKind::Scalar, function, &[]);
        assert_eq!(reply.status, ErrorCode::Trap);
        assert_eq!(reply.detail, i32::from(code.0), "{code:?}: {}", reply.message);
        assert!(!reply.message.is_empty() && !reply.message.contains("wasm trap"), "{}", reply.message);
        assert_eq!(machine.call(CallKind::Scalar, fine, &[]).status, ErrorCode::None);
    }
}

#[test]
fn a_backtrace_names_functions_innermost_first() {
    let text = r#"(module
        (func $inner (param i32) (if (local.get 0) (then unreachable)))
        (func $middle (param i32) (call $inner (local.get 0)))
        (func $outer (export "go") (param i32) (call $middle (local.get 0))))"#;
    let mut machine = Machine::boot(&Setup::new(text));
    assert_eq!(machine.call(CallKind::Scalar, 0, &slots(&[0])).status, ErrorCode::None);
    let reply = machine.call(CallKind::Scalar, 0, &slots(&[1]));
    let frames: Vec<Vec<&str>> = reply.frames.lines().map(|line| line.split('\t').collect()).collect();
    let names: Vec<_> = frames.iter().map(|frame| (frame[0], frame[1])).collect();
    assert_eq!(names, [("0", "inner"), ("1", "middle"), ("2", "outer")]);
    for frame in frames {
        let offset = frame[2].strip_prefix("0x").expect("hexadecimal");
        assert!(u32::from_str_radix(offset, 16).expect("a number") > 0);
    }
}

#[test]
fn a_backtrace_is_bounded() {
    let mut machine = Machine::boot(&Setup::new(TRAPS));
    let reply = machine.call(CallKind::Scalar, 8, &[]);
    assert_eq!(reply.frames.lines().count(), 64);
}
