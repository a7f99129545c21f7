//! Tests on a real KVM, with a guest of a few instructions whose every behaviour is known.

mod aborts;
mod alone;
mod counting;
mod crews;
mod deadlines;
mod dirty_log;
mod fuzz;
mod hostile;
mod hosts;
mod images;
mod instructions;
mod memory;
mod paging;
mod real_images;
mod remote;
mod restore;
mod ring3;
mod rounds;
mod saved;
mod soak;
mod turns;

use twinwall_abi::ErrorCode;

use self::rounds::rounds;
use crate::error::CallError;
use crate::machine::{Limits, Machine};
use crate::probe::Behaviour;
use crate::self_test::{call_probe, probe_machine};

fn machine(limits: Limits) -> Machine {
    probe_machine(limits).expect("the probe boots")
}

/// Calls with a clean slate.
fn call(machine: &mut Machine, behaviour: Behaviour, input: &[u8]) -> Result<Vec<u8>, CallError> {
    call_probe(machine, behaviour, input, true)
}

/// The machine answers, from a clean slate.
fn assert_usable(machine: &mut Machine) {
    assert_eq!(call(machine, Behaviour::Tell, &[]), Ok(vec![0; 8]));
    assert_eq!(call(machine, Behaviour::TellRegister, &[]), Ok(vec![0; 8]));
}

fn code(result: Result<Vec<u8>, CallError>) -> ErrorCode {
    result.map_or_else(|error| error.code, |_| ErrorCode::None)
}
