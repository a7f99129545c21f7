//! Two machines: what one writes, and how it misbehaves, the other never sees.

use super::super::rounds;
use super::{Attacker, outcome};
use crate::NoHost;
use crate::machine::Call;
use crate::probe::Behaviour;
use crate::self_test::{call_probe, patient};
use twinwall_abi::{CallKind, ErrorCode};

const CANARY: [u8; 8] = *b"canary!\xc5";

fn holds_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY)
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn what_one_machine_writes_no_other_holds() {
    let attacks =
        ["fill everything", "write to the image", "flush of shared lines", "rep insb", "split lock"];
    let mut attacker = Attacker::new(&attacks, patient());
    let mut neighbour = attacker.snapshot.machine().expect("a machine of the same snapshot");
    let mut stranger = super::super::machine(patient());
    let image = attacker.snapshot.image_bytes().to_vec();
    // Both hold a value of their own in a session meanwhile.
    call_probe(&mut neighbour, Behaviour::Keep, &[1; 8], false).expect("a call in a session");
    call_probe(&mut stranger, Behaviour::Keep, &[2; 8], false).expect("a call in a session");
    for round in 0..rounds(20) {
        let fill = Call {
            kind: CallKind::Bytes,
            function: attacker.numbers[0],
            input: &CANARY,
            continues: false,
            restore: false,
            exact: true,
        };
        attacker.machine.call(&fill, &mut NoHost, &mut [0; 0]).expect("a call that fills what it may");
        let memory = attacker.machine.writable_memory().expect("a live machine");
        assert!(holds_canary(&memory), "the piece does not write what it should");
        for (attack, name) in attacks.iter().enumerate().skip(1) {
            let code = outcome(&attacker.run(attack, &CANARY));
            assert!(matches!(code, ErrorCode::None | ErrorCode::BadReply), "{name}: {code:?}");
        }
        for (machine, own) in [(&mut neighbour, [1; 8]), (&mut stranger, [2; 8])] {
            assert!(!holds_canary(&machine.writable_memory().expect("a live machine")), "round {round}");
            assert_eq!(call_probe(machine, Behaviour::Tell, &[], false), Ok(own.to_vec()), "round {round}");
        }
        assert!(attacker.snapshot.image_bytes() == image, "shared memory changed in round {round}");
        attacker.assert_clean("a neighbour's session");
    }
}

/// Both at once, on threads: attacks here, right answers there.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn attacks_on_one_thread_do_not_disturb_another() {
    let mut attacker = Attacker::new(&["fill everything", "rep insb", "null stack segment"], patient());
    let mut neighbour = attacker.snapshot.machine().expect("a machine of the same snapshot");
    let total = rounds(300);
    let thread = std::thread::spawn(move || {
        for round in 0..total {
            let own = (round | 1 << 63).to_le_bytes();
            call_probe(&mut neighbour, Behaviour::Keep, &own, false).expect("a call in a session");
            assert_eq!(call_probe(&mut neighbour, Behaviour::Tell, &[], true), Ok(own.to_vec()));
            assert_eq!(call_probe(&mut neighbour, Behaviour::Tell, &[], true), Ok(vec![0; 8]));
        }
    });
    for round in 0..total as usize {
        let _ = attacker.run(round % 3, &CANARY);
    }
    thread.join().expect("right answers beside the attacks");
    attacker.assert_clean("attacks beside a neighbour");
}
