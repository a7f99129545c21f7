//! Components: typed functions on images of values.

use twinwall_abi::values::{VALUES_PREFIX, frame_head, image};
use twinwall_abi::{CallKind, ErrorCode, FunctionShape};

use crate::declare::Declaration;
use crate::machine::Machine;
use crate::setup::{Reply, Setup};

/// Memory with a bump allocator, which starts over in each call of `$start`.
const MEMORY: &str = r#"
    (core module $Memory
        (memory (export "memory") 1)
        (global $next (mut i32) (i32.const 1024))
        (func (export "start_over") (global.set $next (i32.const 1024)))
        (func (export "realloc") (param i32 i32 i32 i32) (result i32)
            (local $result i32)
            (local.set $result (i32.and
                (i32.add (global.get $next) (i32.sub (local.get 2) (i32.const 1)))
                (i32.sub (i32.const 0) (local.get 2))))
            (global.set $next (i32.add (local.get $result) (local.get 3)))
            (if (i32.gt_u (global.get $next) (i32.const 65536)) (then unreachable))
            (local.get $result)))
    (core instance $memory (instantiate $Memory))
    (alias core export $memory "memory" (core memory $mem))
    (alias core export $memory "realloc" (core func $realloc))
"#;

/// A component that returns what it is given, of the type `ty`, whose flat form is a pointer and a length.
fn echo(ty: &str) -> String {
    format!(
        r#"(component {MEMORY}
            (core module $Main
                (import "memory" "memory" (memory 1))
                (func (export "echo") (param i32 i32) (result i32)
                    (i32.store (i32.const 16) (local.get 0))
                    (i32.store (i32.const 20) (local.get 1))
                    (i32.const 16)))
            (core instance $main (instantiate $Main (with "memory" (instance $memory))))
            {ty}
            (func (export "echo") (param "value" $value) (result $value)
                (canon lift (core func $main "echo") (memory $mem) (realloc (func $realloc)))))"#
    )
}

const ECHO: &[(Option<&str>, &str)] = &[(None, "echo")];

fn frame(image: &[u8]) -> Vec<u8> {
    [&frame_head(image.len())[..], image].concat()
}

fn call(machine: &mut Machine, function: u32, values: &[u8]) -> Reply {
    machine.call(CallKind::Typed, function, &frame(values))
}

#[track_caller]
fn values(reply: &Reply) -> Vec<u8> {
    assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
    assert_eq!(reply.output[..8], VALUES_PREFIX[..8]);
    image(&reply.output).expect("well-formed values").to_vec()
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn numbers_go_both_ways() {
    let text = r#"(component
        (core module $M
            (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
            (func (export "narrow") (param i32 i32 i32 i64 f32 f64) (result i64)
                (i64.add (local.get 3) (i64.extend_i32_s (i32.add (i32.add (local.get 0) (local.get 1)) (local.get 2)))))
            (func (export "none")))
        (core instance $m (instantiate $M))
        (func (export "add") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $m "add")))
        (func (export "narrow") (param "a" s8) (param "b" u16) (param "c" bool) (param "d" s64) (param "e" f32)
            (param "f" f64) (result s64) (canon lift (core func $m "narrow")))
        (func (export "none") (canon lift (core func $m "none"))))"#;
    let exports = [(None, "none"), (None, "add"), (None, "narrow")];
    let mut machine = Machine::boot(&Setup { component: Some(&exports), ..Setup::new(text) });
    assert_eq!(values(&call(&mut machine, 1, &words(&[2, 3]))), words(&[5]));
    assert_eq!(values(&call(&mut machine, 1, &words(&[u32::MAX, 3]))), words(&[2]));
    assert_eq!(values(&call(&mut machine, 0, &[])), []);
    let mut image = vec![0x80, 0, 0xff, 0xff, 1, 0, 0, 0];
    image.extend((-7_i64).to_le_bytes());
    image.extend(1.5_f32.to_le_bytes());
    image.extend([0; 4]);
    image.extend(2.5_f64.to_le_bytes());
    let expected = -7_i64 - 128 + 65_535 + 1;
    assert_eq!(values(&call(&mut machine, 2, &image)), expected.to_le_bytes());
    // Too short for its type, and no values at all: the host's own mistake.
    assert_eq!(call(&mut machine, 1, &words(&[2])).status, ErrorCode::Internal);
    assert_eq!(machine.call(CallKind::Typed, 1, b"none").status, ErrorCode::Internal);
    assert_eq!(call(&mut machine, 3, &[]).status, ErrorCode::NoFunction);
    assert_eq!(machine.call(CallKind::Bytes, 0, b"").status, ErrorCode::Internal);
}

