//! What guests need below their own logic: [`Mailbox`] and [`outbox`] for all of them; heap, panics and wasmtime's thread
//! state for images (feature `image`); and, for images that run freestanding in a KVM machine, the module
//! `freestanding`.
#![no_std]

#[cfg(feature = "image")]
mod abort;
#[cfg(feature = "freestanding")]
pub mod freestanding;
#[cfg(feature = "image")]
mod heap;
mod mailbox;
pub mod outbox;
#[cfg(feature = "image")]
mod thread_state;

#[cfg(feature = "image")]
pub use abort::abort;
#[cfg(feature = "image")]
pub use heap::{Heap, HeapWindows};
pub use mailbox::{Gate, Mailbox};
