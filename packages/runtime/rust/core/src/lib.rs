//! The WebAssembly guest runtime that all images share.
//!
//! [`Server`] boots one module and then serves call after call: it reads a request from the mailbox, moves the data into
//! linear memory, calls the module, moves the result out and reports. [`run`] does so for ever. What differs between machines (the gate, the
//! clock, where linear memories lie, how code becomes executable) is behind [`Platform`].
//!
//! The host is trusted: it could write any byte of this memory. The module is not: every pointer, length and value
//! that comes out of it is checked.
#![no_std]

extern crate alloc;

mod boot;
mod calls;
mod clock;
mod component;
mod engine;
mod exports;
mod failure;
mod guest;
mod imports;
mod limits;
mod memory;
mod out_area;
mod pieces;
mod platform;
mod program;
mod random;
mod serve;
mod signature;
#[cfg(test)]
mod unit_tests;
pub mod wasi;
mod wasi_host;

pub use platform::{LinearMemories, Platform};
pub use serve::{Server, run};
