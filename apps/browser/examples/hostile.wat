;; What a guest may try. None of it reaches the page.
(module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "spin") (loop $again (br $again)))
  (func $recurse (export "recurse") (param i32) (result i32)
    (i32.add (i32.const 1) (call $recurse (local.get 0))))
  ;; Pages and table entries that it got, before it was refused more.
  (func (export "devour") (result i32)
    (block $full
      (loop $more
        (br_if $full (i32.eq (memory.grow (i32.const 16)) (i32.const -1)))
        (br $more)))
    (memory.size))
  (func (export "hoard") (result i32)
    (block $full
      (loop $more
        (br_if $full (i32.eq (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1)))
        (br $more)))
    (table.size $table))
  (func (export "outside") (result i32) (i32.load (i32.const -4)))
  (func (export "answer") (result i32) (i32.const 42)))
