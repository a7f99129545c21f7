;; Functions on scalars, and ways to go wrong.
(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "double") (param i64) (result i64) (i64.shl (local.get 0) (i64.const 1)))
  (func (export "divide") (param f64 f64) (result f64) (f64.div (local.get 0) (local.get 1)))
  (func (export "nothing"))
  (func $inner (unreachable))
  (func $outer (export "trap") (call $inner))
  (func (export "spin") (loop $again (br $again))))
