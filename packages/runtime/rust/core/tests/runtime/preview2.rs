//! WASI 0.2: whole programs as components, and imports that are not supported.

use twinwall_abi::values::{frame_head, image};
use twinwall_abi::{CallKind, ErrorCode, RecordKind};

use crate::command::{input, input_with};
use crate::compile::{compile_binary, rust_component};
use crate::machine::Machine;
use crate::setup::{Reply, Setup};

/// The files that the programs of the WASI tests know.
const FILES: &[(&str, &[u8])] = &[
    ("/hello.txt", b"hello, world\n"),
    ("/data/empty", b""),
    ("/data/numbers.txt", b"0123456789"),
    ("/data/deep/er/leaf", b"leaf"),
];

/// The version of `wasi:cli/run` that a component exports, which is the toolchain's choice.
fn run_of(component: &[u8]) -> String {
    let text = String::from_utf8_lossy(component);
    let at = text.find("wasi:cli/run@0.2.").expect("a command");
    text[at..].chars().take_while(|character| !character.is_control()).take(18).collect()
}

/// Runs a program of the WASI tests; its reply, stdout and stderr.
fn run(component: &[u8], code: &[u8], input: &[u8]) -> (Reply, String, String) {
    let run = run_of(component);
    let exports = [(Some(run.as_str()), "run")];
    let setup = Setup { component: Some(&exports), files: FILES, ..Setup::new("") };
    let (mut machine, reply) = Machine::try_boot_code(&setup, code);
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    machine.configure().set_wall_clock(1_700_000_000_000_000_000);
    let reply = machine.call(CallKind::Command, 0, input);
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    let written = |wanted: RecordKind| -> String {
        let records = machine.records.iter().filter(|(kind, ..)| *kind == wanted);
        let bytes: Vec<u8> = records.flat_map(|(_, _, data)| data.iter().copied()).collect();
        String::from_utf8(bytes).expect("UTF-8")
    };
    (reply, written(RecordKind::Stdout), written(RecordKind::Stderr))
}

#[test]
fn a_rust_program_sees_its_world() {
    let component = rust_component("world.rs");
    let code = compile_binary(&component);
    // A run changes the program's own memory: each starts anew, as from a snapshot.
    for _ in 0..2 {
        let input = input_with(&["world", "first", "second"], &["COLOUR=blue"], b"one\ntwo\n");
        let (reply, stdout, stderr) = run(&component, &code, &input);
        assert_eq!(stderr, "to stderr\n");
        assert_eq!(stdout, include_str!("../wasi/programs/world.expected"));
        // The program ends with 7; `wasi:cli/exit` tells success from failure, and no more.
        assert_eq!(reply.output, 1_i32.to_le_bytes());
    }
}

#[test]
fn a_rust_program_is_told_what_it_may_not() {
    let component = rust_component("refusals.rs");
    let (reply, stdout, stderr) = run(&component, &compile_binary(&component), &input(&["refusals"], b""));
    assert_eq!(stderr, "");
    assert_eq!(stdout, include_str!("../wasi/programs/refusals.expected"));
    assert_eq!(reply.output, 0_i32.to_le_bytes());
}

/// Asks for a socket, an unknown function and a resource of what is not supported.
const ASKS: &str = r#"(component
    (import "wasi:sockets/instance-network@0.2.3" (instance $network
        (export "network" (type (sub resource)))
        (export "instance-network" (func (result (own 0))))))
    (alias export $network "network" (type $handle))
    (import "wasi:sockets/tcp-create-socket@0.2.3" (instance $create
        (export "tcp-socket" (type (sub resource)))
        (type $codes' (enum "unknown" "access-denied" "not-supported" "invalid-argument"))
        (export "error-code" (type $codes (eq $codes')))
        (type $family' (enum "ipv4" "ipv6"))
        (export "ip-address-family" (type $family (eq $family')))
        (export "create-tcp-socket" (func (param "family" $family) (result (result (own 0) (error $codes)))))
        (export "invent" (func (result u8)))))
    (core module $Memory (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
    (core instance $memory (instantiate $Memory))
    (alias core export $memory "memory" (core memory $mem))
    (alias core export $memory "realloc" (core func $realloc))
    (core func $open (canon lower (func $network "instance-network")))
    (core func $drop (canon resource.drop $handle))
    (core func $socket (canon lower (func $create "create-tcp-socket") (memory $mem)))
    (core func $invent (canon lower (func $create "invent")))
    (core module $Main
        (import "memory" "memory" (memory 1))
        (import "host" "open" (func $open (result i32)))
        (import "host" "drop" (func $drop (param i32)))
        (import "host" "socket" (func $socket (param i32 i32)))
        (import "host" "invent" (func $invent (result i32)))
        (func (export "socket") (result i32)
            (call $socket (i32.const 0) (i32.const 16))
            (i32.load8_u (i32.const 16)) (i32.load8_u (i32.const 20)) (i32.const 10) (i32.mul) (i32.add))
        (func (export "network") (param i32) (result i32)
            (local $last i32)
            (loop $again
                (local.set $last (call $open))
                (if (i32.eqz (local.get 0)) (then (call $drop (local.get $last))))
                (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
                (br_if $again (i32.gt_s (local.get 0) (i32.const 0))))
            (local.get $last))
        (func (export "invent") (result i32) (call $invent)))
    (core instance $main (instantiate $Main
        (with "memory" (instance $memory))
        (with "host" (instance
            (export "open" (func $open)) (export "drop" (func $drop))
            (export "socket" (func $socket)) (export "invent" (func $invent))))))
    (func (export "socket") (result u32) (canon lift (core func $main "socket")))
    (func (export "network") (param "count" s32) (result u32) (canon lift (core func $main "network")))
    (func (export "invent") (result u32) (canon lift (core func $main "invent"))))"#;

#[test]
fn what_is_not_supported_says_so() {
    let exports = [(None, "socket"), (None, "network"), (None, "invent")];
    let mut machine = Machine::boot(&Setup { component: Some(&exports), ..Setup::new(ASKS) });
    let mut call = |function, arguments: &[u8]| {
        machine.call(CallKind::Typed, function, &[&frame_head(arguments.len())[..], arguments].concat())
    };
    // An error, and its case `not-supported`.
    let reply = call(0, &[]);
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    assert_eq!(image(&reply.output), Ok(&21_u32.to_le_bytes()[..]));
    for count in [0, 0, 4096] {
        let reply = call(1, &i32::to_le_bytes(count));
        assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    }
    let reply = call(1, &1_i32.to_le_bytes());
    assert_eq!(reply.status, ErrorCode::Limit, "{}", reply.message);
    assert!(reply.message.contains("4096"), "{}", reply.message);
}

#[test]
fn what_cannot_say_so_ends_the_call() {
    let exports = [(None, "invent")];
    let mut machine = Machine::boot(&Setup { component: Some(&exports), ..Setup::new(ASKS) });
    let reply = machine.call(CallKind::Typed, 0, &frame_head(0));
    assert_eq!(reply.status, ErrorCode::Unsupported);
    assert_eq!(reply.message, "the function `invent` of wasi:sockets/tcp-create-socket is not supported");
}
