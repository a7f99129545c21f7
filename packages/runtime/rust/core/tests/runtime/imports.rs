//! Host functions and other imports.

use twinwall_abi::{CallKind, ErrorCode, RecordKind, TrapCode, ValueType};

use crate::declare::Declaration;
use crate::machine::{Machine, OUTBOX};
use crate::modules::{FIRST, module, slots};
use crate::setup::Setup;

const BYTES_IMPORT: &str = r#"(import "twinwall" "host" (func $host (param i32 i32) (result i64)))"#;

/// Passes its input to the host function and returns what that returned.
const PASS: &str = r#"(func (export "pass") (param i32 i32) (result i64) (call $host (local.get 0) (local.get 1)))
    (func (export "beyond") (result i64) (call $host (i32.const 65535) (i32.const 2)))
    (func (export "nothing") (result i64) (call $host (i32.const -1) (i32.const 0)))"#;

fn bytes_machine(text: &str) -> Machine {
    Machine::boot(&Setup {
        host_functions: &[Declaration::bytes("unused"), Declaration::bytes("host")],
        ..Setup::new(text)
    })
}

#[test]
fn a_host_function_gets_bytes_and_returns_bytes() {
    let text = module(BYTES_IMPORT, PASS);
    let mut machine = bytes_machine(&text);
    machine.host = Box::new(|function, bytes| {
        assert_eq!(function, 1, "the number of the declaration");
        Ok([bytes, b"!", bytes].concat())
    });
    let reply = machine.call(CallKind::Bytes, FIRST, b"hey");
    assert_eq!((reply.output.as_slice(), reply.exits), (&b"hey!hey"[..], 2), "{}", reply.message);
    let reply = machine.call(CallKind::Scalar, FIRST + 2, &[]);
    assert_eq!((reply.status, reply.output.len()), (ErrorCode::None, 8));
    let reply = machine.call(CallKind::Scalar, FIRST + 1, &[]);
    assert_eq!((reply.status, reply.detail), (ErrorCode::Trap, i32::from(TrapCode::MemoryOutOfBounds.0)));
}

#[test]
fn a_host_function_that_fails_ends_the_call_with_its_code() {
    let text = module(BYTES_IMPORT, PASS);
    let mut machine = bytes_machine(&text);
    for code in [ErrorCode::HostFunction, ErrorCode::Limit, ErrorCode::Deadline] {
        machine.host = Box::new(move |_, _| Err(code));
        let reply = machine.call(CallKind::Bytes, FIRST, b"hey");
        assert_eq!((reply.status, reply.message.as_str(), reply.exits), (code, "", 2));
        assert_eq!(reply.frames.lines().count(), 1);
    }
}

#[test]
fn an_answer_that_does_not_fit_is_a_lack_of_memory() {
    let text = module(BYTES_IMPORT, PASS);
    let mut machine = bytes_machine(&text);
    machine.host = Box::new(|_, _| Ok(vec![1; 70_000]));
    let reply = machine.call(CallKind::Bytes, FIRST, b"hey");
    assert_eq!(reply.status, ErrorCode::Memory);
    machine.host = Box::new(|_, _| Ok(vec![]));
    machine.configure().set_output_limit(2);
    assert_eq!(machine.call(CallKind::Bytes, FIRST, b"hey").status, ErrorCode::Limit);
}

#[test]
fn a_host_function_on_numbers() {
    let text = r#"(module
        (import "twinwall" "mix" (func $mix (param i32 i64 f32 f64) (result f64 i32)))
        (import "twinwall" "tick" (func $tick))
        (func (export "f") (param i32 i64 f32 f64) (result f64 i32)
            (call $tick) (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3))))"#;
    let declarations = [
        Declaration::scalars(
            "mix",
            &[ValueType::I32, ValueType::I64, ValueType::F32, ValueType::F64],
            &[ValueType::F64, ValueType::I32],
        ),
        Declaration::scalars("tick", &[], &[]),
    ];
    let mut machine = Machine::boot(&Setup { host_functions: &declarations, ..Setup::new(text) });
    let given = [u64::MAX, 1 << 40, u64::from(1.5_f32.to_bits()), 2.5_f64.to_bits()];
    machine.host = Box::new(move |function, arguments| {
        if function == 1 {
            assert!(arguments.is_empty());
            return Ok(vec![]);
        }
        assert_eq!(arguments, slots(&given));
        Ok(slots(&[9.5_f64.to_bits(), 0xffff_ffff_0000_0011]))
    });
    let reply = machine.call(CallKind::Scalar, 0, &slots(&given));
    assert_eq!((reply.output, reply.exits), (slots(&[9.5_f64.to_bits(), 0x11]), 3), "{}", reply.message);
    machine.host = Box::new(|_, _| Ok(vec![0; 12]));
    assert_eq!(machine.call(CallKind::Scalar, 0, &slots(&given)).status, ErrorCode::Internal);
}

