;; Functions on bytes: `upper` turns lower-case letters into capitals in place, `fail` reports a failure of its own.
(module
  (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) "cannot do\nthat")
  (global $next (mut i32) (i32.const 1024))
  (func (export "twinwall_allocate") (param $size i32) (result i32)
    (local $pointer i32)
    (local.set $pointer (global.get $next))
    (global.set $next (i32.add (global.get $next) (i32.add (local.get $size) (i32.const 8))))
    (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16)))))))
    (local.get $pointer))
  (func (export "upper") (param $pointer i32) (param $length i32) (result i64)
    (local $at i32)
    (local $byte i32)
    (block $done
      (loop $more
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $byte (i32.load8_u (i32.add (local.get $pointer) (local.get $at))))
        (if (i32.and (i32.ge_u (local.get $byte) (i32.const 97)) (i32.le_u (local.get $byte) (i32.const 122)))
          (then (i32.store8
            (i32.add (local.get $pointer) (local.get $at))
            (i32.sub (local.get $byte) (i32.const 32)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $more)))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $pointer)) (i64.const 32))
      (i64.extend_i32_u (local.get $length))))
  (func (export "refuse") (param i32 i32) (result i64)
    (call $fail (i32.const 7) (i32.const 16) (i32.const 14))
    (i64.const 0)))
