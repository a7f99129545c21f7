//! The WASI functions as programs see them, on a native wasmtime without std, like the one in an image.
//!
//! The module is compiled into this test itself: it is private to the crate, and its only way out is [`wasi::WasiHost`].

extern crate alloc;

#[allow(dead_code, reason = "the tests use a part of what the runtime uses")]
#[path = "../../src/failure.rs"]
mod failure;
#[allow(dead_code, unused_imports, reason = "the tests use a part of what the runtime uses")]
#[path = "../../src/wasi/mod.rs"]
mod wasi;

mod arguments;
mod changes;
mod compile;
mod descriptors;
mod directory;
mod files;
mod harness;
mod hostile;
mod numbers;
mod open;
mod platform;
mod poll;
mod preview2;
mod process;
mod programs_run;
mod signatures;
mod streams;
