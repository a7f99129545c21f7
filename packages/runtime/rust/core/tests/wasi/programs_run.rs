//! Whole programs, unmodified, from the compiler to their exit status.

use crate::compile::{compile, rust_program};
use crate::harness::{FILES, Program};
use crate::numbers::{FAULT, SUCCESS};

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn a_rust_program_sees_its_world() {
    let mut program = Program::load(&compile(&rust_program("world.rs")), FILES);
    program.reset(&["world", "first", "second"], &["COLOUR=blue"], b"one\ntwo\n");
    let status = program.start();
    let (stdout, stderr) = (program.host().stdout.clone(), program.host().stderr.clone());
    assert_eq!(text(&stderr), "to stderr\n");
    let expected = include_str!("programs/world.expected");
    assert_eq!(text(&stdout), expected);
    assert_eq!(status, 7);
}

#[test]
fn a_rust_program_is_told_what_it_may_not() {
    let mut program = Program::load(&compile(&rust_program("refusals.rs")), FILES);
    program.reset(&["refusals"], &[], b"");
    assert_eq!(program.start(), 0);
    assert_eq!(text(&program.host().stdout), include_str!("programs/refusals.expected"));
}

#[test]
fn a_new_run_of_an_instance_has_new_input() {
    let code = compile(&wat::parse_str(COPY).expect("good text"));
    let mut program = Program::load(&code, FILES);
    for input in ["first run", "", "third"] {
        program.reset(&[], &[], input.as_bytes());
        program.host().stdout.clear();
        assert_eq!(program.start(), 0);
        assert_eq!(text(&program.host().stdout), input);
    }
}

/// Copies stdin to stdout by one read and one write.
const COPY: &str = r#"(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 1000))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))"#;

#[test]
fn a_module_without_exported_memory_gets_errors() {
    let text = r#"(module
      (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "other") 1)
      (func (export "_start")
        (call $exit (i32.add (i32.mul (call $yield) (i32.const 100)) (call $random (i32.const 0) (i32.const 8))))))"#;
    let code = compile(&wat::parse_str(text).expect("good text"));
    let mut program = Program::load(&code, FILES);
    assert_eq!(program.start(), (SUCCESS * 100 + FAULT) as i32);
}
