//! The file format of compiled modules: the table of `packages/abi/schema/artifact.fbs`, then its SHA-256.
//!
//! wasmtime checks the frame of its code, not the code itself, so the digest is what tells a damaged file. A reader
//! of the table may ignore it: bytes behind a FlatBuffer are no part of it.

use sha2::{Digest, Sha256};
use twinwall_abi::tables::{
    ARTIFACT_IDENTIFIER, Artifact, ArtifactArgs, Export, ExportArgs, FlatBufferBuilder, Import, ImportArgs,
    WIPOffset,
};
use twinwall_abi::{ARTIFACT_FORMAT, MachineKind};
use twinwall_tune::{Machine, Profile};

use crate::component::encode_world;
use crate::facts::{Entity, Facts};

/// Packs code and facts into the bytes of a `.cwasm` file.
pub(crate) fn encode(wasm: &[u8], profile: Profile, facts: &Facts, code: &[u8]) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::with_capacity(code.len() + 4096);
    let code = builder.create_vector(code);
    let module_hash = builder.create_vector(&Sha256::digest(wasm)[..]);
    let compiler = builder.create_string(profile.compiler());
    let exports: Vec<_> = facts.exports.iter().map(|entity| export(&mut builder, entity)).collect();
    let exports = builder.create_vector(&exports);
    let imports: Vec<_> = facts.imports.iter().map(|entity| import(&mut builder, entity)).collect();
    let imports = builder.create_vector(&imports);
    let world = facts.world.as_ref().map(|world| encode_world(&mut builder, world));
    let artifact = Artifact::create(
        &mut builder,
        &ArtifactArgs {
            format: ARTIFACT_FORMAT,
            machine: match profile.machine {
                Machine::Kvm => MachineKind::Kvm,
                Machine::Soft => MachineKind::Soft,
            },
            fuel: profile.fuel,
            compiler: Some(compiler),
            module_hash: Some(module_hash),
            exports: Some(exports),
            imports: Some(imports),
            initial_memory: facts.initial_memory,
            memories: facts.memories,
            code: Some(code),
            world,
        },
    );
    builder.finish(artifact, Some(ARTIFACT_IDENTIFIER));
    let table = builder.finished_data();
    [table, &Sha256::digest(table)[..]].concat()
}

fn export<'a>(builder: &mut FlatBufferBuilder<'a>, entity: &Entity) -> WIPOffset<Export<'a>> {
    let name = builder.create_string(&entity.name);
    let parameters = builder.create_vector(&entity.parameters);
    let results = builder.create_vector(&entity.results);
    Export::create(
        builder,
        &ExportArgs {
            name: Some(name),
            kind: entity.kind,
            parameters: Some(parameters),
            results: Some(results),
        },
    )
}

fn import<'a>(builder: &mut FlatBufferBuilder<'a>, entity: &Entity) -> WIPOffset<Import<'a>> {
    let module = builder.create_string(&entity.module);
    let name = builder.create_string(&entity.name);
    let parameters = builder.create_vector(&entity.parameters);
    let results = builder.create_vector(&entity.results);
    Import::create(
        builder,
        &ImportArgs {
            module: Some(module),
            name: Some(name),
            kind: entity.kind,
            parameters: Some(parameters),
            results: Some(results),
        },
    )
}
