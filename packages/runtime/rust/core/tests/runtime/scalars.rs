//! Calls of functions on numbers.

use twinwall_abi::{CallKind, ErrorCode};

use crate::machine::Machine;
use crate::modules::slots;
use crate::setup::Setup;

const NUMBERS: &str = r#"(module
    (func (export "sub") (param i32 i32) (result i32) (i32.sub (local.get 0) (local.get 1)))
    (func (export "wide") (param i64) (result i64) (i64.add (local.get 0) (i64.const 1)))
    (func (export "f32") (param f32) (result f32) (local.get 0))
    (func (export "f64") (param f64 f64) (result f64) (f64.div (local.get 0) (local.get 1)))
    (func (export "many") (param i32 f64) (result f64 i32 i64) (local.get 1) (local.get 0) (i64.const -2))
    (func (export "none"))
    (func (export "vector") (param v128))
    (func (export "reference") (result funcref) (ref.null func)))"#;

#[test]
fn every_type_of_number_keeps_its_bits() {
    let mut machine = Machine::boot(&Setup::new(NUMBERS));
    let mut call = |function, values: &[u64]| machine.call(CallKind::Scalar, function, &slots(values)).output;
    assert_eq!(call(0, &[3, 5]), slots(&[(-2_i64).cast_unsigned()]));
    assert_eq!(call(0, &[0xdead_beef_0000_0009, 5]), slots(&[4]));
    assert_eq!(call(1, &[u64::MAX]), slots(&[0]));
    assert_eq!(call(2, &[0xffff_ffff_7fa0_0001]), slots(&[0x7fa0_0001]));
    assert_eq!(call(3, &[1_f64.to_bits(), 0_f64.to_bits()]), slots(&[f64::INFINITY.to_bits()]));
    assert_eq!(call(4, &[7, 1.5_f64.to_bits()]), slots(&[1.5_f64.to_bits(), 7, u64::MAX - 1]));
    assert_eq!(call(5, &[]), []);
}

#[test]
fn the_number_of_parameters_must_fit() {
    let mut machine = Machine::boot(&Setup::new(NUMBERS));
    for input in [vec![], slots(&[1]), slots(&[1, 2, 3]), vec![0; 15]] {
        let reply = machine.call(CallKind::Scalar, 0, &input);
        assert_eq!(reply.status, ErrorCode::Type, "{}", input.len());
        assert!(reply.message.starts_with("the function takes 2 parameters"), "{}", reply.message);
    }
    assert_eq!(machine.call(CallKind::Scalar, 0, &slots(&[9, 2])).output, slots(&[7]));
}

#[test]
fn what_is_no_number_does_not_cross() {
    let mut machine = Machine::boot(&Setup::new(NUMBERS));
    for (function, name) in [(6, "vector"), (7, "reference")] {
        let reply = machine.call(CallKind::Scalar, function, &[]);
        assert_eq!(reply.status, ErrorCode::Type);
        assert!(reply.message.contains(name), "{}", reply.message);
    }
}
