//! The custom sections in which a core module says what its world is.
//!
//! wit-component takes them for what its own tools wrote. What else they may say, and what it would not survive, is refused
//! here.

use wasmparser::component_types::ComponentAnyTypeId;
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wit_parser::{PackageId, Resolve, decoding};

use crate::CompileError;
use crate::error::one_line;
use crate::facts::SUPPORTED;

/// What the names of such custom sections begin with: wit-bindgen adds the world's name, since linkers join sections of the
/// same name.
const SECTION: &str = "component-type";

/// First byte of sections as they were before 2024, with the text of a world instead of its type.
const OLD_FORMAT: u8 = 3;

/// Most packages: wit-parser goes from one to the next by recursion.
const MOST_PACKAGES: usize = 1000;

/// Contents of the sections of a valid module.
pub(super) fn sections(wasm: &[u8]) -> impl Iterator<Item = &[u8]> {
    Parser::new(0).parse_all(wasm).map_while(Result::ok).filter_map(|payload| match payload {
        Payload::CustomSection(section) if section.name().starts_with(SECTION) => Some(section.data()),
        _ => None,
    })
}

/// Checks the contents of a section: a component that exports the type of a component, which exports the world.
pub(super) fn check(section: &[u8]) -> Result<(), CompileError> {
    let bad = |what: &str| CompileError::World(format!("the section {SECTION}: {what}"));
    if section.first() == Some(&OLD_FORMAT) {
        return Err(bad("it has the format of tools before 2024"));
    }
    let types = Validator::new_with_features(SUPPORTED.union(WasmFeatures::COMPONENT_MODEL))
        .validate_all(section)
        .map_err(|error| match CompileError::from_parser(&error, section.len()) {
            CompileError::Feature { feature, detail, .. } => {
                CompileError::ComponentFeature(format!("{feature}: {detail}"))
            }
            _ => bad(&one_line(error.message())),
        })?;
    let types = types.as_ref();
    let [export] = exports(section)[..] else { return Err(bad("it does not have one export")) };
    let world = (export < types.component_type_count()).then(|| types.component_any_type_at(export));
    let Some(ComponentAnyTypeId::Component(world)) = world else {
        return Err(bad("its export is not the type of a component"));
    };
    if !types[world].imports.is_empty() || types[world].exports.len() != 1 {
        return Err(bad("its component does not have one export, and nothing else"));
    }
    let (resolve, _) =
        decoding::decode_world(section).map_err(|error| bad(&one_line(&format!("{error:#}"))))?;
    if resolve.packages.len() > MOST_PACKAGES {
        return Err(bad(&format!("it has more than {MOST_PACKAGES} packages")));
    }
    if has_cycle(&resolve) {
        return Err(bad("its packages depend on each other in a circle"));
    }
    Ok(())
}

/// Positions of what the outermost component of a valid one exports.
fn exports(component: &[u8]) -> Vec<u32> {
    let mut depth = 0;
    let mut exports = Vec::new();
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentExportSection(section) if depth == 1 => {
                exports.extend(section.into_iter().flatten().map(|export| export.index));
            }
            _ => {}
        }
    }
    exports
}

/// Whether packages depend on each other so that none can be the first.
fn has_cycle(resolve: &Resolve) -> bool {
    let mut waiting: Vec<PackageId> = resolve.packages.iter().map(|(id, _)| id).collect();
    let mut ready = vec![false; waiting.len()];
    loop {
        let before = waiting.len();
        waiting.retain(|id| {
            let is_ready = resolve.package_direct_deps(*id).all(|dependency| ready[dependency.index()]);
            ready[id.index()] |= is_ready;
            !is_ready
        });
        if waiting.len() == before {
            return !waiting.is_empty();
        }
    }
}