#[test]
fn lists_of_strings_are_laid_out_again() {
    let text = echo(r#"(type $value (list string))"#);
    let mut machine = Machine::boot(&Setup { component: Some(ECHO), ..Setup::new(&text) });
    // The list's block behind the tuple, then the strings.
    let mut image = words(&[8, 3, 32, 5, 0, 0, 37, 1]);
    image.extend(b"three");
    image.extend(b"!");
    for _ in 0..3 {
        assert_eq!(values(&call(&mut machine, 0, &image)), image);
    }
    assert_eq!(values(&call(&mut machine, 0, &words(&[0, 0]))), words(&[0, 0]));
}

#[test]
fn records_variants_and_flags_keep_their_bytes() {
    let text = echo(
        r#"(type $flags' (flags "a" "b" "c"))
        (import "flags" (type $flags (eq $flags')))
        (type $case' (variant (case "none") (case "text" string) (case "numbers" (list u64))))
        (import "case" (type $case (eq $case')))
        (type $item' (record (field "id" u8) (field "flags" $flags) (field "case" $case) (field "maybe" (option u16))))
        (import "item" (type $item (eq $item')))
        (type $value (list $item))"#,
    );
    let mut machine = Machine::boot(&Setup { component: Some(ECHO), ..Setup::new(&text) });
    // Each item: id, flags, padding to 4, discriminant at 4, payload at 8, option at 16; 20 bytes.
    let item = |id: u8, flags: u8, case: u8, pointer: u32, length: u32, maybe: [u8; 4]| {
        let mut bytes = vec![id, flags, 0, 0, case, 0, 0, 0];
        bytes.extend(words(&[pointer, length]));
        bytes.extend(maybe);
        bytes
    };
    let mut image = words(&[8, 3]);
    image.extend(item(1, 5, 0, 0, 0, [0, 0, 0, 0]));
    image.extend(item(2, 2, 1, 68, 2, [1, 0, 0xcd, 0xab]));
    image.extend(item(3, 0, 2, 72, 2, [0, 0, 0, 0]));
    image.extend(b"hi\0\0");
    image.extend(7_u64.to_le_bytes());
    image.extend(u64::MAX.to_le_bytes());
    assert_eq!(values(&call(&mut machine, 0, &image)), image);
}

#[test]
fn what_the_component_returns_is_checked() {
    let text = format!(
        r#"(component {MEMORY}
            (core module $Main
                (import "memory" "memory" (memory 1))
                (func (export "result") (param i32 i32) (result i32)
                    (i32.store (i32.const 16) (local.get 0))
                    (i32.store (i32.const 20) (local.get 1))
                    (i32.const 16))
                (func (export "pointer") (param i32) (result i32) (local.get 0)))
            (core instance $main (instantiate $Main (with "memory" (instance $memory))))
            (func (export "text") (param "pointer" u32) (param "length" u32) (result string)
                (canon lift (core func $main "result") (memory $mem) (realloc (func $realloc))))
            (func (export "texts") (param "pointer" u32) (param "length" u32) (result (list string))
                (canon lift (core func $main "result") (memory $mem) (realloc (func $realloc))))
            (func (export "place") (param "pointer" u32) (result string)
                (canon lift (core func $main "pointer") (memory $mem) (realloc (func $realloc))))
            (func (export "maybe") (param "case" u32) (result (option string))
                (canon lift (core func $main "pointer") (memory $mem) (realloc (func $realloc)))))"#
    );
    let exports = [(None, "text"), (None, "texts"), (None, "place"), (None, "maybe")];
    // wasmtime does not let a component go on after a failure, and a machine is restored then: each gets its own.
    let fresh = |function, arguments: &[u32]| {
        let mut machine = Machine::boot(&Setup { component: Some(&exports), ..Setup::new(&text) });
        call(&mut machine, function, &words(arguments)).status
    };
    assert_eq!(fresh(0, &[1024, 0]), ErrorCode::None);
    assert_eq!(fresh(0, &[65_530, 6]), ErrorCode::None);
    assert_eq!(fresh(0, &[65_530, 7]), ErrorCode::BadReply);
    assert_eq!(fresh(0, &[u32::MAX, 2]), ErrorCode::BadReply);
    assert_eq!(fresh(1, &[65_528, 1]), ErrorCode::None);
    assert_eq!(fresh(1, &[65_526, 1]), ErrorCode::BadReply);
    assert_eq!(fresh(1, &[0, u32::MAX]), ErrorCode::BadReply);
    assert_eq!(fresh(2, &[2]), ErrorCode::BadReply);
    assert_eq!(fresh(2, &[65_532]), ErrorCode::BadReply);
    assert_eq!(fresh(3, &[18]), ErrorCode::BadReply);
}

#[test]
fn values_have_no_more_bytes_than_the_host_takes() {
    let text = echo("(type $value (list u8))");
    let mut machine = Machine::boot(&Setup { component: Some(ECHO), ..Setup::new(&text) });
    let image = |length: u32| [words(&[8, length]), vec![7; length as usize]].concat();
    let head = VALUES_PREFIX.len() as u64;
    machine.configure().set_output_limit(head + 1000);
    assert_eq!(values(&call(&mut machine, 0, &image(992))), image(992));
    assert_eq!(call(&mut machine, 0, &image(993)).status, ErrorCode::Limit);
    machine.configure().set_output_limit(1 << 20);
    // The component's allocator traps where its memory ends.
    assert_eq!(call(&mut machine, 0, &image(65_000)).status, ErrorCode::Trap);
}

/// Calls `host` with its own arguments.
fn caller() -> String {
    format!(
        r#"(component
            (import "example:host/api@1.2.3" (instance $api
                (export "join" (func (param "one" string) (param "other" (list u16)) (result string)))
                (export "now" (func (result u64)))))
            (import "tell" (func $tell (param "level" u8)))
            {MEMORY}
            (core func $join (canon lower (func $api "join") (memory $mem) (realloc (func $realloc))))
            (core func $now (canon lower (func $api "now")))
            (core func $told (canon lower (func $tell)))
            (core module $Main
                (import "memory" "memory" (memory 1))
                (import "host" "join" (func $join (param i32 i32 i32 i32 i32)))
                (import "host" "now" (func $now (result i64)))
                (import "host" "tell" (func $tell (param i32)))
                (func (export "join") (param i32 i32 i32 i32) (result i32)
                    (call $join (local.get 0) (local.get 1) (local.get 2) (local.get 3) (i32.const 16))
                    (i32.const 16))
                (func (export "now") (result i64) (call $tell (i32.const 3)) (call $now)))
            (core instance $main (instantiate $Main
                (with "memory" (instance $memory))
                (with "host" (instance
                    (export "join" (func $join)) (export "now" (func $now)) (export "tell" (func $told))))))
            (func $j (param "one" string) (param "other" (list u16)) (result string)
                (canon lift (core func $main "join") (memory $mem) (realloc (func $realloc))))
            (func $n (result u64) (canon lift (core func $main "now")))
            (instance $out (export "join" (func $j)) (export "now" (func $n)))
            (export "example:guest/api@0.1.0" (instance $out)))"#
    )
}

const CALLER: &[(Option<&str>, &str)] =
    &[(Some("example:guest/api@0.1.0"), "join"), (Some("example:guest/api@0.1.0"), "now")];

const HOST: &[Declaration<'_>] = &[
    Declaration::typed(None, "tell", FunctionShape::Typed),
    Declaration::typed(Some("example:host/api@1.2.3"), "join", FunctionShape::Typed),
    Declaration::typed(Some("example:host/api@1.2.3"), "now", FunctionShape::Typed),
];

#[test]
fn imports_reach_the_host() {
    let text = caller();
    let mut machine =
        Machine::boot(&Setup { component: Some(CALLER), host_functions: HOST, ..Setup::new(&text) });
    machine.host = Box::new(|function, arguments| {
        let arguments = image(arguments).expect("well-formed values").to_vec();
        Ok(match function {
            0 => {
                assert_eq!(arguments, [3]);
                frame(&[])
            }
            1 => {
                let mut expected = words(&[16, 3, 20, 2]);
                expected.extend(b"abc\0");
                expected.extend([1, 0, 2, 0]);
                assert_eq!(arguments, expected);
                let mut answer = words(&[8, 4]);
                answer.extend(b"done");
                frame(&answer)
            }
            _ => frame(&1_700_000_000_u64.to_le_bytes()),
        })
    });
    let mut arguments = words(&[16, 3, 20, 2]);
    arguments.extend(b"abc\0");
    arguments.extend([1, 0, 2, 0]);
    let mut joined = words(&[8, 4]);
    joined.extend(b"done");
    assert_eq!(values(&call(&mut machine, 0, &arguments)), joined);
    assert_eq!(values(&call(&mut machine, 1, &[])), 1_700_000_000_u64.to_le_bytes());
}

#[test]
fn a_failure_of_the_host_ends_the_call() {
    let text = caller();
    let mut machine =
        Machine::boot(&Setup { component: Some(CALLER), host_functions: HOST, ..Setup::new(&text) });
    machine.host = Box::new(|_, _| Err(ErrorCode::HostFunction));
    assert_eq!(call(&mut machine, 1, &[]).status, ErrorCode::HostFunction);
}

#[test]
fn what_the_host_lacks_is_named() {
    let text = caller();
    let setup = Setup { component: Some(CALLER), host_functions: &HOST[..2], ..Setup::new(&text) };
    let (machine, reply) = Machine::try_boot(&setup);
    assert_eq!(reply.status, ErrorCode::Import, "{}", reply.message);
    assert!(reply.message.contains("now"), "{}", reply.message);
    drop(machine);
    let absent = [(None, "absent")];
    let setup = Setup { component: Some(&absent), host_functions: HOST, ..Setup::new(&text) };
    let (_machine, reply) = Machine::try_boot(&setup);
    assert_eq!(reply.status, ErrorCode::NoFunction, "{}", reply.message);
}
