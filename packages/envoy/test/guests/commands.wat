;; A connection guest that does what the first byte of the data says, and else passes everything on as it is.
(module
  (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
  (import "twinwall" "log" (func $log (param i32 i32)))
  (import "twinwall" "count" (func $count (param i32 i64)))
  (import "twinwall" "connection" (func $connection (param i32 i32) (result i64)))
  (import "twinwall" "write" (func $write (param i32 i32) (result i64)))
  (memory (export "memory") 3)
  (global $next (mut i32) (i32.const 1024))
  (global $calls (mut i32) (i32.const 0))
  (global $mark (mut i32) (i32.const 0))

  (func $allocate (export "twinwall_allocate") (param $size i32) (result i32)
    (local $start i32)
    (local.set $start (global.get $next))
    (if (i32.gt_u (local.get $size) (i32.sub (i32.const 196608) (global.get $next)))
      (then (return (i32.const 0))))
    (global.set $next (i32.add (global.get $next) (local.get $size)))
    (local.get $start))
  (func (export "twinwall_free") (param i32 i32) (global.set $next (i32.const 1024)))

  ;; The first byte of the initial data is what command "i" passes on.
  (func (export "twinwall_init") (param $pointer i32) (param $length i32)
    (global.set $mark (i32.load8_u (local.get $pointer))))

  (func $pack (param $pointer i32) (param $length i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (local.get $pointer)) (i64.const 32))
      (i64.extend_i32_u (local.get $length))))

  ;; The input as it is, with other flags.
  (func $pass (param $flags i32) (param $pointer i32) (param $length i32) (result i64)
    (i32.store8 (local.get $pointer) (local.get $flags))
    (call $pack (local.get $pointer) (local.get $length)))

  ;; A text of the host, behind a byte of flags.
  (func $pass_text (param $text i64) (result i64)
    (local $length i32)
    (local $pointer i32)
    (local.set $length (i32.wrap_i64 (local.get $text)))
    (local.set $pointer (call $allocate (i32.add (local.get $length) (i32.const 1))))
    (memory.copy
      (i32.add (local.get $pointer) (i32.const 1))
      (i32.wrap_i64 (i64.shr_u (local.get $text) (i64.const 32)))
      (local.get $length))
    (call $pass (i32.const 0) (local.get $pointer) (i32.add (local.get $length) (i32.const 1))))

  ;; Writes the data by itself, with these flags, then passes it on too.
  (func $twice (param $flags i32) (param $pointer i32) (param $length i32) (result i64)
    (i32.store8 (local.get $pointer) (local.get $flags))
    (drop (call $write (local.get $pointer) (local.get $length)))
    (call $pass (i32.const 0) (local.get $pointer) (local.get $length)))

  (func (export "on_data") (param $p i32) (param $n i32) (result i64)
    (local $c i32)
    (local $first i32)
    (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
    (if (i32.lt_u (local.get $n) (i32.const 2))
      (then (return (call $pass (i32.const 0) (local.get $p) (local.get $n)))))
    (local.set $first (i32.add (local.get $p) (i32.const 1)))
    (local.set $c (i32.load8_u (local.get $first)))

    ;; trap
    (if (i32.eq (local.get $c) (i32.const 0x74)) (then (unreachable)))
    ;; hang
    (if (i32.eq (local.get $c) (i32.const 0x68)) (then (loop $again (br $again))))
    ;; grow until there is no more memory
    (if (i32.eq (local.get $c) (i32.const 0x6d))
      (then
        (loop $more
          (br_if $more (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
        (unreachable)))
    ;; guest's own failure
    (if (i32.eq (local.get $c) (i32.const 0x67))
      (then (call $fail (i32.const 7) (local.get $first) (i32.sub (local.get $n) (i32.const 1)))))
    ;; zero bytes of result
    (if (i32.eq (local.get $c) (i32.const 0x7a)) (then (return (i64.const 0))))
    ;; unknown flags
    (if (i32.eq (local.get $c) (i32.const 0x75))
      (then (return (call $pass (i32.const 2) (local.get $p) (local.get $n)))))
    ;; close
    (if (i32.eq (local.get $c) (i32.const 0x63))
      (then (return (call $pass (i32.const 1) (local.get $p) (local.get $n)))))
    ;; drop
    (if (i32.eq (local.get $c) (i32.const 0x64))
      (then (return (call $pass (i32.const 0) (local.get $p) (i32.const 1)))))
    ;; log the rest, which begins with the level
    (if (i32.eq (local.get $c) (i32.const 0x6c))
      (then (call $log (i32.add (local.get $p) (i32.const 2)) (i32.sub (local.get $n) (i32.const 2)))))
    ;; number: add 5 to the first counter
    (if (i32.eq (local.get $c) (i32.const 0x6e)) (then (call $count (i32.const 0) (i64.const 5))))
    ;; Number: a counter that is not there
    (if (i32.eq (local.get $c) (i32.const 0x4e)) (then (call $count (i32.const 9) (i64.const 1))))
    ;; negative number
    (if (i32.eq (local.get $c) (i32.const 0x2d)) (then (call $count (i32.const 0) (i64.const -1))))
    ;; fact, whose name is the rest
    (if (i32.eq (local.get $c) (i32.const 0x66))
      (then
        (return
          (call $pass_text
            (call $connection (i32.add (local.get $p) (i32.const 2)) (i32.sub (local.get $n) (i32.const 2)))))))
    ;; write in the same direction
    (if (i32.eq (local.get $c) (i32.const 0x77))
      (then
        (return
          (call $twice
            (i32.and (i32.load8_u (local.get $p)) (i32.const 1))
            (local.get $p)
            (local.get $n)))))
    ;; x: write towards the client
    (if (i32.eq (local.get $c) (i32.const 0x78))
      (then (return (call $twice (i32.const 1) (local.get $p) (local.get $n)))))
    ;; y: write towards the upstream
    (if (i32.eq (local.get $c) (i32.const 0x79))
      (then (return (call $twice (i32.const 0) (local.get $p) (local.get $n)))))
    ;; end: write the end of a stream
    (if (i32.eq (local.get $c) (i32.const 0x65))
      (then (return (call $twice (i32.const 2) (local.get $p) (local.get $n)))))
    ;; state: how many calls there were
    (if (i32.eq (local.get $c) (i32.const 0x73))
      (then
        (i32.store8 (local.get $first) (i32.add (i32.const 0x30) (global.get $calls)))
        (return (call $pass (i32.const 0) (local.get $p) (i32.const 2)))))
    ;; initial data
    (if (i32.eq (local.get $c) (i32.const 0x69))
      (then
        (i32.store8 (local.get $first) (global.get $mark))
        (return (call $pass (i32.const 0) (local.get $p) (i32.const 2)))))
    (call $pass (i32.const 0) (local.get $p) (local.get $n))))
