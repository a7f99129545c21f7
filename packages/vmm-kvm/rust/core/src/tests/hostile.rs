//! A guest that runs any ring-3 code it likes: each attack ends in one typed error, and the next call is right.

use twinwall_abi::ErrorCode;

use super::{assert_usable, call, code, machine};
use crate::machine::Limits;
use crate::probe::Behaviour;
use crate::self_test::patient;

const SECRET: [u8; 8] = 0x5ec2_e75e_c2e7_5ec2_u64.to_le_bytes();

/// Runs `attack` after a call that left a secret, several times.
fn survive(attack: Behaviour, expected: ErrorCode) {
    let mut machine = machine(patient());
    for _ in 0..3 {
        call(&mut machine, Behaviour::Keep, &SECRET).expect("a call before the attack");
        if expected == ErrorCode::Deadline {
            machine.configure(Limits { deadline: 20_000_000, ..patient() });
        }
        let result = call(&mut machine, attack, &[]);
        machine.configure(patient());
        assert_eq!(code(result.clone()), expected, "{attack:?}: {result:?}");
        assert_usable(&mut machine);
    }
    assert_eq!(machine.statistics().replaced, 3, "{attack:?} must cost the virtual machine");
}

macro_rules! attacks {
    ($($name:ident: $behaviour:ident => $code:ident;)*) => {$(
        #[test]
        #[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
        fn $name() {
            survive(Behaviour::$behaviour, ErrorCode::$code);
        }
    )*};
}

attacks! {
    a_loop_ends_at_the_deadline: Loop => Deadline;
    another_port_is_an_attack: OtherPort => BadReply;
    reading_the_gate_is_an_attack: ReadGate => BadReply;
    a_wide_gate_is_an_attack: WideGate => BadReply;
    string_input_is_an_attack: StringInput => BadReply;
    a_forged_exception_is_an_attack: ForgedException => BadReply;
    an_undefined_instruction_ends_the_machine: UndefinedInstruction => BadReply;
    division_by_zero_ends_the_machine: Divide => BadReply;
    reading_address_zero_ends_the_machine: NullRead => BadReply;
    system_pages_are_closed: SystemRead => BadReply;
    code_is_not_writable: WriteCode => BadReply;
    the_stack_is_not_executable: ExecuteStack => BadReply;
    the_stack_has_a_guard: BelowStack => BadReply;
    halting_ends_the_machine: Halt => BadReply;
    system_calls_are_closed: SystemCall => BadReply;
    model_specific_registers_are_closed: ReadMsr => BadReply;
    page_tables_are_closed: LoadTables => BadReply;
    software_interrupts_are_closed: SoftwareInterrupt => BadReply;
    output_outside_the_area_is_refused: BadOutput => BadReply;
    unknown_operations_are_refused: BadOperation => BadReply;
    an_endless_outbox_is_refused: BadOutbox => BadReply;
    an_answer_to_another_request_is_refused: WrongRequest => BadReply;
    growth_without_end_stops: GrowForever => Deadline;
}

/// `rep outsb` is 100 exits on some hypervisors, one of 100 bytes on others; neither is a call that went well.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn a_repeated_gate_is_an_attack() {
    let mut machine = machine(patient());
    let first = call(&mut machine, Behaviour::RepeatedGate, &[]);
    // Where each byte is an exit of its own, the first looks like the gate: an empty reply of a guest that then
    // stands inside its instruction. The restore must not let that instruction go on.
    assert!(matches!(code(first), ErrorCode::None | ErrorCode::BadReply));
    for _ in 0..4 {
        assert_usable(&mut machine);
    }
}

/// On Intel processors this instruction is patched or undefined, on AMD it reaches the hypervisor.
#[test]
#[cfg_attr(not(kvm), ignore = "needs /dev/kvm")]
fn hypercalls_do_no_harm() {
    let mut machine = machine(patient());
    for _ in 0..3 {
        let result = call(&mut machine, Behaviour::Vmmcall, &[]);
        assert!(
            matches!(code(result.clone()), ErrorCode::None | ErrorCode::BadReply | ErrorCode::Deadline),
            "{result:?}"
        );
        assert_usable(&mut machine);
    }
}
