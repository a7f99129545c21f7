//! The FlatBuffers tables, behind readers that verify before the first access.

use flatbuffers::{InvalidFlatbuffer, VerifierOptions};

pub use crate::generated::twinwall::abi::{
    Artifact, ArtifactArgs, BootConfiguration, BootConfigurationArgs, CommandInput, CommandInputArgs,
    ComponentExport, ComponentExportArgs, Export, ExportArgs, File, FileArgs, HostFunction, HostFunctionArgs,
    Import, ImportArgs, Resource, ResourceArgs, Type, TypeArgs, TypeKind, World, WorldArgs, WorldFunction,
    WorldFunctionArgs,
};
pub use flatbuffers::{FlatBufferBuilder, ForwardsUOffset, Vector, WIPOffset};

/// Bounds of the verifier: the deepest table here is two levels down.
fn bounds() -> VerifierOptions {
    VerifierOptions { max_depth: 8, max_tables: 1 << 20, ..VerifierOptions::default() }
}

/// Reads a boot configuration.
///
/// # Errors
/// When the bytes are not a well-formed table of that type.
pub fn boot_configuration(bytes: &[u8]) -> Result<BootConfiguration<'_>, InvalidFlatbuffer> {
    flatbuffers::root_with_opts::<BootConfiguration<'_>>(&bounds(), bytes)
}

/// Reads a command's input.
///
/// # Errors
/// When the bytes are not a well-formed table of that type.
pub fn command_input(bytes: &[u8]) -> Result<CommandInput<'_>, InvalidFlatbuffer> {
    flatbuffers::root_with_opts::<CommandInput<'_>>(&bounds(), bytes)
}

/// Reads a compiled module.
///
/// # Errors
/// When the bytes are not a well-formed table of that type.
pub fn artifact(bytes: &[u8]) -> Result<Artifact<'_>, InvalidFlatbuffer> {
    let options = VerifierOptions { max_apparent_size: 1 << 31, ..bounds() };
    flatbuffers::root_with_opts::<Artifact<'_>>(&options, bytes)
}

/// The file identifier of an [`Artifact`].
pub const ARTIFACT_IDENTIFIER: &str = "TWAR";
