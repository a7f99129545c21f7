//! WASI 0.2: how imports are linked, and what a component does with them.

use twinwall_abi::values::{frame_head, image};
use twinwall_abi::{CallKind, ErrorCode, RecordKind};

use crate::machine::Machine;
use crate::setup::{Reply, Setup};

fn boot(text: &str, exports: &[(Option<&str>, &str)]) -> Result<Machine, Reply> {
    let (machine, reply) = Machine::try_boot(&Setup { component: Some(exports), ..Setup::new(text) });
    if reply.status == ErrorCode::None { Ok(machine) } else { Err(reply) }
}

fn call(machine: &mut Machine, function: u32, arguments: &[u8]) -> Reply {
    machine.call(CallKind::Typed, function, &[&frame_head(arguments.len())[..], arguments].concat())
}

/// `headers` is another name of `fields`, as in WASI's own definition.
const ALIASES: &str = r#"(component
    (import "wasi:http/types@0.2.4" (instance $types
        (export "fields" (type $fields (sub resource)))
        (export "headers" (type $headers (eq $fields)))
        (export "[constructor]fields" (func (result (own $fields))))
        (export "[method]fields.clone" (func (param "self" (borrow $fields)) (result (own $headers))))))
    (alias export $types "fields" (type $fields))
    (core func $new (canon lower (func $types "[constructor]fields")))
    (core func $clone (canon lower (func $types "[method]fields.clone")))
    (core func $drop (canon resource.drop $fields))
    (core module $Main
        (import "" "new" (func $new (result i32)))
        (import "" "clone" (func $clone (param i32) (result i32)))
        (import "" "drop" (func $drop (param i32)))
        (func (export "go") (local $handle i32)
            (local.set $handle (call $new))
            (call $drop (call $clone (local.get $handle)))
            (call $drop (local.get $handle))))
    (core instance $main (instantiate $Main (with "" (instance
        (export "new" (func $new)) (export "clone" (func $clone)) (export "drop" (func $drop))))))
    (func (export "go") (canon lift (core func $main "go"))))"#;

#[test]
fn a_resource_may_have_several_names() {
    let mut machine = boot(ALIASES, &[(None, "go")]).expect("it links");
    let reply = call(&mut machine, 0, &[]);
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
}

#[test]
fn a_function_of_another_type_is_refused_at_the_boot() {
    for (interface, name, ty) in [
        ("wasi:cli/exit", "exit", "(param \"status\" u32)"),
        ("wasi:clocks/monotonic-clock", "now", "(result u32)"),
        ("wasi:clocks/monotonic-clock", "now", "(param \"zone\" u8) (result u64)"),
        ("wasi:random/random", "get-random-bytes", "(param \"length\" u64) (result u8)"),
        ("wasi:random/random", "get-random-bytes", "(param \"length\" u64)"),
    ] {
        let text =
            format!("(component (import \"{interface}@0.2.1\" (instance (export \"{name}\" (func {ty})))))");
        let reply = boot(&text, &[]).err().expect("it is refused");
        assert_eq!(reply.status, ErrorCode::Import, "{name} {ty}");
        let message =
            format!("the component imports `{name}` of {interface} with another type than WASI 0.2 gives it");
        assert_eq!(reply.message, message);
    }
}

#[test]
fn what_is_not_wasi_0_2_is_not_linked() {
    for interface in ["wasi:clocks/monotonic-clock@0.2.0-rc-2023-12-05", "wasi:clocks/monotonic-clock@0.3.0"]
    {
        let text =
            format!("(component (import \"{interface}\" (instance (export \"now\" (func (result u64))))))");
        let reply = boot(&text, &[]).err().expect("it is refused");
        assert_eq!(reply.status, ErrorCode::Import, "{}", reply.message);
        assert!(reply.message.contains(interface), "{}", reply.message);
    }
}

/// Holds stdout from its start, and writes so many bytes there.
const WRITER: &str = r#"(component
    (import "wasi:io/streams@0.2.0" (instance $streams
        (export "output-stream" (type $stream (sub resource)))
        (export "[method]output-stream.write" (func
            (param "self" (borrow $stream)) (param "contents" (list u8)) (result (result))))))
    (alias export $streams "output-stream" (type $stream))
    (import "wasi:cli/stdout@0.2.0" (instance $stdout
        (alias outer 1 $stream (type $outer))
        (export "output-stream" (type $stream (eq $outer)))
        (export "get-stdout" (func (result (own $stream))))))
    (core module $Memory (memory (export "memory") 4))
    (core instance $memory (instantiate $Memory))
    (alias core export $memory "memory" (core memory $mem))
    (core func $write (canon lower (func $streams "[method]output-stream.write") (memory $mem)))
    (core func $get (canon lower (func $stdout "get-stdout")))
    (core module $Main
        (import "" "memory" (memory 4))
        (import "" "write" (func $write (param i32 i32 i32) (result i32)))
        (import "" "get" (func $get (result i32)))
        (global $stdout (mut i32) (i32.const 0))
        (func $start (global.set $stdout (call $get)))
        (start $start)
        (func (export "write") (param i32) (result i32)
            (call $write (global.get $stdout) (i32.const 0) (local.get 0))))
    (core instance $main (instantiate $Main (with "" (instance
        (export "memory" (memory $mem)) (export "write" (func $write)) (export "get" (func $get))))))
    (func (export "write") (param "length" u32) (result u32) (canon lift (core func $main "write"))))"#;

#[test]
fn the_type_of_a_result_counts_too() {
    let reply = boot(WRITER, &[(None, "write")]).err().expect("`write` has an error of its own");
    assert_eq!(reply.status, ErrorCode::Import, "{}", reply.message);
}

/// [`WRITER`], with the type that WASI gives `write`.
fn writer() -> String {
    let error = r#"(export "output-stream" (type $stream (sub resource)))
        (type $stream-error' (variant (case "last-operation-failed" u32) (case "closed")))
        (export "stream-error" (type $stream-error (eq $stream-error')))"#;
    WRITER
        .replacen(r#"(export "output-stream" (type $stream (sub resource)))"#, error, 1)
        .replace("(result (result))", "(result (result (error $stream-error)))")
        .replace("(param i32 i32 i32) (result i32)))", "(param i32 i32 i32 i32)))")
        .replace(
            "(call $write (global.get $stdout) (i32.const 0) (local.get 0))",
            "(call $write (global.get $stdout) (i32.const 0) (local.get 0) (i32.const 200000))
            (i32.load8_u (i32.const 200000))",
        )
}

#[test]
fn handles_from_the_boot_are_good_in_calls_and_output_is_no_result() {
    let mut machine = boot(&writer(), &[(None, "write")]).expect("it links");
    // What may be written at a time does not depend on how long a result may be.
    machine.configure().set_output_limit(100);
    for length in [5_u32, 65_536] {
        machine.records.clear();
        let reply = call(&mut machine, 0, &length.to_le_bytes());
        assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
        assert_eq!(image(&reply.output), Ok(&[0; 4][..]));
        let written = machine.records.iter().filter(|(kind, ..)| *kind == RecordKind::Stdout);
        assert_eq!(written.map(|(_, _, data)| data.len()).sum::<usize>(), length as usize);
    }
    assert_eq!(call(&mut machine, 0, &200_000_u32.to_le_bytes()).status, ErrorCode::Limit);
}
