//! Random bytes as code: most of them are attacks that nobody thought of.

use rand_chacha::ChaCha12Rng;
use rand_core::{RngCore, SeedableRng};
use twinwall_abi::ErrorCode;

use super::super::rounds;
use super::{Attacker, outcome};
use crate::machine::Limits;
use crate::self_test::patient;
use crate::{NoHost, Strategy};

/// Pieces of one image.
const PIECES: usize = 60;

/// Opcodes that leave ring 3, or try to, so that random code meets them more often than by chance.
const SPICE: [&[u8]; 16] = [
    &[0xe6, 0x54],
    &[0xe6, 0x55],
    &[0xee],
    &[0x6c],
    &[0x6e],
    &[0xf3, 0x6e],
    &[0xf3, 0x6c],
    &[0x0f, 0x05],
    &[0x48, 0xcf],
    &[0x48, 0xcb],
    &[0x9d],
    &[0x0f, 0x01],
    &[0x8e],
    &[0x0f, 0xae],
    &[0x48, 0xa5],
    &[0xc7, 0x83, 0x00, 0x02, 0x00, 0x00],
];

fn random_code(random: &mut ChaCha12Rng) -> Vec<u8> {
    let mut code = Vec::new();
    for _ in 0..1 + random.next_u32() % 8 {
        if random.next_u32().is_multiple_of(2) {
            code.extend(SPICE[random.next_u32() as usize % SPICE.len()]);
        }
        let mut bytes = [0; 6];
        random.fill_bytes(&mut bytes);
        code.extend(&bytes[..random.next_u32() as usize % 6]);
    }
    code
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn random_code_ends_in_a_result_or_a_typed_error() {
    for round in 0..rounds(6) {
        let mut random = ChaCha12Rng::seed_from_u64(0x7457_1a11 + round);
        let pieces: Vec<Vec<u8>> = (0..PIECES).map(|_| random_code(&mut random)).collect();
        let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let mut attacker = Attacker::with_code(&slices, patient());
        for (index, piece) in pieces.iter().enumerate() {
            if round % 2 == 1 {
                // Each time: a machine that takes the place of a failed one is copied at first.
                attacker.machine.fix_strategy(Strategy::DirtyLog).expect("KVM's dirty log");
            }
            let mut input = vec![0; 256];
            random.fill_bytes(&mut input);
            attacker.machine.configure(Limits { deadline: 20_000_000, ..patient() });
            let result = attacker.run_with(index, &input, &mut NoHost, true);
            let code = outcome(&result);
            let typed = code.0 <= ErrorCode::Internal.0 && code != ErrorCode::Internal;
            assert!(typed, "round {round}, {piece:02x?}: {result:?}");
            attacker.machine.configure(patient());
            attacker.assert_clean(&format!("round {round}, {piece:02x?}"));
        }
    }
}
