//! State that a guest leaves and a restore must take back: registers, vectors, flags, the mailbox, the areas.

use std::panic::AssertUnwindSafe;

use twinwall_abi::ErrorCode;
use twinwall_abi::outbox::Entry;

use super::{Attacker, words};
use crate::NoHost;
use crate::self_test::patient;

const SECRET: [u8; 8] = [0xa5, 0x17, 0xc3, 0x99, 0x5e, 0x42, 0xd1, 0x7b];

fn secret() -> Vec<u8> {
    SECRET.repeat(512)
}

fn holds_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|window| window == SECRET)
}

/// What `tell` says after `keep` in one session, and what it says on a clean slate, and in a machine that never ran.
fn keep_and_tell(keep: &str, tell: &str) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
    let mut attacker = Attacker::new(&[keep, tell], patient());
    let fresh = attacker.run(1, &[]).expect("a new machine tells");
    attacker.run_with(0, &secret(), &mut NoHost, false).expect("a call that keeps");
    let session = attacker.run(1, &[]).expect("the session tells");
    let clean = attacker.run(1, &[]).expect("a restored machine tells");
    for _ in 0..20 {
        attacker.run(0, &secret()).expect("a call that keeps");
        assert_eq!(attacker.run(1, &[]).expect("a restored machine tells"), clean);
    }
    attacker.assert_clean(keep);
    (session, clean, fresh)
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn vectors_flags_and_control_words_do_not_survive() {
    let (session, clean, fresh) = keep_and_tell("keep vectors", "tell vectors");
    assert!(holds_secret(&session), "the piece does not keep what it should");
    assert!(!holds_secret(&clean));
    assert!(clean[..512].iter().all(|&byte| byte == 0), "a vector register is not zero");
    assert_eq!(clean[1032..1036], 0x1f80_u32.to_le_bytes(), "MXCSR");
    assert_eq!(clean[1040..1042], 0x37f_u16.to_le_bytes(), "x87 control word");
    assert_eq!(clean, fresh);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn registers_mailbox_and_areas_do_not_survive() {
    let (session, clean, fresh) = keep_and_tell("keep registers", "tell registers");
    assert!(holds_secret(&session), "the piece does not keep what it should");
    assert!(!holds_secret(&clean));
    assert_eq!(clean, fresh);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn selectors_do_not_survive() {
    let (session, clean, fresh) = keep_and_tell("keep selectors", "tell selectors");
    assert_ne!(session, clean, "the piece does not keep what it should");
    assert_eq!(clean, fresh);
}

/// State that a machine should not have, and has on some hypervisors: ring 3 may set segment bases although CR4 says
/// no, and use AVX-512 although XCR0 was asked to say no.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn state_that_should_not_be_there_does_not_survive() {
    for pair in [["keep segment bases", "tell segment bases"], ["keep wide vectors", "tell wide vectors"]] {
        let mut attacker = Attacker::new(&pair, patient());
        for _ in 0..20 {
            // Where the processor does not know the instruction, the machine is replaced.
            let kept = attacker.run(0, &secret());
            match attacker.run(1, &[]) {
                Ok(told) => assert!(told.iter().all(|&byte| byte == 0), "after {}: {told:x?}", pair[0]),
                Err(error) => assert!(kept.is_err(), "{error}"),
            }
            attacker.assert_clean(pair[0]);
        }
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_machine_that_replaces_a_poisoned_one_is_clean() {
    let mut attacker = Attacker::new(&["keep vectors", "tell vectors", "rep insb"], patient());
    let fresh = attacker.run(1, &[]).expect("a new machine tells");
    for _ in 0..4 {
        attacker.run_with(0, &secret(), &mut NoHost, false).expect("a call that keeps");
        attacker.run(2, &[]).expect_err("an attack");
        assert_eq!(attacker.run(1, &[]).expect("another machine tells"), fresh);
    }
}

/// Pages that opened for one call are zero for the next, whichever window they are in and however they came.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn opened_pages_do_not_carry_data() {
    use twinwall_abi::layout::{HEAP, MEMORIES, MEMORY_STRIDE, OUTPUT};
    let grow = "growth of the input's address and length";
    let mut attacker = Attacker::new(&[grow, "each page of the stack"], patient());
    for (address, length) in
        [(HEAP, 1 << 20), (MEMORIES, 6 << 20), (MEMORIES + 31 * MEMORY_STRIDE, 3 << 20), (OUTPUT, 1 << 20)]
    {
        assert_eq!(attacker.run(0, &words(&[address, length])), Ok(vec![0; 8]), "{address:#x}");
        attacker.run(1, &[]).expect("a touch of the whole stack window");
        attacker.assert_clean("growth");
    }
    assert_eq!(attacker.machine.statistics().replaced, 0);
}

/// A host whose function unwinds.
struct Panics;

impl crate::Host for Panics {
    fn call(
        &mut self,
        _function: u32,
        _arguments: &[u8],
        _limit: crate::TimeLimit,
    ) -> Result<Vec<u8>, ErrorCode> {
        std::panic::resume_unwind(Box::new("a host function that fails"))
    }

    fn record(&mut self, _entry: Entry<'_>, _limit: crate::TimeLimit) {}
}

/// A panic of the embedding program leaves the guest in the middle of its call: the next call must not go on there.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_panic_in_a_host_function_costs_the_virtual_machine() {
    let mut attacker = Attacker::new(&["host calls without end"], patient());
    for round in 1..4 {
        let attempt = AssertUnwindSafe(|| attacker.run_with(0, &[], &mut Panics, true));
        std::panic::catch_unwind(attempt).expect_err("the panic goes through");
        attacker.assert_clean("a panic in a host function");
        assert_eq!(attacker.machine.statistics().replaced, round);
    }
}
