//! Modules that several tests share, and their parts.

/// Memory of one page with a bump allocator behind its first 1024 bytes. `$next` is what is free.
pub(crate) const ALLOCATOR: &str = r#"
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 1024))
    (func $allocate (export "twinwall_allocate") (param $size i32) (result i32)
        (local $result i32)
        (local.set $result (global.get $next))
        (if (i32.gt_u (i32.add (local.get $result) (local.get $size)) (i32.mul (memory.size) (i32.const 65536)))
            (then (return (i32.const 0))))
        (global.set $next (i32.add (local.get $result) (local.get $size)))
        (local.get $result))
    (func $pack (param $pointer i32) (param $length i32) (result i64)
        (i64.or
            (i64.shl (i64.extend_i32_u (local.get $pointer)) (i64.const 32))
            (i64.extend_i32_u (local.get $length))))
"#;

/// A module with the allocator and `rest` behind it. Exports 0 and 1 are `memory` and `twinwall_allocate`; those of
/// `rest` begin at [`FIRST`]. Imports must come first, so they are given apart.
pub(crate) fn module(imports: &str, rest: &str) -> String {
    format!("(module {imports} {ALLOCATOR} {rest})")
}

/// Number of the first export of `rest` in [`module`].
pub(crate) const FIRST: u32 = 2;

/// Returns its input.
pub(crate) const ECHO: &str = r#"
    (func (export "echo") (param i32 i32) (result i64) (call $pack (local.get 0) (local.get 1)))
"#;

/// Slots of a call on numbers.
pub(crate) fn slots(values: &[u64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
