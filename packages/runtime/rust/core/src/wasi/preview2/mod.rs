//! WASI 0.2 for components, over the same state as preview 1.
//!
//! A function gets its arguments as an image (`packages/abi/schema/values.fbs`) and gives its result as one: so all of them
//! have the same type here, and none brings code of its own for moving values. [`find`] has what works. Everything else of
//! `wasi:sockets` and `wasi:http` is linked too, because tool chains import it whether a program uses it or not, and says
//! that it is not supported.
//!
//! Files, arguments, environment, stdin and clocks are those that preview 1 shows. Streams never block: output is handed
//! over at once, and all input is there already.

mod arguments;
mod cli;
mod clocks;
mod entry;
mod error_code;
mod filesystem;
mod filesystem_at;
mod filesystem_changes;
mod layout;
mod poll;
mod random;
mod refusal;
mod reply;
mod resources;
mod streams;

use alloc::vec::Vec;

use twinwall_abi::ErrorCode;
use wasmtime::component::types::ComponentFunc;

use super::WasiHost;
use crate::failure::Failure;
use arguments::Arguments;
use layout::sizes;
use reply::Reply;

pub(crate) use refusal::Refusal;
pub(crate) use resources::Resources;

/// A function: from the image of its arguments to that of its result.
pub(crate) type Function<H> = fn(&mut H, Arguments<'_>) -> wasmtime::Result<Reply>;

/// A function with what it takes for granted: how many bytes its parameters have, as a tuple, and its result.
pub(crate) type Known<H> = (Function<H>, u8, u8);

/// What a component gets for a function that it imports.
pub(crate) enum Found<H> {
    Function(Function<H>),
    /// There is such a function, but of another type.
    OtherType,
    Refusal(Refusal),
}

/// Calls a function. `arguments` is an image.
pub(crate) fn call<H: WasiHost>(
    function: Function<H>,
    host: &mut H,
    arguments: &[u8],
) -> wasmtime::Result<Vec<u8>> {
    function(host, Arguments::new(arguments)).map(Reply::image)
}

/// The part of an interface's name in front of its version, where it is one of WASI 0.2: `wasi:io/streams`.
pub(crate) fn interface(name: &str) -> Option<&str> {
    const PACKAGES: [&str; 7] = ["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];
    let (interface, version) = name.split_once('@')?;
    let (package, _) = interface.strip_prefix("wasi:")?.split_once('/')?;
    // Drafts of 0.2.0, which came before it, have other functions.
    let patch = version.strip_prefix("0.2.")?;
    let released = !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit());
    (released && PACKAGES.contains(&package)).then_some(interface)
}

/// What a component gets that imports a function of that interface, name and type.
pub(crate) fn find<H: WasiHost>(interface: &str, name: &str, ty: &ComponentFunc) -> Found<H> {
    match known(interface, name) {
        // Sizes do not tell all types apart, but those that do not fit: a function never looks beyond its arguments, nor
        // the component beyond a result. What is in them is only the component's own.
        Some((function, parameters, result))
            if sizes(ty) == Some((usize::from(parameters), usize::from(result))) =>
        {
            Found::Function(function)
        }
        Some(_) => Found::OtherType,
        None => Found::Refusal(Refusal::of(interface, name, ty)),
    }
}

/// The function of that interface and name; `None` when it is not supported.
pub(crate) fn known<H: WasiHost>(interface: &str, name: &str) -> Option<Known<H>> {
    match interface.strip_prefix("wasi:")? {
        "cli/environment"
        | "cli/exit"
        | "cli/stdin"
        | "cli/stdout"
        | "cli/stderr"
        | "cli/terminal-stdin"
        | "cli/terminal-stdout"
        | "cli/terminal-stderr" => cli::find(name),
        "clocks/monotonic-clock" => clocks::find_monotonic(name),
        "clocks/wall-clock" => clocks::find_wall(name),
        "filesystem/preopens" | "filesystem/types" => filesystem::find(name)
            .or_else(|| filesystem_at::find(name))
            .or_else(|| filesystem_changes::find(name)),
        "io/error" | "io/streams" => streams::find(name),
        "io/poll" => poll::find(name),
        "random/random" | "random/insecure" | "random/insecure-seed" => random::find(name),
        _ => None,
    }
}

/// wasmtime keeps types of resources apart, and sizes of arguments were compared, so that a component which comes here has
/// declared a function in another way than WASI does.
#[cold]
fn mistyped() -> wasmtime::Error {
    let message = "the component imports a function of WASI with another type than WASI 0.2 gives it";
    wasmtime::Error::new(Failure::new(ErrorCode::Import, message))
}
