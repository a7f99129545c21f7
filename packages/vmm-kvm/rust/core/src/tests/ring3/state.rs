//! All state of a vCPU that KVM can tell, compared with that of a machine that never saw an attack.

use super::super::rounds;
use super::Attacker;
use crate::NoHost;
use crate::probe::Behaviour;
use crate::self_test::{call_probe, patient};

const CANARY: [u8; 8] = [0xa7, 0x31, 0xc9, 0x5d, 0xe2, 0x6b, 0x93, 0x1f];

/// Calls that leave as much as they can.
const KEEP: [&str; 5] =
    ["fill everything", "keep vectors", "keep registers", "keep selectors", "keep segment bases"];

/// State by its name in KVM, and each model-specific register by its number.
type State = Vec<(String, Vec<u8>)>;

/// The state after one more call that does nothing.
fn state_of(attacker: &mut Attacker) -> State {
    call_probe(&mut attacker.machine, Behaviour::Nothing, &[], false).expect("a call that does nothing");
    let state = attacker.machine.vm().everything();
    attacker.machine.restore();
    state
}

fn assert_same(state: &State, fresh: &State, after: &str) {
    assert_eq!(state.len(), fresh.len());
    for ((name, bytes), (_, expected)) in state.iter().zip(fresh) {
        assert!(
            !bytes.windows(CANARY.len()).any(|window| window == CANARY),
            "{name} holds a secret after {after}"
        );
        // As stacked, from either end, and in halves.
        for part in [&CANARY[..4], &CANARY[4..]] {
            let found = bytes.windows(4).filter(|window| *window == part).count();
            let before = expected.windows(4).filter(|window| *window == part).count();
            assert!(found <= before, "{name} holds part of a secret after {after}");
        }
        assert_eq!(bytes, expected, "{name} differs after {after}");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn all_state_of_a_restored_machine_is_that_of_a_new_one() {
    let mut attacker = Attacker::new(&KEEP, patient());
    let fresh = state_of(&mut attacker);
    // The registers, the rest of the processor, and a good number of model-specific registers.
    assert!(fresh.len() > 12, "{} pieces of state", fresh.len());
    for round in 0..rounds(20) {
        for (index, name) in KEEP.iter().enumerate() {
            // Where the processor does not know an instruction, the machine is replaced, and has to be the same too.
            let kept = attacker.run_with(index, &CANARY.repeat(64), &mut NoHost, false);
            if kept.is_ok() && index == 0 && round == 0 {
                let told = attacker.machine.vm().everything();
                let held = told.iter().any(|(_, bytes)| bytes.windows(8).any(|window| window == CANARY));
                assert!(held, "the piece does not leave what it should");
            }
            attacker.machine.restore();
            assert_same(&state_of(&mut attacker), &fresh, name);
        }
    }
    attacker.assert_clean("secrets in all state");
}

const CR0_AM: u64 = 1 << 18;
/// Performance counters, FS/GS base instructions, protection keys.
const CR4_CLOSED: u64 = 1 << 8 | 1 << 16 | 1 << 22;
const EFER_SCE: u64 = 1;
const SYSENTER_CS: u32 = 0x174;

/// What closes the other ways into ring 0, as KVM reads it back after a call.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn registers_close_every_way_to_ring_0_but_the_stubs() {
    let mut attacker = Attacker::new(&["fill everything"], patient());
    attacker.run_with(0, &CANARY, &mut NoHost, false).expect("a call in a session");
    let (state, xcr0) = attacker.machine.vm().control();
    assert_eq!(state.efer & EFER_SCE, 0, "syscall");
    assert_eq!(attacker.machine.vm().model_specific(SYSENTER_CS).unwrap_or(0) & 0xfffc, 0, "sysenter");
    assert_eq!(state.cr0 & CR0_AM, 0, "alignment checks");
    assert_eq!(state.cr4 & CR4_CLOSED, 0, "CR4 {:#x}", state.cr4);
    assert!(state.ldt.unusable == 1 || state.ldt.limit < 8, "a local descriptor table: {:?}", state.ldt);
    assert_eq!(u64::from(state.gdt.limit), u64::from(crate::system::GDT_LIMIT));
    assert_eq!(u64::from(state.idt.limit), u64::from(crate::system::IDT_LIMIT));
    assert_eq!(xcr0 & !7, 0, "XCR0 {xcr0:#x}");
    assert_eq!((state.cs.dpl, state.ss.dpl), (3, 3));
}

/// Page tables before and after growth of every kind: what is mapped is backed, never writable and executable, and never
/// both the guest's and the system's.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn every_page_table_entry_names_memory_with_its_own_rights() {
    use twinwall_abi::layout::{HEAP, LARGE_PAGE, MEMORIES};
    const WRITABLE: u64 = 1 << 1;
    const USER: u64 = 1 << 2;
    const NO_EXECUTE: u64 = 1 << 63;
    let grow = "growth of the input's address and length";
    let mut attacker = Attacker::new(&[grow, "each page of the stack"], patient());
    let mut before: Vec<(u64, u64, u64)> = Vec::new();
    for step in 0..4 {
        match step {
            1 => drop(attacker.run_with(1, &[], &mut NoHost, false).expect("the stack window")),
            2 => {
                drop(attacker.run_with(0, &super::words(&[HEAP, 1 << 20]), &mut NoHost, false).expect("heap"))
            }
            3 => drop(
                attacker
                    .run_with(0, &super::words(&[MEMORIES, 6 << 20]), &mut NoHost, false)
                    .expect("memory"),
            ),
            _ => {}
        }
        let core = attacker.machine.core();
        let (mapped, backed) = (core.mapped(), core.backed());
        assert!(before.iter().all(|entry| mapped.contains(entry)), "an entry changed in step {step}");
        assert!(step == 0 || mapped.len() > before.len(), "nothing opened in step {step}");
        for &(address, length, entry) in &mapped {
            let physical = entry & 0x000f_ffff_ffff_f000;
            let held =
                backed.iter().any(|&(start, size)| start <= physical && physical + length <= start + size);
            assert!(held, "{address:#x} names {physical:#x}, which no memslot backs");
            assert!(
                entry & WRITABLE == 0 || entry & NO_EXECUTE != 0,
                "{address:#x} is writable and executable"
            );
            assert_eq!(entry & USER == 0, address < LARGE_PAGE, "{address:#x} is open to the wrong ring");
        }
        before = mapped;
    }
    attacker.machine.restore();
    attacker.assert_clean("growth of every kind");
}
