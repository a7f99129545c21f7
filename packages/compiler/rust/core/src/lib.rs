//! WebAssembly to code for Twinwall guests.
//!
//! [`compile`] validates a module or component against the proposals that guests run, compiles it with Cranelift under the
//! settings of `twinwall-tune`, and packs code and facts into one artifact: the contents of a `.cwasm` file.
//! The same input gives the same bytes on every host this crate is built for. [`describe`] reads the text of a world.

mod artifact;
mod component;
mod engine;
mod error;
mod facts;
mod wit;

use std::borrow::Cow;

use twinwall_tune::Profile;

pub use error::CompileError;
pub use wit::{Description, StringEncoding, WitError, describe};

/// What one compilation may take and give, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest module. Default: 64 MiB.
    pub module_bytes: usize,
    /// Largest artifact. Default: 256 MiB.
    pub artifact_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { module_bytes: 64 << 20, artifact_bytes: 256 << 20 }
    }
}

/// Compiles a binary WebAssembly module or component and returns the artifact. A module that carries a `component-type`
/// section, as wit-bindgen writes it, becomes a component first.
///
/// # Errors
/// [`CompileError`] tells bad modules from unsupported ones and from those that are too large; each message is
/// one line of bounded length.
pub fn compile(wasm: &[u8], profile: Profile, limits: Limits) -> Result<Vec<u8>, CompileError> {
    let kind = check_kind(wasm)?;
    if wasm.len() > limits.module_bytes {
        return Err(CompileError::ModuleTooLarge { bytes: wasm.len(), limit: limits.module_bytes });
    }
    let mut code = Cow::Borrowed(wasm);
    let mut facts = facts::validate(wasm, kind)?;
    if kind == Kind::Module && component::is_wrappable(wasm) {
        code = component::wrap(wasm)?.into();
        facts = facts::validate(&code, Kind::Component)?;
    }
    let code = engine::generate(&code, &facts, profile)?;
    let artifact = artifact::encode(wasm, profile, &facts, &code);
    if artifact.len() > limits.artifact_bytes {
        return Err(CompileError::ArtifactTooLarge { bytes: artifact.len(), limit: limits.artifact_bytes });
    }
    Ok(artifact)
}

/// What is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Module,
    Component,
}

/// Tells by the first eight bytes what it is; refuses what is neither, with a message that says what it is instead.
fn check_kind(wasm: &[u8]) -> Result<Kind, CompileError> {
    const MAGIC: &[u8; 4] = b"\0asm";
    if !wasm.starts_with(MAGIC) {
        let is_artifact = wasm.get(4..8) == Some(twinwall_abi::tables::ARTIFACT_IDENTIFIER.as_bytes());
        return Err(match wasm {
            [] => CompileError::Empty,
            _ if is_artifact => CompileError::AlreadyCompiled,
            _ if MAGIC.starts_with(wasm) => CompileError::Truncated { length: wasm.len() },
            _ => CompileError::NotWasm,
        });
    }
    match wasm.get(4..8) {
        None => Err(CompileError::Truncated { length: wasm.len() }),
        Some([1, 0, 0, 0]) => Ok(Kind::Module),
        Some([0x0d, 0, 1, 0]) => Ok(Kind::Component),
        Some(&[a, b, 1, 0]) => Err(CompileError::ComponentVersion(u16::from_le_bytes([a, b]))),
        Some(&[a, b, c, d]) => Err(CompileError::Version(u32::from_le_bytes([a, b, c, d]))),
        Some(_) => Err(CompileError::NotWasm),
    }
}
