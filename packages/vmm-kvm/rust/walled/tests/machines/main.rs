//! Machines in real worker processes, on a real KVM.

mod calls;
mod hostile;
mod processes;
mod races;
#[path = "../../../core/src/tests/rounds.rs"]
mod rounds;
mod support;
