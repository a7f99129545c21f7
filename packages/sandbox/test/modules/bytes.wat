;; Functions on bytes over one page of memory and a bump allocator that starts over when something is freed.
(module
  (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") 1)
  (global $next (mut i32) (i32.const 4096))
  (global $total (mut i32) (i32.const 0))
  (data (i32.const 16) "no such color\n")

  (func $allocate (export "twinwall_allocate") (param $size i32) (result i32)
    (local $start i32)
    (local.set $start (global.get $next))
    (if (i32.gt_u (local.get $size) (i32.sub (i32.const 65536) (global.get $next)))
      (then (return (i32.const 0))))
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (local.get $start))
  (func (export "twinwall_free") (param i32 i32)
    (global.set $next (i32.const 4096)))

  (func $pack (param $pointer i32) (param $length i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $pointer)) (i64.const 32))
      (i64.extend_i32_u (local.get $length))))

  (func (export "echo") (param i32 i32) (result i64)
    (call $pack (local.get 0) (local.get 1)))

  ;; Adds up the bytes; the sum so far, as 4 bytes, is the result.
  (func (export "sum") (param $pointer i32) (param $length i32) (result i64)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $length)))
        (global.set $total (i32.add (global.get $total) (i32.load8_u (local.get $pointer))))
        (local.set $pointer (i32.add (local.get $pointer) (i32.const 1)))
        (local.set $length (i32.sub (local.get $length) (i32.const 1)))
        (br $next)))
    (i32.store (i32.const 0) (global.get $total))
    (call $pack (i32.const 0) (i32.const 4)))
  (func (export "total") (result i32) (global.get $total))

  ;; 60,000 bytes, whatever the input.
  (func (export "large") (param i32 i32) (result i64)
    (call $pack (i32.const 0) (i32.const 60000)))
  ;; A result that lies outside of memory.
  (func (export "outside") (param i32 i32) (result i64)
    (call $pack (i32.const 65000) (i32.const 1000)))
  (func (export "refuse") (param i32 i32) (result i64)
    (global.set $total (i32.add (global.get $total) (i32.const 1)))
    (call $fail (i32.const 42) (i32.const 16) (i32.const 14))
    (unreachable))
  (func (export "wrong") (param i32) (result i32) (local.get 0)))
