//! Deadlines that end at any moment: in an entry, in an exception, in a host call, between two exits.

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use twinwall_abi::ErrorCode;

use super::super::rounds;
use super::{Attacker, outcome};
use crate::machine::Limits;
use crate::self_test::patient;

/// Host work that takes turns with the guest's.
struct Answers;

impl crate::Host for Answers {
    fn call(&mut self, _: u32, arguments: &[u8], _: crate::TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        Ok(arguments.to_vec())
    }

    fn record(&mut self, _: twinwall_abi::outbox::Entry<'_>, _: crate::TimeLimit) {}
}

/// Nothing that a deadline cut off (an exception about to be delivered, a stub on its way back) shows in a later call.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_deadline_at_any_moment_leaves_nothing_pending() {
    let names = [
        "each page of the stack",
        "drains without end",
        "host calls without end",
        "rep insb",
        "undefined instruction without a stack",
        "rep lodsb without end",
        "fill everything",
    ];
    let mut attacker = Attacker::new(&names, patient());
    let mut random = ChaCha12Rng::seed_from_u64(0xdead_11fe);
    let mut late = 0;
    for round in 0..rounds(500) {
        let piece = random.next_u32() as usize % names.len();
        // From the entry itself to well inside the work, on a fast processor and on a slow one.
        let deadline = 1 << (10 + random.next_u32() % 13) | u64::from(random.next_u32() % 1000);
        attacker.machine.configure(Limits { deadline, ..patient() });
        let result = attacker.run_with(piece, &[0x5a; 8], &mut Answers, true);
        attacker.machine.configure(patient());
        let code = outcome(&result);
        let known = [ErrorCode::None, ErrorCode::Deadline, ErrorCode::BadReply, ErrorCode::Limit];
        assert!(known.contains(&code), "round {round}, {}: {result:?}", names[piece]);
        late += u32::from(code == ErrorCode::Deadline);
        attacker.assert_clean(names[piece]);
    }
    assert!(late > 0, "no deadline came in time to matter");
}
