//! Micro-VMs without an operating system over KVM.
//!
//! An [`Image`] runs in ring 3 of a machine that has memory, one gate and nothing else. [`Snapshot::boot`] runs an
//! image until it is ready and keeps every writable byte; [`Snapshot::machine`] makes machines that start there;
//! [`Machine::call`] sends a call in and gets a reply out, with a [`Host`] that serves the guest's host calls.
//! The exit loop, the limits, the restore and the checking of what the guest wrote are inside `call`.
//!
//! A call runs on the calling thread. To have it run elsewhere, give a [`Machine`] to a thread of a [`Crew`] and let it
//! make [`Machine::call_abortable`] with a [`RemoteHost`]: host calls and records travel to the thread that serves them,
//! and its [`CallLink`] answers them, or ends the call.
//!
//! The guest is hostile: everything it wrote is copied once and then checked, and any exit that is not exactly the
//! gate's ends the machine.

mod abort;
mod attachment;
mod clock;
mod contents;
mod cpu;
mod crew;
mod deadline;
mod dirty_log;
mod error;
mod floor;
mod host;
mod image;
mod instructions;
mod machine;
mod memory;
mod plan;
mod probe;
mod remote;
mod saved;
mod self_test;
mod snapshot;
mod system;
#[cfg(test)]
mod tests;
mod turns;

pub use abort::{AbortHandle, Interruptible};
pub use attachment::attachment_addresses;
pub use crew::{Crew, Seat};
pub use dirty_log::{Strategy, adopt_dirty_log_costs, dirty_log_costs, test_dirty_log};
pub use error::{CallError, LoadError, MachineError};
pub use floor::{Floor, measure_bare_machine, measure_floor};
pub use host::{Host, NoHost, Output, TimeLimit};
pub use image::Image;
pub use machine::{Call, Limits, Machine, Statistics};
pub use remote::{CallLink, Courier, HostMessage, RemoteHost, RemoteRecord};
pub use saved::{SAVED_REGISTERS, SavedRun, SavedState, StateError};
pub use self_test::{Findings, OpenError, open};
pub use snapshot::{BootOptions, Snapshot};
pub use turns::Turn;

/// Names the processor that guests see: a guest's state means the same on processors of equal names.
///
/// # Errors
/// [`MachineError`] when `/dev/kvm` does not open.
pub fn processor() -> Result<String, MachineError> {
    machine::Hypervisor::get().map(|hypervisor| cpu::name(hypervisor.cpuid()))
}
