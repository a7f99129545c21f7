use twinwall_abi::ErrorCode;
use twinwall_abi::layout::{HEAP, MEMORIES, MEMORY_STRIDE, OUTPUT, STACK_TOP, STACK_WINDOW};

use super::{assert_usable, call, code, machine};
use crate::machine::Limits;
use crate::probe::Behaviour;
use crate::self_test::{call_probe, patient};

/// Status of a request for 64 KiB at `address`.
fn grow(machine: &mut crate::Machine, address: u64) -> u16 {
    let output = call_probe(machine, Behaviour::Grow, &address.to_le_bytes(), false).expect("a reply");
    u16::from_le_bytes([output[0], output[1]])
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn windows_open_page_by_page_from_their_start() {
    let mut machine = machine(patient());
    for base in [HEAP, MEMORIES, MEMORIES + 3 * MEMORY_STRIDE] {
        assert_eq!(grow(&mut machine, base), 0);
        assert_eq!(grow(&mut machine, base), 0, "what is open stays open");
        assert_eq!(grow(&mut machine, base + 0x10000), 0);
        assert_eq!(grow(&mut machine, base + 0x100_0000), ErrorCode::Memory.0, "a hole is refused");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn nothing_else_opens() {
    let mut machine = machine(patient());
    let outside = [
        0,
        0x1000,
        0x5000,
        0x40_0000,
        STACK_TOP - STACK_WINDOW - 0x10000,
        0x1_0000_0000,
        MEMORIES + 32 * MEMORY_STRIDE,
        MEMORIES + (4 << 30),
        MEMORIES + 1,
        u64::MAX - 0xffff,
        0xffff_8000_0000_0000,
        OUTPUT + (1 << 30),
    ];
    for address in outside {
        let before = machine.is_mapped(address);
        assert_eq!(grow(&mut machine, address), ErrorCode::Memory.0, "{address:#x}");
        assert_eq!(machine.is_mapped(address), before, "{address:#x}");
    }
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn growth_ends_at_the_budget() {
    let limits = Limits { memory_bytes: 1 << 20, input_bytes: 4096, output_bytes: 4096, ..patient() };
    let mut machine = machine(Limits { deadline: 10_000_000_000, ..limits });
    let mut opened = 0_u64;
    while grow(&mut machine, MEMORIES + opened) == 0 {
        opened += 0x10000;
        assert!(opened < 256 << 20, "growth does not end");
    }
    assert!(opened >= 1 << 20, "only {opened} bytes opened");
    machine.restore();
    assert_usable(&mut machine);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn the_stack_opens_on_touch_and_is_zero_again() {
    let mut machine = machine(patient());
    for _ in 0..3 {
        call(&mut machine, Behaviour::DeepStack, &[]).expect("a deep stack");
        assert!(machine.grown_memory_is_zero());
    }
    assert_eq!(machine.statistics().replaced, 0);
}

#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_large_input_opens_the_area() {
    let mut machine = machine(Limits { input_bytes: 8 << 20, ..patient() });
    let input = vec![7; 5 << 20];
    for _ in 0..2 {
        call(&mut machine, Behaviour::Keep, &input).expect("a large input");
        assert_usable(&mut machine);
    }
    assert_eq!(code(call(&mut machine, Behaviour::Keep, &vec![7; 9 << 20])), ErrorCode::Limit);
    assert_usable(&mut machine);
}
