//! What guests need below their own logic: [`Mailbox`] and [`outbox`] for all of them, and, for images that run
//! freestanding in a KVM machine, the module `freestanding`.
#![no_std]

#[cfg(feature = "freestanding")]
pub mod freestanding;
mod mailbox;
pub mod outbox;

pub use mailbox::{Gate, Mailbox};
