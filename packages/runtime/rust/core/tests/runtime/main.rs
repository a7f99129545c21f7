//! The runtime as a whole: modules that are booted and called through the mailbox, as in a real machine.
//!
//! The machine is a thread; everything else (gate, mailbox, areas, attachments, pages that open when asked for) is what
//! the KVM machine has. Modules are written as text and compiled by the native compiler.

mod batch;
mod boot;
mod bytes;
mod command;
mod compile;
mod components;
mod declare;
mod fuel;
mod imports;
mod limits;
mod machine;
mod modules;
mod pages;
mod platform;
mod preview2;
mod preview2_types;
mod scalars;
mod sessions;
mod setup;
mod traps;
