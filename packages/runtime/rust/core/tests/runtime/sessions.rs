//! Several calls on one state.

use twinwall_abi::{CallKind, ErrorCode, RequestFlag};

use crate::machine::Machine;
use crate::modules::slots;
use crate::setup::Setup;

/// Counts what is allocated and freed. `inside` returns part of its input, `fresh` memory of its own.
const COUNTING: &str = r#"(module
    (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
    (memory (export "memory") 1)
    (global $held (mut i32) (i32.const 0))
    (global $bytes (mut i32) (i32.const 0))
    (func $allocate (export "twinwall_allocate") (param i32) (result i32)
        (global.set $held (i32.add (global.get $held) (i32.const 1)))
        (global.set $bytes (i32.add (global.get $bytes) (local.get 0)))
        (i32.mul (global.get $held) (i32.const 1024)))
    (func (export "twinwall_free") (param i32 i32)
        (global.set $held (i32.sub (global.get $held) (i32.const 1)))
        (global.set $bytes (i32.sub (global.get $bytes) (local.get 1))))
    (func (export "inside") (param i32 i32) (result i64)
        (i64.or
            (i64.shl (i64.extend_i32_u (i32.add (local.get 0) (i32.const 1))) (i64.const 32))
            (i64.extend_i32_u (i32.sub (local.get 1) (i32.const 1)))))
    (func (export "fresh") (param i32 i32) (result i64)
        (i64.or
            (i64.shl (i64.extend_i32_u (call $allocate (i32.const 10))) (i64.const 32))
            (i64.const 10)))
    (func (export "fails") (param i32 i32) (result i64)
        (call $fail (i32.const 42) (local.get 0) (local.get 1)) unreachable)
    (func (export "held") (result i32 i32) (global.get $held) (global.get $bytes)))"#;

const INSIDE: u32 = 3;
const FRESH: u32 = 4;
const FAILS: u32 = 5;
const HELD: u32 = 6;

#[test]
fn input_and_result_are_freed_once_at_the_next_call() {
    let mut machine = Machine::boot(&Setup::new(COUNTING));
    for _ in 0..5 {
        assert_eq!(machine.call(CallKind::Bytes, INSIDE, b"abc").output, b"bc");
        assert_eq!(machine.call(CallKind::Bytes, FRESH, b"abc").output.len(), 10);
        assert_eq!(machine.call(CallKind::Scalar, HELD, &[]).output, slots(&[0, 0]));
    }
}

#[test]
fn a_failure_of_the_modules_own_keeps_code_text_and_session() {
    let mut machine = Machine::boot(&Setup::new(COUNTING));
    let reply = machine.call(CallKind::Bytes, FAILS, "a pity: ü\u{1f600}".as_bytes());
    assert_eq!((reply.status, reply.detail), (ErrorCode::GuestError, 42));
    assert_eq!(reply.message, "a pity: ü\u{1f600}");
    assert_eq!(machine.call(CallKind::Bytes, INSIDE, b"on").output, b"n");
    assert_eq!(machine.call(CallKind::Scalar, HELD, &[]).output, slots(&[0, 0]));
    let reply = machine.call(CallKind::Bytes, FAILS, &[0xff, b'x', 0xc3]);
    assert_eq!(reply.message, "\u{fffd}x\u{fffd}");
    let reply = machine.call(CallKind::Bytes, FAILS, &[b'y'; 9000]);
    assert_eq!(reply.message, "y".repeat(4096));
    assert_eq!(machine.call(CallKind::Bytes, FAILS, b"").message, "");
}

#[test]
fn clocks_and_randomness_follow_the_calls() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
        (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "time") (param i32) (result i64)
            (if (call $time (local.get 0) (i64.const 0) (i32.const 8)) (then unreachable))
            (i64.load (i32.const 8)))
        (func (export "random") (result i64)
            (if (call $random (i32.const 8) (i32.const 8)) (then unreachable))
            (i64.load (i32.const 8))))"#;
    let mut machine = Machine::boot(&Setup::new(text));
    let number = |machine: &mut Machine, function, input: &[u64]| {
        let output = machine.call(CallKind::Scalar, function, &slots(input)).output;
        u64::from_le_bytes(output.try_into().expect("one number"))
    };
    let (realtime, monotonic) = (0, 1);
    machine.configure().set_wall_clock(1 << 60);
    let first = number(&mut machine, 1, &[monotonic]);
    machine.configure().set_flags(RequestFlag::Continues.0);
    let second = number(&mut machine, 1, &[monotonic]);
    assert!(second > first, "{second} follows {first}");
    assert!(number(&mut machine, 1, &[realtime]) >= 1 << 60);
    let drawn = number(&mut machine, 2, &[]);
    assert_eq!(number(&mut machine, 2, &[]), drawn, "the seed is the host's business");
    let mut seed = twinwall_abi::Seed::default();
    seed.0.fill(9);
    machine.configure().set_seed(&seed);
    assert_ne!(number(&mut machine, 2, &[]), drawn);
}
