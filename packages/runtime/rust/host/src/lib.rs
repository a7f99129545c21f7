//! Twinwall without Node: compiled WebAssembly modules in KVM micro-VMs, from Rust.
//!
//! A [`Program`] is an image and what runs in it, booted once: the Wasm runtime with a [`CompiledModule`] (made by
//! `twinwall compile --machine kvm`), or a native image without WebAssembly. [`Program::instance`] gives a machine that
//! starts there; [`Instance::call_bytes`] runs one of its bytes functions on the calling thread, with a [`Host`] that
//! serves the guest's host functions. A call starts from a clean slate, or goes on with a session until
//! [`Instance::finish`].
//!
//! This is what the `sandbox` package does in TypeScript, as far as an embedder in a proxy or a C library needs it; both
//! read the same test vectors.
//!
//! ```no_run
//! use std::fs;
//! use twinwall_host::{CompiledModule, Image, Instance, NoHost, Program, ProgramOptions};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     twinwall_host::open()?; // tests this machine's KVM, once for the process
//!     let image = Image::load(&fs::read("wasm.elf")?)?;
//!     let module = CompiledModule::read(&fs::read("echo.cwasm")?)?;
//!     let program = Program::boot(image.into(), &module, &ProgramOptions::default(), &mut NoHost)?;
//!     let echo = program.bytes_function("echo")?;
//!     let mut instance: Instance = program.instance()?;
//!     let mut output = Vec::new();
//!     let length = instance.call_bytes(echo, b"hello", &mut NoHost, &mut output)?;
//!     assert_eq!(&output[..length], b"hello");
//!     Ok(())
//! }
//! ```
//!
//! What comes out of a guest is hostile: a result is bytes, copied once; text in a [`CallError`] is bounded, and must
//! be escaped by whoever prints it ([`show_text`]).

mod boot;
mod host_function;
mod instance;
mod module;
mod program;
mod quantity;
mod text;

pub use host_function::{HostFunction, HostShape, ScalarType};
pub use instance::Instance;
pub use module::{CompiledModule, ModuleError};
pub use program::{BytesFunction, Program, ProgramOptions};
pub use quantity::{BadQuantity, parse_duration, parse_size};
pub use text::show_text;

pub use twinwall_abi::outbox::Entry;
pub use twinwall_abi::{ErrorCode, RecordKind};
pub use twinwall_vmm_kvm::{
    AbortHandle, CallError, CallLink, Courier, Crew, Findings, Floor, Host, HostMessage, Image, Limits,
    LoadError, MachineError, NoHost, OpenError, Output, RemoteHost, RemoteRecord, Statistics, TimeLimit,
    open,
};
