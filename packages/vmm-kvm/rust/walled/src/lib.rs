//! A third wall: machines of [`twinwall_vmm_kvm`] in worker processes that may do nothing else.
//!
//! [`Snapshot`] and [`Machine`] are used as those of the core are. Behind each machine stands a process of its own, which
//! opens `/dev/kvm`, makes the machine, and then gives up everything but to enter it: a filter of system calls lets it
//! neither open, connect, start nor signal anything. A guest that escapes from its machine finds itself there.
//!
//! Parent and worker speak by one socket, in turns: a request, host calls and records, a reply. The worker believes its
//! parent. The parent believes nothing: it counts host calls and bytes by itself, bounds all lengths before it makes room for
//! them, and ends a worker that is late, broke the protocol, or whose machine must not be used again; the next call starts
//! another from the snapshot.

mod channel;
mod error;
mod exchange;
mod keeper;
mod machine;
mod memory_file;
mod program;
mod snapshot;
mod wire;
pub mod worker;

pub use machine::Machine;
pub use program::{Program, check};
pub use snapshot::{Snapshot, WalledImage};
