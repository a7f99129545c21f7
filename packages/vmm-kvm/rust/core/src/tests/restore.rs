use super::{assert_usable, call, machine};
use crate::probe::Behaviour;
use crate::self_test::{call_probe, patient, probe_snapshot};
use crate::snapshot::{BootOptions, Snapshot};
use crate::{NoHost, probe};

const SECRET: [u8; 8] = 0x1122_3344_5566_7788_u64.to_le_bytes();

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_session_keeps_state_until_its_restore() {
    let mut machine = machine(patient());
    call_probe(&mut machine, Behaviour::Keep, &SECRET, false).expect("a call in a session");
    assert_eq!(call_probe(&mut machine, Behaviour::Tell, &[], false), Ok(SECRET.to_vec()));
    machine.restore();
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn every_writable_byte_equals_the_snapshot_after_a_restore() {
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let mut machine = snapshot.machine().expect("a machine");
    for behaviour in [Behaviour::Keep, Behaviour::DeepStack, Behaviour::Nothing] {
        call(&mut machine, behaviour, &SECRET).expect("a call");
        assert_eq!(
            machine.writable_memory(),
            Some(snapshot.contents().bytes().to_vec()),
            "after {behaviour:?}"
        );
        assert!(machine.grown_memory_is_zero(), "after {behaviour:?}");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_recycled_machine_is_clean() {
    let options = BootOptions { recycle: true, ..BootOptions::default() };
    let snapshot = Snapshot::boot(probe::image().expect("the probe"), &options, &mut NoHost).expect("boot");
    for _ in 0..4 {
        let mut machine = snapshot.machine().expect("a machine");
        assert_usable(&mut machine);
        call_probe(&mut machine, Behaviour::Keep, &SECRET, false).expect("a call that leaves a secret");
    }
    assert_eq!(snapshot.idle_machines(), 1);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn machines_of_one_snapshot_do_not_share_memory() {
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    let mut first = snapshot.machine().expect("a machine");
    let mut second = snapshot.machine().expect("a machine");
    call_probe(&mut first, Behaviour::Keep, &SECRET, false).expect("a call in a session");
    assert_usable(&mut second);
    assert_eq!(call_probe(&mut first, Behaviour::Tell, &[], false), Ok(SECRET.to_vec()));
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_long_life_leaves_nothing_behind() {
    let descriptors = || std::fs::read_dir("/proc/self/fd").expect("procfs").count();
    let snapshot = probe_snapshot(patient()).expect("the probe boots");
    drop(snapshot.machine());
    let before = descriptors();
    for _ in 0..100 {
        let mut machine = snapshot.machine().expect("a machine");
        assert_usable(&mut machine);
    }
    // Other tests of this process open machines at the same time.
    assert!(descriptors() < before + 60, "{before} descriptors before, {} after", descriptors());
}

/// Where the processor lets ring 3 set the FS base although CR4.FSGSBASE is 0, a restore takes it back.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn segment_bases_and_selectors_do_not_survive() {
    let mut machine = machine(patient());
    for _ in 0..4 {
        // An undefined instruction on most hosts, which ends the virtual machine.
        let _ = call(&mut machine, Behaviour::KeepSegmentBase, &SECRET);
        if let Ok(base) = call(&mut machine, Behaviour::TellSegmentBase, &[]) {
            assert_eq!(base, [0; 8]);
        }
        call(&mut machine, Behaviour::LoadSelectors, &[]).expect("selectors of ring 3");
        assert_usable(&mut machine);
        assert!(machine.has_initial_state());
    }
}

/// Vector and mask registers, whether or not the hypervisor honours the extended control register that it was given.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn extended_state_does_not_survive() {
    let mut machine = machine(patient());
    for _ in 0..4 {
        call_probe(&mut machine, Behaviour::Keep, &SECRET, false).expect("a call in a session");
        assert_eq!(call_probe(&mut machine, Behaviour::TellVector, &[], true), Ok(SECRET.to_vec()));
        assert_eq!(call(&mut machine, Behaviour::TellVector, &[]), Ok(vec![0; 8]));
        // An undefined instruction where AVX-512 is closed, which ends the virtual machine.
        let _ = call(&mut machine, Behaviour::KeepMask, &SECRET);
        if let Ok(mask) = call(&mut machine, Behaviour::TellMask, &[]) {
            assert_eq!(mask, [0; 8]);
        }
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_replaced_machine_is_new_and_clean() {
    let mut machine = machine(patient());
    call_probe(&mut machine, Behaviour::Keep, &SECRET, false).expect("a call in a session");
    let replaced = machine.statistics().replaced;
    machine.replace().expect("a new virtual machine");
    assert!(!machine.is_spent());
    assert_eq!(machine.statistics().replaced, replaced + 1);
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_retired_machine_is_not_recycled() {
    let options = BootOptions { recycle: true, ..BootOptions::default() };
    let snapshot = Snapshot::boot(probe::image().expect("the probe"), &options, &mut NoHost).expect("boot");
    snapshot.machine().expect("a machine").retire();
    assert_eq!(snapshot.idle_machines(), 0);
    drop(snapshot.machine().expect("a machine"));
    assert_eq!(snapshot.idle_machines(), 1);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_is_to_be_restored_is_what_a_call_could_write() {
    let mut machine = machine(patient());
    assert_eq!(machine.unrestored_bytes(), 0);
    call_probe(&mut machine, Behaviour::Keep, &SECRET, false).expect("a call in a session");
    assert!(machine.unrestored_bytes() >= machine.statistics().writable_bytes);
    machine.restore();
    assert_eq!(machine.unrestored_bytes(), 0);
}
