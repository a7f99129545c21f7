//! WASI commands.

use twinwall_abi::tables::{CommandInput, CommandInputArgs, FlatBufferBuilder};
use twinwall_abi::{CallKind, ErrorCode, RecordKind, TrapCode};

use crate::machine::{Machine, OUTBOX, Record};
use crate::setup::Setup;

/// Writes its stdin to stdout and ends with the number of its arguments.
const CAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start")
        (i32.store (i32.const 0) (i32.const 1024))
        (loop $again
            (i32.store (i32.const 4) (i32.const 60000))
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (i32.store (i32.const 4) (i32.load (i32.const 8)))
            (if (i32.load (i32.const 8)) (then
                (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
                (br $again))))
        (drop (call $args (i32.const 16) (i32.const 20)))
        (if (i32.load (i32.const 16)) (then (call $exit (i32.load (i32.const 16)))))))"#;

pub(crate) fn input(arguments: &[&str], stdin: &[u8]) -> Vec<u8> {
    input_with(arguments, &[], stdin)
}

pub(crate) fn input_with(arguments: &[&str], environment: &[&str], stdin: &[u8]) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let environment: Vec<_> = environment.iter().map(|variable| builder.create_string(variable)).collect();
    let environment = builder.create_vector(&environment);
    let arguments: Vec<_> = arguments.iter().map(|argument| builder.create_string(argument)).collect();
    let arguments = builder.create_vector(&arguments);
    let stdin = builder.create_vector(stdin);
    let args =
        CommandInputArgs { arguments: Some(arguments), environment: Some(environment), stdin: Some(stdin) };
    let table = CommandInput::create(&mut builder, &args);
    builder.finish(table, None);
    builder.finished_data().to_vec()
}

fn stdout(records: &[Record]) -> Vec<u8> {
    assert!(records.iter().all(|(kind, ..)| *kind == RecordKind::Stdout));
    records.iter().flat_map(|(_, _, data)| data.iter().copied()).collect()
}

#[test]
fn a_command_streams_its_output_and_has_a_status() {
    let mut machine = Machine::boot(&Setup { command: true, ..Setup::new(CAT) });
    let text: Vec<u8> = (0..50_000_u32).map(|number| (number % 251) as u8).collect();
    let reply = machine.call(CallKind::Command, 0, &input(&["cat", "-"], &text));
    assert_eq!(
        (reply.status, reply.output),
        (ErrorCode::None, 2_i32.to_le_bytes().to_vec()),
        "{}",
        reply.message
    );
    assert_eq!(stdout(&machine.records), text);
    assert!(reply.exits > text.len() / OUTBOX, "the outbox was drained on the way");
    machine.records.clear();
    let reply = machine.call(CallKind::Command, 0, &input(&[], b"short"));
    assert_eq!((reply.output, reply.exits), (0_i32.to_le_bytes().to_vec(), 1));
    assert_eq!(stdout(&machine.records), b"short");
}

#[test]
fn a_command_that_traps_has_no_status() {
    let text = r#"(module (func (export "_start") unreachable))"#;
    let mut machine = Machine::boot(&Setup { command: true, ..Setup::new(text) });
    let reply = machine.call(CallKind::Command, 0, &input(&[], b""));
    assert_eq!((reply.status, reply.detail), (ErrorCode::Trap, i32::from(TrapCode::Unreachable.0)));
}

#[test]
fn what_is_no_command_does_not_run() {
    let mut machine = Machine::boot(&Setup::new("(module)"));
    assert_eq!(machine.call(CallKind::Command, 0, &input(&[], b"")).status, ErrorCode::NoFunction);
    drop(machine);
    let text = r#"(module (func (export "_start") (param i32)))"#;
    let (_machine, reply) = Machine::try_boot(&Setup { command: true, ..Setup::new(text) });
    assert_eq!(reply.status, ErrorCode::Type);
}

#[test]
fn nothing_of_a_command_runs_at_boot() {
    let text = r#"(module (func (export "_start")) (func (export "_initialize") unreachable))"#;
    Machine::boot(&Setup { command: true, ..Setup::new(text) });
}

#[test]
fn proc_exit_outside_a_command_is_a_trap() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (func (export "f") (call $exit (i32.const 3))))"#;
    let mut machine = Machine::boot(&Setup::new(text));
    let reply = machine.call(CallKind::Scalar, 0, &[]);
    assert_eq!((reply.status, reply.detail), (ErrorCode::Trap, i32::from(TrapCode::Other.0)));
    assert!(reply.message.contains("proc_exit(3)"), "{}", reply.message);
}

#[test]
fn files_and_bad_arguments() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 100) "data/b.txt")
        (func (export "_start")
            (if (call $open (i32.const 3) (i32.const 0) (i32.const 100) (i32.const 10) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 0)) (then unreachable))
            (i32.store (i32.const 8) (i32.const 1024))
            (i32.store (i32.const 12) (i32.const 100))
            (if (call $read (i32.load (i32.const 0)) (i32.const 8) (i32.const 1) (i32.const 12)) (then unreachable))
            (drop (call $write (i32.const 1) (i32.const 8) (i32.const 1) (i32.const 16)))))"#;
    let files: &[(&str, &[u8])] = &[("/a.txt", b"first"), ("/data/b.txt", b"second file")];
    let mut machine = Machine::boot(&Setup { command: true, files, ..Setup::new(text) });
    let reply = machine.call(CallKind::Command, 0, &input(&["x"], b""));
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    assert_eq!(stdout(&machine.records), b"second file");
    let reply = machine.call(CallKind::Command, 0, &input(&["nul\0inside"], b""));
    assert_eq!(reply.status, ErrorCode::Option);
    assert_eq!(machine.call(CallKind::Command, 0, &[1, 2, 3]).status, ErrorCode::Internal);
}
