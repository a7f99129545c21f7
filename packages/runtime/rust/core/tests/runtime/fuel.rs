//! Modules that count fuel.

use twinwall_abi::{CallKind, ErrorCode, FUEL_UNLIMITED};

use crate::compile::compile;
use crate::machine::Machine;
use crate::modules::slots;
use crate::setup::Setup;

const LOOP: &str = r#"(module
    (func (export "loop") (param $rounds i32)
        (block $end
            (loop $again
                (br_if $end (i32.eqz (local.get $rounds)))
                (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
                (br $again)))))"#;

#[test]
fn fuel_is_counted_and_runs_out() {
    let mut machine = Machine::boot(&Setup { fuel: true, ..Setup::new(LOOP) });
    let used = |machine: &mut Machine, rounds| {
        let reply = machine.call(CallKind::Scalar, 0, &slots(&[rounds]));
        assert_eq!(reply.status, ErrorCode::None, "{}", reply.message);
        reply.fuel_used
    };
    machine.configure().set_fuel(1_000_000);
    let (few, many) = (used(&mut machine, 10), used(&mut machine, 1010));
    assert!(few > 0);
    assert_eq!((many - few) % 1000, 0, "each round costs the same");
    assert_eq!(used(&mut machine, 10), few, "the same call uses the same fuel");
    machine.configure().set_fuel(FUEL_UNLIMITED);
    assert_eq!(used(&mut machine, 10), few);
    machine.configure().set_fuel(few);
    assert_eq!(used(&mut machine, 10), few);
    // Code looks at its fuel when it enters a function and when it repeats a loop.
    machine.configure().set_fuel(few / 2);
    let reply = machine.call(CallKind::Scalar, 0, &slots(&[10]));
    assert_eq!(reply.status, ErrorCode::Fuel);
    assert!(!reply.message.is_empty() && !reply.frames.is_empty());
    machine.configure().set_fuel(0);
    assert_eq!(machine.call(CallKind::Scalar, 0, &slots(&[1])).status, ErrorCode::Fuel);
}

#[test]
fn a_module_without_fuel_reports_none() {
    let mut machine = Machine::boot(&Setup::new(LOOP));
    machine.configure().set_fuel(1);
    let reply = machine.call(CallKind::Scalar, 0, &slots(&[1000]));
    assert_eq!((reply.status, reply.fuel_used), (ErrorCode::None, 0));
}

#[test]
fn a_module_of_the_other_kind_does_not_load() {
    for fuel in [false, true] {
        let setup = Setup { fuel, ..Setup::new(LOOP) };
        let (_machine, reply) = Machine::try_boot_code(&setup, &compile(LOOP, !fuel));
        assert_eq!(reply.status, ErrorCode::BadModule);
        assert!(reply.message.contains("fuel"), "{}", reply.message);
    }
}
