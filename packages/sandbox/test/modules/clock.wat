;; Reads the monotonic clock, which a session starts; and fails by itself.
(module
  (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
  (import "twinwall" "fail" (func $fail (param i32 i32 i32)))
  (memory (export "memory") 1)
  (func (export "read") (result i64)
    (drop (call $time (i32.const 1) (i64.const 0) (i32.const 0)))
    (i64.load (i32.const 0)))
  (func (export "refuse") (call $fail (i32.const 1) (i32.const 0) (i32.const 0)) (unreachable)))
