//! From a core module that says what its world is to a component.
//!
//! Tool chains that know nothing of components (clang, AssemblyScript, Rust's own WebAssembly targets) leave that in a custom
//! section, as wit-bindgen writes it.

use std::borrow::Cow;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wasmparser::{ExternalKind, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::CompileError;
use crate::error::one_line;

/// What the names of such custom sections begin with: wit-bindgen adds the world's name, since linkers join sections of the
/// same name.
const SECTION: &str = "component-type";

/// Whether the module, which is valid, says what its world is.
pub(crate) fn is_wrappable(wasm: &[u8]) -> bool {
    custom_sections(wasm).any(|name| name.starts_with(SECTION))
}

fn custom_sections(wasm: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    Parser::new(0).parse_all(wasm).map_while(Result::ok).filter_map(|payload| match payload {
        Payload::CustomSection(section) => Some(Cow::Borrowed(section.name())),
        _ => None,
    })
}

/// Makes the component. A module that uses WASI preview 1 gets the adapter to 0.2.
pub(crate) fn wrap(wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
    encode(wasm).map_err(|error| CompileError::World(one_line(&format!("{error:#}"))))
}

fn encode(wasm: &[u8]) -> wasmtime::Result<Vec<u8>> {
    let failed = |error| wasmtime::Error::msg(format!("{error:#}"));
    let mut encoder = ComponentEncoder::default().validate(true).module(wasm).map_err(failed)?;
    let uses = Uses::of(wasm)?;
    if uses.preview1 {
        encoder = encoder.adapter(PREVIEW1, if uses.start { COMMAND } else { REACTOR }).map_err(failed)?;
    }
    encoder.encode().map_err(failed)
}

/// What decides on the adapter.
#[derive(Default)]
struct Uses {
    preview1: bool,
    /// It is a command.
    start: bool,
}

impl Uses {
    fn of(wasm: &[u8]) -> wasmtime::Result<Self> {
        let mut uses = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(|error| wasmtime::Error::msg(error.to_string()))? {
                Payload::ImportSection(section) => {
                    let imports = section.into_imports();
                    uses.preview1 |= imports.flatten().any(|import| import.module == PREVIEW1);
                }
                Payload::ExportSection(section) => {
                    uses.start |= section
                        .into_iter()
                        .flatten()
                        .any(|export| export.name == "_start" && export.kind == ExternalKind::Func);
                }
                _ => {}
            }
        }
        Ok(uses)
    }
}
