;; A WASI command that copies the file named by its first argument to stdout, or exits with the errno of opening it.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (func (export "_start")
    (local $path i32)
    (local $length i32)
    (local $problem i32)
    (drop (call $args_sizes (i32.const 16) (i32.const 20)))
    (drop (call $args (i32.const 2000) (i32.const 4000)))
    (local.set $path (i32.load (i32.const 2004)))
    (loop $count
      (local.set $length (i32.add (local.get $length) (i32.const 1)))
      (br_if $count (i32.load8_u (i32.add (local.get $path) (local.get $length)))))
    (local.set $problem
      (call $open (i32.const 3) (i32.const 0) (local.get $path) (local.get $length)
        (i32.const 0) (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 24)))
    (if (local.get $problem) (then (call $exit (local.get $problem))))
    (block $end
      (loop $more
        (i32.store (i32.const 0) (i32.const 65536))
        (i32.store (i32.const 4) (i32.const 65536))
        (drop (call $read (i32.load (i32.const 24)) (i32.const 0) (i32.const 1) (i32.const 8)))
        (i32.store (i32.const 4) (i32.load (i32.const 8)))
        (br_if $end (i32.eqz (i32.load (i32.const 8))))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
        (br $more)))))
