// Hostile modules, each assembled when it is wanted.
import { assemble } from "./wasm.js";

const allocator = `
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (func (export "twinwall_allocate") (param $size i32) (result i32)
    (local $start i32)
    (local.set $start (global.get $next))
    (if (i32.gt_u (local.get $size) (i32.sub (i32.const 65536) (global.get $next)))
      (then (return (i32.const 0))))
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (local.get $start))
  (func (export "echo") (param i32 i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))
      (i64.extend_i32_u (local.get 1))))
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))`;

/** Functions on bytes, one of which calls the host in its middle. */
export function bytesModule(): Uint8Array {
  return assemble(`(module
    (import "twinwall" "meddle" (func $meddle (result i32)))
    ${allocator}
    (func (export "meddled") (param i32 i32) (result i64)
      (drop (call $meddle))
      (i64.or
        (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))
        (i64.extend_i32_u (local.get 1)))))`);
}

/** Loops, recursion and accesses, and what leaves secrets. */
export function scalarModule(): Uint8Array {
  const wide = Array.from(
    { length: 500 },
    (_, index) => `(local.set ${index + 1} (i64.extend_i32_u (local.get 0)))`,
  );
  const sum = Array.from({ length: 500 }, (_, index) => `(i64.add (local.get ${index + 1}))`);
  return assemble(`(module
    (memory (export "memory") 1)
    (table $table 4 funcref)
    (global $kept (mut i64) (i64.const 0))
    (data $segment "segment!")
    (elem $elements func $nothing)
    (func $nothing)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "forever") (loop $again (br $again)))
    (func $recurse (export "recurse") (param i32) (result i32)
      (i32.add (i32.const 1) (call $recurse (i32.add (local.get 0) (i32.const 1)))))
    (func $wide (export "recurse-wide") (param i32) (result i64)
      (local ${"i64 ".repeat(500)})
      ${wide.join(" ")}
      (call $wide (i32.add (local.get 0) (i32.const 1)))
      ${sum.join(" ")})
    (func (export "load") (param i32) (result i32) (i32.load (local.get 0)))
    ;; All the memory that there is to be had, each page written; the number of pages of 64 KiB.
    (func (export "touch") (result i32)
      (local $address i32)
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (loop $next
        (if (i32.load (local.get $address)) (then (unreachable)))
        (i32.store (local.get $address) (i32.const -1))
        (local.set $address (i32.add (local.get $address) (i32.const 4096)))
        (br_if $next (i32.lt_u (local.get $address) (i32.mul (memory.size) (i32.const 65536)))))
      (memory.size))
    (func (export "keep") (param i64)
      (global.set $kept (local.get 0))
      (i64.store (i32.const 1000) (local.get 0))
      (drop (memory.grow (i32.const 2)))
      (i64.store (i32.const 190000) (local.get 0))
      (memory.init $segment (i32.const 2000) (i32.const 0) (i32.const 8))
      (data.drop $segment)
      (table.init $table $elements (i32.const 1) (i32.const 0) (i32.const 1))
      (elem.drop $elements))
    ;; What of it is still there: zero, where nothing is; and what was dropped is there again.
    (func (export "tell") (result i64)
      (i64.or
        (i64.or (global.get $kept) (i64.load (i32.const 1000)))
        (i64.or
          (i64.load (i32.const 2000))
          (i64.or
            (i64.extend_i32_u (i32.sub (memory.size) (i32.const 1)))
            (i64.extend_i32_u (i32.eqz (ref.is_null (table.get $table (i32.const 1)))))))))
    (func (export "segments") (result i64)
      (memory.init $segment (i32.const 2000) (i32.const 0) (i32.const 8))
      (table.init $table $elements (i32.const 1) (i32.const 0) (i32.const 1))
      (i64.load (i32.const 2000)))
    ;; The first address that holds the eight bytes, or -1: all of memory, as large as it may become.
    (func (export "search") (param $secret i64) (result i32)
      (local $address i32)
      (loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
      (loop $next
        (if (i64.eq (i64.load (local.get $address)) (local.get $secret)) (then (return (local.get $address))))
        (local.set $address (i32.add (local.get $address) (i32.const 8)))
        (br_if $next
          (i32.lt_u (local.get $address) (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 8)))))
      (i32.const -1)))`);
}

/** Calls of the host without end. */
export function floodModule(): Uint8Array {
  return assemble(`(module
    (import "twinwall" "ask" (func $ask (param i32) (result i32)))
    (import "twinwall" "log" (func $log (param i32 i32)))
    ${allocator}
    (func (export "ask-forever") (loop $again (drop (call $ask (i32.const 7))) (br $again)))
    (func (export "ask-once") (param i32) (result i32) (call $ask (local.get 0)))
    (func (export "log-forever") (loop $again (call $log (i32.const 0) (i32.const 1000)) (br $again))))`);
}

/** Takes what it can. */
export function bombModule(): Uint8Array {
  return assemble(`(module
    ${allocator}
    (table $table 0 funcref)
    (func (export "pages") (result i32) (memory.size))
    (func (export "grow-all") (result i32)
      (local $step i32)
      (local.set $step (i32.const 65536))
      (loop $more
        (br_if $more (i32.ne (memory.grow (local.get $step)) (i32.const -1)))
        (local.set $step (i32.shr_u (local.get $step) (i32.const 1)))
        (br_if $more (local.get $step)))
      (memory.size))
    (func (export "table-all") (result i32)
      (local $step i32)
      (local.set $step (i32.const 0x40000000))
      (loop $more
        (br_if $more (i32.ne (table.grow $table (ref.null func) (local.get $step)) (i32.const -1)))
        (local.set $step (i32.shr_u (local.get $step) (i32.const 1)))
        (br_if $more (local.get $step)))
      (table.size $table))
    (func (export "huge-result") (param i32 i32) (result i64) (i64.const 0x1000ffffffff)))`);
}

/** Draws a random number, and reads both clocks. */
export function freshModule(): Uint8Array {
  return assemble(`(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "random") (result i64) (drop (call $random (i32.const 0) (i32.const 8))) (i64.load (i32.const 0)))
    (func (export "wall") (result i64)
      (drop (call $time (i32.const 0) (i64.const 0) (i32.const 0))) (i64.load (i32.const 0)))
    (func (export "monotonic") (result i64)
      (drop (call $time (i32.const 1) (i64.const 0) (i32.const 0))) (i64.load (i32.const 0))))`);
}

/** Fails with a text of its own: control characters, half a surrogate, directions, a line of a log that never was. */
export function textModule(): Uint8Array {
  return assemble(`(module
    (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
    (memory (export "memory") 4)
    (data (i32.const 16) "first\\0aE_INTERNAL: forged\\1b[31m\\e2\\80\\ae\\ed\\a0\\80\\ff\\00end")
    (func (export "refuse") (call $fail (i32.const 1) (i32.const 16) (i32.const 42)) (unreachable))
    (func (export "refuse-at-length")
      (memory.fill (i32.const 0) (i32.const 0x61) (i32.const 200000))
      (call $fail (i32.const 1) (i32.const 0) (i32.const 200000)) (unreachable))
    (func (export "refuse-beyond") (call $fail (i32.const 1) (i32.const -16) (i32.const 64)) (unreachable))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))`);
}
