;; A WASI command: copies stdin to stdout, writes "done" to stderr and ends with status 5.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 64) "done\n")
  (func $put (param $descriptor i32) (param $pointer i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $pointer))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $write (local.get $descriptor) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_start")
    (block $end
      (loop $more
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.const 65536))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (br_if $end (i32.eqz (i32.load (i32.const 8))))
        (call $put (i32.const 1) (i32.const 1024) (i32.load (i32.const 8)))
        (br $more)))
    (call $put (i32.const 2) (i32.const 64) (i32.const 5))
    (call $exit (i32.const 5))))
