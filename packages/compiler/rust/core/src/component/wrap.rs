//! From a core module that says what its world is to a component.
//!
//! Tool chains that know nothing of components (clang, AssemblyScript, Rust's own WebAssembly targets) leave that in a custom
//! section, as wit-bindgen writes it.

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as PREVIEW1, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as COMMAND,
    WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER as REACTOR,
};
use wasmparser::{ExternalKind, Parser, Payload};
use wit_component::ComponentEncoder;

use super::section::{check, sections};
use crate::CompileError;
use crate::error::one_line;

/// Whether the module, which is valid, says what its world is.
pub(crate) fn is_wrappable(wasm: &[u8]) -> bool {
    sections(wasm).next().is_some()
}

/// Makes the component. A module that uses WASI preview 1 gets the adapter to 0.2.
pub(crate) fn wrap(wasm: &[u8]) -> Result<Vec<u8>, CompileError> {
    for world in sections(wasm) {
        check(world)?;
    }
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