#[test]
fn deferred_calls_cost_no_exit_of_their_own() {
    let text = module(
        r#"(import "twinwall" "log" (func $log (param i32 i32)))
        (import "twinwall" "count" (func $count (param i32 i64)))"#,
        r#"(func (export "work") (param i32 i32) (result i64)
            (call $log (local.get 0) (local.get 1))
            (call $count (i32.const -1) (i64.const 7))
            (call $log (local.get 0) (i32.const 0))
            (i64.const 0))
        (func (export "flood") (param $rounds i32)
            (loop $again
                (call $count (local.get $rounds) (i64.const 0))
                (br_if $again (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1))))))"#,
    );
    let declarations = [
        Declaration::bytes("log").deferred(),
        Declaration::scalars("count", &[ValueType::I32, ValueType::I64], &[]).deferred(),
    ];
    let mut machine = Machine::boot(&Setup { host_functions: &declarations, ..Setup::new(&text) });
    let reply = machine.call(CallKind::Bytes, FIRST, b"hello");
    assert_eq!((reply.status, reply.exits), (ErrorCode::None, 1), "{}", reply.message);
    let expected = [
        (RecordKind::HostCall, 0, b"hello".to_vec()),
        (RecordKind::HostCall, 1, slots(&[u64::MAX, 7])),
        (RecordKind::HostCall, 0, vec![]),
    ];
    assert_eq!(machine.records, expected);
    machine.records.clear();
    let reply = machine.call(CallKind::Scalar, FIRST + 1, &slots(&[1000]));
    assert_eq!(machine.records.len(), 1000);
    assert!((1..=1000_u64).rev().zip(&machine.records).all(|(left, record)| record.2 == slots(&[left, 0])));
    assert_eq!(reply.exits, 1 + 999 / (OUTBOX / 32), "only a full outbox is drained");
}

#[test]
fn a_deferred_call_too_large_for_the_outbox_is_made_at_once() {
    let text = module(
        r#"(import "twinwall" "log" (func $log (param i32 i32)))"#,
        r#"(func (export "work") (param i32 i32) (result i64)
            (call $log (local.get 0) (i32.const 3))
            (call $log (local.get 0) (local.get 1))
            (i64.const 0))"#,
    );
    let setup = Setup { host_functions: &[Declaration::bytes("log").deferred()], ..Setup::new(&text) };
    let mut machine = Machine::boot(&setup);
    machine.host = Box::new(|function, bytes| {
        assert_eq!((function, bytes.len()), (0, OUTBOX));
        Ok(b"nobody waits for this".to_vec())
    });
    let reply = machine.call(CallKind::Bytes, FIRST, &[b'a'; OUTBOX]);
    assert_eq!((reply.status, reply.exits), (ErrorCode::None, 2), "{}", reply.message);
    assert_eq!(machine.records, [(RecordKind::HostCall, 0, b"aaa".to_vec())]);
}

#[test]
fn imports_that_do_not_exist_are_named() {
    let cases = [
        (r#"(import "env" "puts" (func (param i32)))"#, "`puts` of module `env` is not provided"),
        (r#"(import "twinwall" "missing" (func))"#, "`missing` of module `twinwall` is not provided"),
        (
            r#"(import "wasi_snapshot_preview1" "fd_dream" (func))"#,
            "`fd_dream` of module `wasi_snapshot_preview1`",
        ),
        (r#"(import "wasi_unstable" "fd_read" (func))"#, "`fd_read` of module `wasi_unstable`"),
        (r#"(import "env" "memory" (memory 1))"#, "`memory` of module `env`"),
        (r#"(import "twinwall" "host" (global i32))"#, "`host` of module `twinwall` is not a function"),
    ];
    for (import, message) in cases {
        let text = format!("(module {import})");
        let setup = Setup { host_functions: &[Declaration::bytes("host")], ..Setup::new(&text) };
        let (_machine, reply) = Machine::try_boot(&setup);
        assert_eq!(reply.status, ErrorCode::Import, "{import}");
        assert!(reply.message.contains(message), "{}", reply.message);
    }
}

#[test]
fn imports_of_another_type_are_named() {
    let cases = [
        (
            r#"(import "twinwall" "host" (func (param i32) (result i64)))"#,
            "(i32, i32) -> i64",
            "(i32) -> i64",
        ),
        (r#"(import "twinwall" "host" (func (param i32 i32)))"#, "(i32, i32) -> i64", "(i32, i32) -> ()"),
        (
            r#"(import "twinwall" "add" (func (param i32 i64) (result i32)))"#,
            "(i32, i32) -> i32",
            "(i32, i64) -> i32",
        ),
        (r#"(import "twinwall" "fail" (func (param i32)))"#, "(i32, i32, i32) -> ()", "(i32) -> ()"),
        (r#"(import "wasi_snapshot_preview1" "proc_exit" (func (param i64)))"#, "(i32) -> ()", "(i64) -> ()"),
    ];
    let declarations = [
        Declaration::bytes("host"),
        Declaration::scalars("add", &[ValueType::I32, ValueType::I32], &[ValueType::I32]),
    ];
    for (import, expected, found) in cases {
        let text = format!("(module {import})");
        let (_machine, reply) =
            Machine::try_boot(&Setup { host_functions: &declarations, ..Setup::new(&text) });
        assert_eq!(reply.status, ErrorCode::Type, "{import}");
        let types = format!("must have type {expected}, but the module says {found}");
        assert!(reply.message.contains(&types), "{}", reply.message);
    }
}
