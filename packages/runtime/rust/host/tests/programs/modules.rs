//! Modules in text form.

/// Returns its input.
pub(crate) const ECHO: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "echo") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))))"#;

/// Counts its calls in one byte.
pub(crate) const COUNTER: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "count") (param i32 i32) (result i64)
    (i32.store8 (i32.const 16) (i32.add (i32.load8_u (i32.const 16)) (i32.const 1)))
    (i64.const 0x1000000001)))"#;

/// Logs its input, counts, and returns the host's answer to its input.
pub(crate) const CONNECTION: &str = r#"(module
  (import "twinwall" "log" (func $log (param i32 i32)))
  (import "twinwall" "count" (func $count (param i32 i64)))
  (import "twinwall" "ask" (func $ask (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "ask") (param i32 i32) (result i64)
    (call $log (local.get 0) (local.get 1))
    (call $count (i32.const 7) (i64.const 9))
    (call $ask (local.get 0) (local.get 1))))"#;

/// What guests should not do.
pub(crate) const HOSTILE: &str = r#"(module
  (memory (export "memory") 1)
  (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "echo") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1))))
  (func (export "trap") (param i32 i32) (result i64) unreachable)
  (func (export "spin") (param i32 i32) (result i64) (loop (br 0)) unreachable)
  (func (export "wide") (param i32 i32) (result i64) (i64.const 5000))
  (func (export "outside") (param i32 i32) (result i64) (i64.const 0xffffffff00000010)))"#;

/// Wants a function that nobody provides.
pub(crate) const IMPORTS: &str = r#"(module
  (import "twinwall" "open_file" (func (param i32 i32) (result i64)))
  (memory (export "memory") 1))"#;

/// Wants 16 MiB.
pub(crate) const BIG: &str = r#"(module (memory (export "memory") 256))"#;

/// Returns what it was initialised with.
pub(crate) const INIT: &str = r#"(module
  (memory (export "memory") 1)
  (global $length (mut i32) (i32.const 0))
  (func (export "twinwall_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "twinwall_init") (param i32 i32)
    (memory.copy (i32.const 64) (local.get 0) (local.get 1))
    (global.set $length (local.get 1)))
  (func (export "greeting") (param i32 i32) (result i64)
    (i64.or (i64.const 0x4000000000) (i64.extend_i32_u (global.get $length)))))"#;
