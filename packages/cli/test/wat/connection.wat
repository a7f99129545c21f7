;; A guest for connections: passes data on with its lower-case letters in capitals, closes after a "!" at the start, and
;; traps at a "?" there.
(module
  (memory (export "memory") 3)
  (func (export "twinwall_allocate") (param $size i32) (result i32) (i32.const 1024))
  (func (export "on_data") (param $pointer i32) (param $length i32) (result i64)
    (local $at i32)
    (local $byte i32)
    (i32.store8 (local.get $pointer) (i32.const 0))
    (local.set $at (i32.const 1))
    (block $done
      (loop $more
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (local.set $byte (i32.load8_u (i32.add (local.get $pointer) (local.get $at))))
        (if (i32.and (i32.eq (local.get $at) (i32.const 1)) (i32.eq (local.get $byte) (i32.const 63)))
          (then unreachable))
        (if (i32.and (i32.eq (local.get $at) (i32.const 1)) (i32.eq (local.get $byte) (i32.const 33)))
          (then (i32.store8 (local.get $pointer) (i32.const 1))))
        (if (i32.and (i32.ge_u (local.get $byte) (i32.const 97)) (i32.le_u (local.get $byte) (i32.const 122)))
          (then (i32.store8
            (i32.add (local.get $pointer) (local.get $at))
            (i32.sub (local.get $byte) (i32.const 32)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $more)))
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $pointer)) (i64.const 32))
      (i64.extend_i32_u (local.get $length)))))
