//! The guest's side of the byte ABI of core modules, version 1. Everything unsafe is here.
//!
//! Who owns what: the sandbox allocates the input and frees it before the next call, or after the init function. A result
//! is lent to it until it gives that back by `twinwall_free`, also before the next call; a result within the input goes
//! with the input. A host function's answer is allocated for the guest, which frees it.

mod entry;
mod fail;
mod host;
mod memory;
#[cfg(any(feature = "std", feature = "panic-handler"))]
mod panic;
mod single;
mod stack;

#[cfg(target_feature = "atomics")]
compile_error!("Twinwall runs a module on one thread: build the guest for a target without atomics");

pub use entry::{bytes, init, scalars};
pub use fail::fail;
pub use host::{call_host, expect_answer};
