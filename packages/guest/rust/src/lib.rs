//! Write functions that [Twinwall](https://github.com/twinwall/twinwall) runs: bytes in, bytes out.
//!
//! A guest is a `cdylib` for `wasm32-unknown-unknown` or `wasm32-wasip1`:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! twinwall-guest = { path = "node_modules/@twinwall/guest/rust" }
//! ```
//!
//! ```
//! use twinwall::{Failure, function, host, init};
//!
//! #[host]
//! extern "C" {
//!     /// Looks a word up, on the host's side.
//!     fn lookup(key: &str) -> String;
//! }
//!
//! /// `sandbox.callBytes("upper", input)`
//! #[function]
//! fn upper(input: &[u8]) -> Vec<u8> {
//!     input.to_ascii_uppercase()
//! }
//!
//! /// `sandbox.call("divide", 7, 2)`
//! #[function]
//! fn divide(dividend: i32, divisor: i32) -> Result<i32, Failure> {
//!     dividend.checked_div(divisor).ok_or_else(|| Failure::new(7, "division by zero"))
//! }
//!
//! #[function]
//! fn explain(word: &str) -> String {
//!     format!("{word}: {}", lookup(word))
//! }
//!
//! // They stay functions, so they can be tested where they are built.
//! assert_eq!(upper(b"twinwall"), b"TWINWALL");
//! assert_eq!(divide(7, 2), Ok(3));
//! ```
//!
//! Beside the functions, a module built with this crate exports the allocator that the sandbox passes bytes through.
//! Memory is looked after: the sandbox gives inputs and results back, and what a call returned is valid until the next.
//!
//! # State
//!
//! Every call starts from the snapshot, which is taken after [`init`]; in a session, from where the call before ended.
//! Statics hold state: atomics, `Mutex`, `OnceLock`.
//!
//! ```
//! use std::sync::OnceLock;
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use twinwall::{function, init};
//!
//! static GREETING: OnceLock<String> = OnceLock::new();
//! static COUNT: AtomicU32 = AtomicU32::new(0);
//!
//! /// `Sandbox.create({ module, init })`
//! #[init]
//! fn start(greeting: &str) {
//!     GREETING.get_or_init(|| greeting.into());
//! }
//!
//! #[function]
//! fn greet(name: &str) -> String {
//!     format!("{} {name}", GREETING.get().map_or("hello", String::as_str))
//! }
//!
//! #[function]
//! fn count() -> u32 {
//!     COUNT.fetch_add(1, Ordering::Relaxed) + 1
//! }
//!
//! start("hi");
//! assert_eq!(greet("you"), "hi you");
//! assert_eq!((count(), count()), (1, 2));
//! ```
//!
//! # Failures
//!
//! A function fails by returning an error: what it owned is dropped, the call is `E_GUEST_ERROR` for the host, and a
//! session goes on. A panic is reported with its message and place, code [`Failure::PANIC`]; the rest of a session then
//! gets the same code for every call, since a module that panicked has half-made values. A failed allocation of Rust's own
//! collections ends the call as a trap, and a session with it.
//!
//! What is not a function for the host does not compile:
//!
//! ```compile_fail,E0277
//! #[twinwall::function]
//! fn f(input: &[u8]) -> std::collections::HashMap<u8, u8> {
//!     Default::default()
//! }
//! ```
//!
//! ```compile_fail,E0277
//! #[twinwall::function]
//! fn f(number: u16) -> u32 {
//!     number.into()
//! }
//! ```
//!
//! ```compile_fail
//! #[twinwall::function]
//! fn f(input: &[u8], more: u32) -> Vec<u8> {
//!     input.to_vec()
//! }
//! ```
//!
//! ```compile_fail,E0277
//! #[twinwall::function]
//! fn f(input: &[u8]) -> Result<Vec<u8>, String> {
//!     Err(String::from("a String is no error; use Failure::new"))
//! }
//! ```
//!
//! ```compile_fail,E0277
//! #[twinwall::host]
//! extern "C" {
//!     fn lookup(key: &[u8]) -> Vec<u32>;
//! }
//! ```
//!
//! # Small modules
//!
//! What a call may write is put back after it, so memory that a module does not have costs nothing. Link with a small
//! stack, in `.cargo/config.toml`:
//!
//! ```toml
//! [build]
//! target = "wasm32-unknown-unknown"
//! rustflags = ["-Clink-arg=-zstack-size=32768"]
//! ```
//!
//! # Features
//!
//! - `std` (default): panics are reported through `std`'s hook.
//! - `panic-handler`, without `std`: brings the panic handler of a `no_std` guest, which needs a global allocator too.

#![no_std]
#![warn(missing_docs)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod failure;
mod input;
#[cfg(not(target_family = "wasm"))]
mod outside;
mod reply;
mod scalar;
#[cfg(any(test, all(target_family = "wasm", any(feature = "std", feature = "panic-handler"))))]
mod text;
#[cfg(target_family = "wasm")]
mod wasm;

pub use failure::Failure;
pub use twinwall_guest_macros::{function, host, init};

#[cfg(not(target_family = "wasm"))]
pub use outside::fail;
#[cfg(target_family = "wasm")]
pub use wasm::fail;

/// What the attributes expand to. It does not follow semantic versioning.
#[doc(hidden)]
pub mod __private {
    #[cfg(not(target_family = "wasm"))]
    pub use crate::outside::{bytes, call_host, expect_answer, init, no_host, scalars};
    #[cfg(target_family = "wasm")]
    pub use crate::wasm::{bytes, call_host, expect_answer, init, scalars};

    pub use crate::input::Input;
    pub use crate::reply::{Answer, Done, Reply};
    pub use crate::scalar::{Scalar, ScalarReply};
}

/// The package's README, whose Rust must compile too.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
