//! The attributes of the crate `twinwall-guest`, which documents and re-exports them.

mod function;
mod host;
mod init;
mod name;
mod shape;

use proc_macro::TokenStream;

/// Exports a function to the sandbox's host.
///
/// The shape follows from the signature:
///
/// - **On bytes**: one parameter of type `&[u8]`, `&str`, `Vec<u8>` or `String`, for `callBytes`, `callInto` and
///   `callMany`. Text that is not UTF-8 fails with `Failure::NOT_UTF8` before the function is called. The result is
///   bytes or text, owned or borrowed, or `()` for no bytes. What lies in the input is not copied.
/// - **On scalars**: parameters, and a result if any, of type `i32 u32 i64 u64 f32 f64 bool`, for `call`.
///
/// Either may return a `Result`, whose error becomes a `Failure` and is reported to the host: the call fails with
/// `E_GUEST_ERROR`, and a session goes on.
///
/// The function stays as it is and can be called and tested on any machine. `#[function(name = "to-upper")]` exports it
/// under another name.
#[proc_macro_attribute]
pub fn function(arguments: TokenStream, item: TokenStream) -> TokenStream {
    finish(function::expand(arguments.into(), item.into()))
}

/// Imports functions of the sandbox's host: `Sandbox.create({ host: { lookup: hostFunction(…) } })`.
///
/// It stands on an `extern "C"` block, whose functions become safe ones. A function on bytes has one parameter that
/// can be seen as bytes (`&[u8]`, `&str`, …) or none, and answers `Vec<u8>`, `String` or nothing. A function on scalars
/// takes and answers `i32 u32 i64 u64 f32 f64 bool`. `#[link_name = "look-up"]` imports it under another name.
///
/// A host function that fails ends the call; it never returns to the guest. Outside of a sandbox there is no host, and a
/// call panics.
#[proc_macro_attribute]
pub fn host(arguments: TokenStream, item: TokenStream) -> TokenStream {
    finish(host::expand(arguments.into(), item.into()))
}

/// Runs a function once, before the snapshot that all calls start from, with the `init` data of `Sandbox.create`.
///
/// It has one parameter as a function on bytes has, or none, and returns nothing, or a `Result<(), _>` whose error
/// refuses the creation of the sandbox. A guest has one such function at most.
#[proc_macro_attribute]
pub fn init(arguments: TokenStream, item: TokenStream) -> TokenStream {
    finish(init::expand(arguments.into(), item.into()))
}

fn finish(expanded: syn::Result<proc_macro2::TokenStream>) -> TokenStream {
    expanded.unwrap_or_else(|error| error.to_compile_error()).into()
}
