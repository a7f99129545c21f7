//! Why a module was not compiled.

use thiserror::Error;
use twinwall_abi::ErrorCode;

/// Longest text, in characters, that a message takes over from a module or from the compiler.
const MAX_DETAIL: usize = 300;

/// Why a module was not compiled. The message is one line.
#[derive(Debug, Error)]
pub enum CompileError {
    /// the module is empty
    #[error("the module is empty")]
    Empty,
    /// not a WebAssembly module
    #[error("not a WebAssembly module: it does not begin with the bytes 00 61 73 6d")]
    NotWasm,
    /// already compiled
    #[error("this is a compiled module already, not a WebAssembly module")]
    AlreadyCompiled,
    /// unknown version
    #[error("WebAssembly version {0} is unknown; modules have version 1")]
    Version(u32),
    /// the module ends early
    #[error("the module is truncated: it ends at offset {length:#x} in the middle of a piece")]
    Truncated {
        /// Length of what there is, in bytes.
        length: usize,
    },
    /// the module breaks the rules
    #[error("invalid module at offset {offset:#x}: {detail}")]
    Invalid {
        /// Where, in bytes from the start of the module.
        offset: usize,
        /// The rule.
        detail: String,
    },
    /// a proposal that guests do not run
    #[error(
        "the module needs the WebAssembly feature \"{feature}\", which is not supported, at offset {offset:#x}: {detail}"
    )]
    Feature {
        /// The proposal's name.
        feature: String,
        /// Where, in bytes from the start of the module.
        offset: usize,
        /// The first use.
        detail: String,
    },
    /// a component of another time
    #[error("component version {0:#x} is unknown; components have version 0xd")]
    ComponentVersion(u16),
    /// a component whose world cannot be told
    #[error("the world of the component: {0}")]
    World(String),
    /// something of the component model that guests do not run
    #[error("the component needs something that is not supported: {0}")]
    ComponentFeature(String),
    /// the module is too large
    #[error("the module has {bytes} bytes; at most {limit} are allowed")]
    ModuleTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// the result is too large
    #[error("the compiled module has {bytes} bytes; at most {limit} are allowed")]
    ArtifactTooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Cranelift refused a valid module
    #[error("the module cannot be compiled: {0}")]
    Refused(String),
    /// the compiler's own settings were refused
    #[error("the compiler cannot start: {0}")]
    Settings(String),
}

impl CompileError {
    /// The public code of this error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Empty
            | Self::NotWasm
            | Self::AlreadyCompiled
            | Self::Version(_)
            | Self::ComponentVersion(_)
            | Self::World(_)
            | Self::Truncated { .. }
            | Self::Invalid { .. } => ErrorCode::BadModule,
            Self::Feature { .. } | Self::ComponentFeature(_) | Self::Refused(_) => ErrorCode::Unsupported,
            Self::ModuleTooLarge { .. } | Self::ArtifactTooLarge { .. } => ErrorCode::Limit,
            Self::Settings(_) => ErrorCode::Internal,
        }
    }

    /// A validation error of a module that is `length` bytes long.
    pub(crate) fn from_parser(error: &wasmparser::Error, length: usize) -> Self {
        let offset = error.offset();
        if let Some(missing) = error.missing_wasm_feature() {
            return Self::Feature {
                feature: feature_name(missing),
                offset,
                detail: one_line(error.message()),
            };
        }
        if error.message().starts_with("unexpected end") {
            return Self::Truncated { length };
        }
        Self::Invalid { offset, detail: one_line(error.message()) }
    }
}

/// The names of proposals as people write them: `MEMORY64` is `memory64`, `GC_TYPES` is `gc-types`.
fn feature_name(features: wasmparser::WasmFeatures) -> String {
    let names: Vec<String> =
        features.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
    names.join(", ")
}

/// Bounds and escapes text that may quote the module.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for character in text.chars().take(MAX_DETAIL) {
        match character {
            '\n' => line.push(' '),
            control if control.is_control() => line.extend(control.escape_unicode()),
            other => line.push(other),
        }
    }
    if text.chars().nth(MAX_DETAIL).is_some() {
        line.push('…');
    }
    line
}
