;; A WASI command: writes its arguments and environment a line each, copies stdin to stdout, writes "done\n" to stderr,
;; and exits with the number of its arguments.
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2)
  (data (i32.const 1000) "done\n")

  (func $put (param $descriptor i32) (param $pointer i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $pointer))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $write (local.get $descriptor) (i32.const 0) (i32.const 1) (i32.const 8))))

  ;; Strings that end in NUL, one after the other, become lines.
  (func $lines (param $start i32) (param $length i32)
    (local $at i32)
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $length)))
        (if (i32.eqz (i32.load8_u (i32.add (local.get $start) (local.get $at))))
          (then (i32.store8 (i32.add (local.get $start) (local.get $at)) (i32.const 10))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (call $put (i32.const 1) (local.get $start) (local.get $length)))

  (func (export "_start")
    (local $count i32)
    (local $got i32)
    (drop (call $args_sizes (i32.const 16) (i32.const 20)))
    (local.set $count (i32.load (i32.const 16)))
    (drop (call $args (i32.const 2000) (i32.const 4000)))
    (call $lines (i32.const 4000) (i32.load (i32.const 20)))
    (drop (call $environ_sizes (i32.const 16) (i32.const 20)))
    (drop (call $environ (i32.const 2000) (i32.const 4000)))
    (call $lines (i32.const 4000) (i32.load (i32.const 20)))
    (block $end
      (loop $more
        (i32.store (i32.const 0) (i32.const 65536))
        (i32.store (i32.const 4) (i32.const 65536))
        (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
        (local.set $got (i32.load (i32.const 8)))
        (br_if $end (i32.eqz (local.get $got)))
        (call $put (i32.const 1) (i32.const 65536) (local.get $got))
        (br $more)))
    (call $put (i32.const 2) (i32.const 1000) (i32.const 5))
    (call $exit (local.get $count))))
