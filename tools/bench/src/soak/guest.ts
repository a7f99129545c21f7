import { assemble } from "../assemble.js";

/** What the guest refuses with. */
export const REFUSAL = "not today";

/** Pages that the guest begins with, each of 64 KiB. */
export const PAGES = 1;

/** A guest that answers, keeps, grows, asks its host, is busy, and fails in each way that a guest can fail. */
const TEXT = `(module
  (import "twinwall" "ask" (func $ask (param i32) (result i32)))
  (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") ${PAGES})
  (global $next (mut i32) (i32.const 4096))
  (global $kept (mut i32) (i32.const 0))
  (data (i32.const 16) "${REFUSAL}")
  (func (export "twinwall_allocate") (param $size i32) (result i32)
    (local $start i32)
    (local.set $start (global.get $next))
    (if (i32.gt_u (local.get $size) (i32.sub (i32.const 65536) (global.get $next)))
      (then (return (i32.const 0))))
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (local.get $start))
  (func (export "twinwall_free") (param i32 i32) (global.set $next (i32.const 4096)))
  (func (export "echo") (param i32 i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32))
      (i64.extend_i32_u (local.get 1))))
  (func (export "refuse") (param i32 i32) (result i64)
    (call $fail (i32.const 7) (i32.const 16) (i32.const ${REFUSAL.length}))
    (unreachable))
  ;; A global and a byte of memory, which must always agree.
  (func (export "count") (result i32)
    (global.set $kept (i32.add (global.get $kept) (i32.const 1)))
    (i32.store (i32.const 2048) (i32.add (i32.load (i32.const 2048)) (i32.const 1)))
    (if (i32.ne (global.get $kept) (i32.load (i32.const 2048))) (then (unreachable)))
    (global.get $kept))
  (func (export "keep") (param i32) (global.set $kept (local.get 0)))
  (func (export "tell") (result i32) (global.get $kept))
  ;; So many pages more, each written; the number of pages before.
  (func (export "grow") (param $pages i32) (result i32)
    (local $before i32)
    (local $page i32)
    (local.set $before (memory.grow (local.get $pages)))
    (if (i32.eq (local.get $before) (i32.const -1)) (then (return (i32.const -1))))
    (local.set $page (local.get $before))
    (loop $next
      (if (i32.load (i32.shl (local.get $page) (i32.const 16))) (then (unreachable)))
      (i32.store (i32.shl (local.get $page) (i32.const 16)) (i32.const -1))
      (local.set $page (i32.add (local.get $page) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $page) (memory.size))))
    (local.get $before))
  (func (export "ask") (param i32) (result i32) (call $ask (local.get 0)))
  (func (export "trap") (unreachable))
  (func $recurse (export "recurse") (param i32) (result i32)
    (i32.add (call $recurse (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func (export "forever") (loop $again (br $again)))
  (func (export "spin") (param $rounds i32)
    (loop $again
      (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
      (br_if $again (local.get $rounds)))))`;

/** Assembles the guest. */
export async function soakModule(): Promise<Uint8Array> {
  return await assemble(TEXT);
}
