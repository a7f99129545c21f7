use twinwall_abi::CallKind;

use super::{assert_usable, machine};
use crate::NoHost;
use crate::machine::Call;
use crate::probe::Behaviour;
use crate::self_test::patient;

/// `Nothing` of the probe: ten instructions to resume, twelve to set up the reply, six to find the behaviour, one jump back, the gate.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn counts_the_instructions_of_a_call() {
    let mut machine = machine(patient());
    let call = Call {
        kind: CallKind::Bytes,
        function: Behaviour::Nothing as u32,
        input: &[],
        continues: false,
        restore: true,
        exact: false,
    };
    let count = machine.count_instructions(&call, &mut NoHost).expect("KVM can single-step");
    assert!((22..=32).contains(&count), "{count} instructions");
    assert_eq!(machine.count_instructions(&call, &mut NoHost), Ok(count));
    assert_usable(&mut machine);
}
