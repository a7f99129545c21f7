//! Forged gates: every port, width, direction and form of port I/O that is not the gate's own instruction.

use twinwall_abi::ErrorCode;
use twinwall_abi::gate::GATE_PORT;

use super::super::rounds;
use super::{Attacker, outcome};
use crate::self_test::patient;

/// Most pieces of one image.
const PIECES: usize = 400;

/// Port in the instruction: `out` and `in` of one, two and four bytes.
const IMMEDIATE: [&[u8]; 6] = [&[0xe6], &[0x66, 0xe7], &[0xe7], &[0xe4], &[0x66, 0xe5], &[0xe5]];

/// Port in `dx`: the same, then the string forms, once and repeated.
const REGISTER: [&[u8]; 18] = [
    &[0xee],
    &[0x66, 0xef],
    &[0xef],
    &[0xec],
    &[0x66, 0xed],
    &[0xed],
    &[0x6e],
    &[0x66, 0x6f],
    &[0x6f],
    &[0x6c],
    &[0x66, 0x6d],
    &[0x6d],
    &[0xf3, 0x6e],
    &[0xf3, 0x66, 0x6f],
    &[0xf3, 0x6f],
    &[0xf3, 0x6c],
    &[0xf3, 0x66, 0x6d],
    &[0xf3, 0x6d],
];

/// The gate's own instruction in other encodings: one byte, out, to its port. `rep outsb` is one of them where the
/// hypervisor comes out for each byte.
fn is_the_gate(port: u16, form: &[u8]) -> bool {
    port == u16::from(GATE_PORT) && matches!(form, [0xe6] | [0xee] | [0x6e] | [0xf3, 0x6e])
}

fn with_immediate(port: u8, form: &[u8]) -> Vec<u8> {
    [form, &[port]].concat()
}

/// `mov edx, port; lea rsi, [r10 - 64]; mov rdi, rsi; mov ecx, 3` and the instruction.
fn with_register(port: u16, form: &[u8]) -> Vec<u8> {
    let [low, high] = port.to_le_bytes();
    let setup = [0xba, low, high, 0, 0, 0x49, 0x8d, 0x72, 0xc0, 0x48, 0x89, 0xf7, 0xb9, 3, 0, 0, 0];
    [&setup, form].concat()
}

/// Every piece that is not the gate costs the virtual machine; the next call is right.
fn survive(pieces: &[Vec<u8>]) {
    for pieces in pieces.chunks(PIECES) {
        let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
        let mut attacker = Attacker::with_code(&slices, patient());
        for (index, piece) in pieces.iter().enumerate() {
            let result = attacker.run(index, &[]);
            assert_eq!(outcome(&result), ErrorCode::BadReply, "{piece:02x?}: {result:?}");
            assert_eq!(attacker.machine.statistics().replaced, index as u64 + 1, "{piece:02x?}");
            super::super::assert_usable(&mut attacker.machine);
        }
        attacker.assert_clean("forged gates");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn every_port_in_an_instruction_is_closed() {
    let step = (256 / rounds(256)).clamp(1, 32) as usize;
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for form in IMMEDIATE {
        // The gate's port always, its neighbours too.
        let near = u16::from(GATE_PORT) - 2..=u16::from(GATE_PORT) + 2;
        let ports = (0..=255_u16).filter(|port| near.contains(port) || (*port as usize).is_multiple_of(step));
        pieces.extend(
            ports.filter(|&port| !is_the_gate(port, form)).map(|port| with_immediate(port as u8, form)),
        );
    }
    survive(&pieces);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn every_form_of_port_io_is_closed() {
    let gate = u16::from(GATE_PORT);
    // Neighbours in the bitmap, ports whose last byte is the gate's, ports that hosts serve themselves.
    let ports =
        [gate, gate ^ 1, gate ^ 8, gate | 0x100, gate | 0xff00, 0x20, 0x60, 0x64, 0xcf8, 0x3f8, 0xffff];
    let mut pieces = Vec::new();
    for form in REGISTER {
        pieces.extend(
            ports.iter().filter(|&&port| !is_the_gate(port, form)).map(|&port| with_register(port, form)),
        );
    }
    survive(&pieces);
}
