import wabtInit from "wabt";

const wabt = await wabtInit();

/** Assembles WebAssembly text, names included. */
export function assemble(text: string): Uint8Array {
  const features = {
    // The types of wabt do not know it yet.
    multi_memory: true,
    simd: true,
    bulk_memory: true,
    reference_types: true,
    tail_call: true,
    extended_const: true,
  };
  const module = wabt.parseWat("module.wat", text, features);
  try {
    return Uint8Array.from(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** The pieces that calls on bytes need: one page, and an allocator that only counts up. */
export const bytesPieces = `
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 1024))
  (func $allocate (export "twinwall_allocate") (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $next))
    (if (i32.gt_u (i32.add (local.get $at) (local.get $size)) (i32.const 65536)) (then (return (i32.const 0))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (local.get $at))
  (func $pack (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1))))`;

/** Numbers of all kinds, control flow, memory, tables. */
export const numbers = assemble(`(module
  (memory (export "memory") 1 4)
  (table $table 4 8 funcref)
  (elem (i32.const 0) $one $two)
  (type $pick (func (result i32)))
  (global $count (mut i32) (i32.const 0))
  (func $one (result i32) (i32.const 1))
  (func $two (param i32) (result i32) (i32.const 2))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "add64") (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
  (func $divide (export "divide") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "outer") (param i32) (result i32) (call $divide (i32.const 1) (local.get 0)))
  (func (export "half") (param f32) (result f32) (f32.mul (local.get 0) (f32.const 0.5)))
  (func (export "root") (param f64) (result f64) (f64.sqrt (local.get 0)))
  (func (export "nearest") (param f64) (result f64) (f64.nearest (local.get 0)))
  (func (export "truncate") (param f64) (result i32) (i32.trunc_f64_s (local.get 0)))
  (func (export "saturate") (param f64) (result i64) (i64.trunc_sat_f64_u (local.get 0)))
  (func (export "swap") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
  (func (export "nothing"))
  (func (export "unreachable") (unreachable))
  (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "load64") (param i32) (result i64) (i64.load offset=8 (local.get 0)))
  (func (export "store") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "copy") (param i32 i32 i32) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "grow_table") (param i32) (result i32) (table.grow $table (ref.null func) (local.get 0)))
  (table $hoard 0 funcref)
  (func (export "hoard") (result i32)
    (block $full
      (loop $more
        (br_if $full (i32.eq (table.grow $hoard (ref.null func) (i32.const 1000)) (i32.const -1)))
        (br $more)))
    (table.size $hoard))
  (func (export "pick") (param i32) (result i32) (call_indirect (type $pick) (local.get 0)))
  (func $recurse (export "recurse") (param i32) (result i32) (i32.add (i32.const 1) (call $recurse (local.get 0))))
  (func (export "forever") (loop $again (br $again)))
  (func (export "count") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count))
  (func $tail (export "tail") (param i32 i64) (result i64)
    (if (result i64) (i32.eqz (local.get 0))
      (then (local.get 1))
      (else (return_call $tail
        (i32.sub (local.get 0) (i32.const 1))
        (i64.add (local.get 1) (i64.extend_i32_u (local.get 0)))))))
  (func (export "lanes") (param i32) (result i32)
    (i32x4.extract_lane 2 (i32x4.mul (i32x4.splat (local.get 0)) (v128.const i32x4 1 2 3 4))))
  (func (export "work") (param $rounds i32) (result i64)
    (local $at i32) (local $sum i64)
    (loop $next
      (i64.store
        (i32.and (i32.mul (local.get $at) (i32.const 40)) (i32.const 0xfff8))
        (i64.xor (local.get $sum) (i64.extend_i32_u (local.get $at))))
      (local.set $sum
        (i64.add (local.get $sum)
          (i64.mul (i64.load (i32.and (i32.wrap_i64 (local.get $sum)) (i32.const 0xfff8)))
            (i64.const 0x9e3779b97f4a7c15))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $rounds))))
    (local.get $sum)))`);

/** Functions on bytes, and ways for them to go wrong. */
export const bytes = assemble(`(module
  (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
  ${bytesPieces}
  (func (export "echo") (param i32 i32) (result i64) (call $pack (local.get 0) (local.get 1)))
  (func (export "empty") (param i32 i32) (result i64) (i64.const 0))
  (func (export "outside") (param i32 i32) (result i64) (call $pack (i32.const 65530) (i32.const 100)))
  (func (export "whole") (param i32 i32) (result i64) (call $pack (i32.const 0) (i32.const 65536)))
  (func (export "refuse") (param i32 i32) (result i64)
    (call $fail (i32.const 7) (local.get 0) (local.get 1))
    (i64.const 0))
  (func (export "wrong") (param i32) (result i32) (local.get 0)))`);

/** Calls host functions on numbers and on bytes. */
export const hosts = assemble(`(module
  (import "twinwall" "mix" (func $mix (param i32 i64 f32 f64) (result f64)))
  (import "twinwall" "upper" (func $upper (param i32 i32) (result i64)))
  (import "twinwall" "log" (func $log (param i32 i32)))
  ${bytesPieces}
  (func (export "mix") (param i32 i64 f32 f64) (result f64)
    (call $mix (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (export "upper") (param i32 i32) (result i64) (call $upper (local.get 0) (local.get 1)))
  (func (export "mixes") (param $rounds i32)
    (loop $next
      (drop (call $mix (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4)))
      (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1))))))
  (func (export "logs") (param $rounds i32)
    (loop $next
      (call $log (i32.const 0) (i32.const 100))
      (br_if $next (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1)))))))`);

/** Its allocator calls the host, whose answer needs the allocator. */
export const nesting = assemble(`(module
  (import "twinwall" "upper" (func $upper (param i32 i32) (result i64)))
  (memory (export "memory") 1)
  (func (export "twinwall_allocate") (param i32) (result i32)
    (i32.wrap_i64 (call $upper (i32.const 0) (i32.const 8))))
  (func (export "echo") (param i32 i32) (result i64) (i64.const 0)))`);

/** Two memories that grow. */
export const memories = assemble(`(module
  (memory $first 1)
  (memory $second 2)
  (func (export "grow") (param i32) (result i32 i32)
    (memory.grow $first (local.get 0))
    (memory.grow $second (local.get 0)))
  (func (export "mark") (param i32) (result i32)
    (i32.store $first (i32.const 100) (local.get 0))
    (i32.store $second (i32.const 100) (i32.const 5))
    (i32.add (i32.load $first (i32.const 100)) (i32.load $second (i32.const 100)))))`);

/** A command: it writes its arguments and random bytes, and exits with their number. */
export const command = assemble(`(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    (drop (call $sizes (i32.const 0) (i32.const 4)))
    (drop (call $args (i32.const 1024) (i32.const 4096)))
    (drop (call $random (i32.const 8192) (i32.const 16)))
    (i32.store (i32.const 16) (i32.const 4096))
    (i32.store (i32.const 20) (i32.load (i32.const 4)))
    (i32.store (i32.const 24) (i32.const 8192))
    (i32.store (i32.const 28) (i32.const 16))
    (drop (call $write (i32.const 1) (i32.const 16) (i32.const 2) (i32.const 64)))
    (call $exit (i32.load (i32.const 0)))))`);
