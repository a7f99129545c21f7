//! What both sides of the wall agree on: mailbox, image header, limits, error and trap codes.
//!
//! `schema/*.fbs` is the source; flatc writes [`generated`](self) code that stays private, and this
//! crate re-exports it under the names of the schema together with what a schema cannot say:
//! addresses, offsets, framing, and readers that check before they trust.
#![no_std]

extern crate alloc;

#[allow(
    clippy::all,
    warnings,
    clippy::allow_attributes_without_reason,
    clippy::undocumented_unsafe_blocks,
    reason = "code made by flatc is not ours to style"
)]
#[path = "generated/all_generated.rs"]
#[rustfmt::skip]
mod generated;

pub mod batch;
pub mod connection;
pub mod gate;
pub mod layout;
pub mod mailbox;
pub mod outbox;
pub mod tables;
pub mod values;

pub use generated::twinwall::abi::{
    Answer, CallKind, ErrorCode, ExternKind, FunctionShape, GateOperation, ImageHeader, MachineKind, Record,
    RecordKind, Report, Request, RequestFlag, Seed, TrapCode, ValueType,
};

/// Version of the guest ABI. Host and image must agree exactly.
pub const ABI_VERSION: u32 = 3;

/// First field of [`Request`]: `TWMB` read as a little-endian number.
pub const MAILBOX_MAGIC: u32 = u32::from_le_bytes(*b"TWMB");

/// First field of [`ImageHeader`]: `TWIM` read as a little-endian number.
pub const IMAGE_MAGIC: u32 = u32::from_le_bytes(*b"TWIM");

/// Name of the ELF section that holds the [`ImageHeader`].
pub const IMAGE_SECTION: &str = ".twinwall";

/// Version of the [`tables::Artifact`] format.
pub const ARTIFACT_FORMAT: u32 = 3;

/// Fuel value that stands for "not limited".
pub const FUEL_UNLIMITED: u64 = u64::MAX;
