//! A host that is called back uses other machines meanwhile.

use std::time::Duration;

use twinwall_abi::ErrorCode;

use super::{assert_usable, machine};
use crate::NoHost;
use crate::clock::now;
use crate::deadline::{Deadline, NEVER};
use crate::machine::Limits;
use crate::probe::Behaviour;
use crate::self_test::{patient, probe_call};

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_deadline_inside_a_deadline_leaves_the_outer_one_in_force() {
    let mut inner = machine(patient());
    inner.configure(Limits { deadline: 5_000_000, ..patient() });
    let mut byte = 0_u8;
    let outer = Deadline::set(now(), Duration::from_millis(30).as_nanos() as u64, NEVER, &raw mut byte)
        .expect("a timer");
    let error = inner.call(&probe_call(Behaviour::Loop), &mut NoHost, &mut [0; 0]).expect_err("a loop");
    assert_eq!(error.code, ErrorCode::Deadline);
    inner.configure(patient());
    assert_usable(&mut inner);
    while !outer.has_fired() {
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(outer);
    assert_eq!(byte, 1);
}
