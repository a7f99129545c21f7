import type { Sandbox, Session } from "../../src/index.js";
import { assemble } from "./modules.js";

/** A module with state of each kind: memory that grows, a global, a table that is changed, and random numbers. */
export const stateful = assemble(`(module
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "twinwall" "seed" (func $seed (result i32)))
  (type $number (func (result i32)))
  (memory (export "memory") 1)
  (table $table 4 8 funcref)
  (elem (i32.const 0) $one $two)
  (elem declare func $two)
  (global $count (mut i32) (i32.const 0))
  (global $next (mut i32) (i32.const 4096))
  (global $pointer (mut i32) (i32.const 0))
  (global $length (mut i32) (i32.const 0))
  (func $one (result i32) (i32.const 1))
  (func $two (result i32) (i32.const 2))
  (func (export "twinwall_allocate") (param $size i32) (result i32)
    (global.get $next)
    (global.set $next (i32.add (global.get $next) (local.get $size))))
  (func (export "twinwall_init") (param i32 i32)
    (global.set $pointer (local.get 0))
    (global.set $length (local.get 1))
    (drop (call $random (i32.const 64) (i32.const 8))))
  (func (export "given") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (global.get $pointer)) (i64.const 32))
      (i64.extend_i32_u (global.get $length))))
  (func (export "echo") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1))))
  (func (export "count") (result i32)
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (global.get $count))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "size") (result i32) (memory.size))
  (func (export "store") (param i32 i64) (i64.store (local.get 0) (local.get 1)))
  (func (export "load") (param i32) (result i64) (i64.load (local.get 0)))
  (func (export "swap") (table.copy (i32.const 0) (i32.const 1) (i32.const 1)))
  (func (export "first") (result i32) (call_indirect (type $number) (i32.const 0)))
  (func (export "random") (result i64)
    (drop (call $random (i32.const 0) (i32.const 8)))
    (i64.load (i32.const 0)))
  (func (export "wall") (result i64)
    (drop (call $time (i32.const 0) (i64.const 0) (i32.const 0)))
    (i64.load (i32.const 0)))
  (func (export "monotonic") (result i64)
    (drop (call $time (i32.const 1) (i64.const 0) (i32.const 0)))
    (i64.load (i32.const 0)))
  (func (export "ask") (result i32) (call $seed))
  (func (export "forever") (loop $again (br $again))))`);

/** The bytes of a snapshot. */
export async function bytesOf(
  owner: Sandbox | Session,
  options: { key?: Uint8Array } = {},
): Promise<Uint8Array> {
  return (await owner.snapshot(options)).bytes;
}

/** Numbers that are the same in each run (mulberry32). */
export function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Whether `bytes` contain `part`. */
export function contains(bytes: Uint8Array, part: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes(Buffer.from(part));
}
