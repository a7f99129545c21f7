//! Compiled modules: `.cwasm` files.

use sha2::{Digest, Sha256};
use twinwall_abi::tables::{self, ARTIFACT_IDENTIFIER, Artifact};
use twinwall_abi::{ARTIFACT_FORMAT, ExternKind, MachineKind, ValueType};
use twinwall_tune::{Machine, Profile};

use crate::text::show_text;

/// Bytes of the SHA-256 that ends a file.
const DIGEST_BYTES: usize = 32;

/// Why a file is no compiled module that could run here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModuleError {
    /// It is something else.
    #[error("compiled module: it is no .cwasm (its mark is missing); compile it with `twinwall compile`")]
    Foreign,
    /// The checksum at its end does not match its contents.
    #[error("compiled module: it is cut short or corrupted: its checksum does not match its contents")]
    Checksum,
    /// Its table is not well formed.
    #[error("compiled module: it is corrupted: {0}")]
    Table(String),
    /// Another format.
    #[error("compiled module: its format is {found}, this release reads {ARTIFACT_FORMAT}; compile it again")]
    Format {
        /// Format of the file.
        found: u32,
    },
    /// Code for another machine.
    #[error("compiled module: it was not compiled with --machine kvm; compile it again with that")]
    Machine,
    /// A component.
    #[error("compiled module: it is a component; this host calls functions on bytes, which modules export")]
    Component,
    /// Another release of the compiler.
    #[error(
        "compiled module: it was made by {found}, but this release needs \"{expected}\"; compile it again"
    )]
    Compiler {
        /// Release and flags in the file, quoted.
        found: String,
        /// Those of this crate.
        expected: &'static str,
    },
}

/// A module that `twinwall compile --machine kvm` has made. It is trusted code: whoever wrote the file is inside the
/// inner wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompiledModule {
    code: Vec<u8>,
    fuel: bool,
    exports: Vec<Export>,
    command: bool,
}

/// An export, whose position is its number in calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Export {
    pub(crate) name: String,
    pub(crate) kind: ExportKind,
}

/// What an export is, as far as calls tell things apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExportKind {
    /// A function `(i32, i32) -> i64`.
    BytesFunction,
    /// A function of another type.
    OtherFunction,
    /// No function.
    Other,
}

impl CompiledModule {
    /// Reads the contents of a `.cwasm` file; every offset in it is checked.
    ///
    /// # Errors
    /// [`ModuleError`] when it is something else, damaged, or made for another machine or release.
    pub fn read(bytes: &[u8]) -> Result<Self, ModuleError> {
        if bytes.get(4..8) != Some(ARTIFACT_IDENTIFIER.as_bytes()) {
            return Err(ModuleError::Foreign);
        }
        let (table, digest) = bytes.split_last_chunk::<DIGEST_BYTES>().ok_or(ModuleError::Checksum)?;
        if Sha256::digest(table)[..] != digest[..] {
            return Err(ModuleError::Checksum);
        }
        let artifact = tables::artifact(table).map_err(|error| ModuleError::Table(error.to_string()))?;
        Self::from_table(&artifact)
    }

    fn from_table(artifact: &Artifact<'_>) -> Result<Self, ModuleError> {
        if artifact.format() != ARTIFACT_FORMAT {
            return Err(ModuleError::Format { found: artifact.format() });
        }
        if artifact.machine() != MachineKind::Kvm {
            return Err(ModuleError::Machine);
        }
        let expected = Profile { machine: Machine::Kvm, fuel: artifact.fuel() }.compiler();
        if artifact.compiler() != expected {
            return Err(ModuleError::Compiler { found: show_text(artifact.compiler(), 200), expected });
        }
        if artifact.world().is_some() {
            return Err(ModuleError::Component);
        }
        if artifact.code().is_empty() {
            return Err(ModuleError::Table("its code is empty".into()));
        }
        let exports: Vec<Export> = artifact.exports().unwrap_or_default().iter().map(export).collect();
        let command =
            exports.iter().any(|export| export.name == "_start" && export.kind != ExportKind::Other);
        Ok(Self { code: artifact.code().bytes().to_vec(), fuel: artifact.fuel(), exports, command })
    }

    /// Whether it counts fuel: [`Limits::fuel`](crate::Limits::fuel) holds for such a module only.
    #[must_use]
    pub fn has_fuel(&self) -> bool {
        self.fuel
    }

    pub(crate) fn code(&self) -> &[u8] {
        &self.code
    }

    pub(crate) fn exports(&self) -> &[Export] {
        &self.exports
    }

    /// Whether it is a WASI command: it exports a function `_start`.
    pub(crate) fn is_command(&self) -> bool {
        self.command
    }
}

fn export(export: tables::Export<'_>) -> Export {
    let is = |types: Option<tables::Vector<'_, ValueType>>, expected: &[ValueType]| {
        types.unwrap_or_default().iter().eq(expected.iter().copied())
    };
    let kind = if export.kind() != ExternKind::Function {
        ExportKind::Other
    } else if is(export.parameters(), &[ValueType::I32, ValueType::I32])
        && is(export.results(), &[ValueType::I64])
    {
        ExportKind::BytesFunction
    } else {
        ExportKind::OtherFunction
    };
    Export { name: export.name().into(), kind }
}
