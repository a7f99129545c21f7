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
mod saved;
mod soak;
mod turns;

use twinwall_abi::ErrorCode;

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

/// How often to repeat something: as often as `TWINWALL_ROUNDS` says, or a hundred times as often where `TWINWALL_SOAK` is 1,
/// and a tenth on a processor that software emulates, where all is two orders of magnitude slower.
fn rounds(wanted: u64) -> u64 {
    if let Some(asked) = std::env::var("TWINWALL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()) {
        return asked;
    }
    let soak = std::env::var_os("TWINWALL_SOAK").is_some_and(|value| value == "1");
    let wanted = if soak { wanted * 100 } else { wanted };
    if is_emulated() { wanted.div_ceil(10) } else { wanted }
}

/// Whether software emulates the processor.
fn is_emulated() -> bool {
    std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default().contains("QEMU TCG")
}
