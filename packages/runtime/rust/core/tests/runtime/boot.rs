//! What happens before the snapshot.

use twinwall_abi::{CallKind, ErrorCode, TrapCode};

use crate::declare::Declaration;
use crate::machine::Machine;
use crate::modules::{FIRST, module};
use crate::setup::Setup;

#[test]
fn a_reactor_is_initialised_and_then_given_its_data() {
    let text = module(
        "",
        r#"(global $sum (mut i32) (i32.const 0))
        (func (export "_initialize") (global.set $sum (i32.const 1000)))
        (func (export "twinwall_init") (param $pointer i32) (param $length i32)
            (if (i32.ne (global.get $sum) (i32.const 1000)) (then unreachable))
            (loop $again
                (if (local.get $length) (then
                    (global.set $sum (i32.add (global.get $sum) (i32.load8_u (local.get $pointer))))
                    (local.set $pointer (i32.add (local.get $pointer) (i32.const 1)))
                    (local.set $length (i32.sub (local.get $length) (i32.const 1)))
                    (br $again)))))
        (func (export "sum") (result i32) (global.get $sum))"#,
    );
    let mut machine = Machine::boot(&Setup { init: &[1, 2, 3], ..Setup::new(&text) });
    assert_eq!(machine.call(CallKind::Scalar, FIRST + 2, &[]).output, 1006_u64.to_le_bytes());
    drop(machine);
    let mut machine = Machine::boot(&Setup::new(&text));
    assert_eq!(machine.call(CallKind::Scalar, FIRST + 2, &[]).output, 1000_u64.to_le_bytes());
}

#[test]
fn initialisers_of_another_type_are_named() {
    for (name, found) in [("_initialize", "(i32) -> ()"), ("twinwall_init", "(i32) -> ()")] {
        let text = format!(r#"(module (func (export "{name}") (param i32)))"#);
        let (_machine, reply) = Machine::try_boot(&Setup::new(&text));
        assert_eq!(reply.status, ErrorCode::Type);
        assert!(reply.message.contains(name) && reply.message.contains(found), "{}", reply.message);
    }
}

#[test]
fn a_failing_start_function_fails_the_boot() {
    let cases = [
        ("(module (func $f unreachable) (start $f))", TrapCode::Unreachable),
        (r#"(module (func (export "_initialize") unreachable))"#, TrapCode::Unreachable),
        (r#"(module (memory 1) (data (i32.const 65535) "ab"))"#, TrapCode::MemoryOutOfBounds),
    ];
    for (text, code) in cases {
        let (_machine, reply) = Machine::try_boot(&Setup::new(text));
        assert_eq!((reply.status, reply.detail), (ErrorCode::Trap, i32::from(code.0)), "{text}");
    }
}

#[test]
fn a_start_function_reaches_the_host() {
    let import = r#"(import "twinwall" "ask" (func $ask (param i32 i32) (result i64)))
        (import "twinwall" "fail" (func $fail (param i32 i32 i32)))"#;
    let text = module(
        import,
        r#"(global $answer (mut i64) (i64.const 0))
        (data (i32.const 8) "why?")
        (func $f
            (global.set $answer (call $ask (i32.const 8) (i32.const 4)))
            (if (i64.eqz (global.get $answer)) (then (call $fail (i32.const 5) (i32.const 8) (i32.const 3)))))
        (start $f)
        (func (export "answer") (param i32 i32) (result i64) (global.get $answer))"#,
    );
    let setup = Setup { host_functions: &[Declaration::bytes("ask")], ..Setup::new(&text) };
    let host = |_: u32, question: &[u8]| {
        assert_eq!(question, b"why?");
        Ok(b"because".to_vec())
    };
    let (mut machine, reply) = Machine::try_boot_with(&setup, Box::new(host));
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    assert_eq!(machine.call(CallKind::Bytes, FIRST, &[]).output, b"because");
    drop(machine);
    let (_machine, reply) = Machine::try_boot_with(&setup, Box::new(|_, _| Ok(Vec::new())));
    assert_eq!((reply.status, reply.detail, reply.message.as_str()), (ErrorCode::GuestError, 5, "why"));
}

#[test]
fn bytes_that_are_no_compiled_module_do_not_load() {
    let (_machine, reply) = Machine::try_boot_code(&Setup::new("(module)"), &[0x7f; 100]);
    assert_eq!(reply.status, ErrorCode::BadModule, "{}", reply.message);
}
