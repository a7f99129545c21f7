//! The custom sections in which a core module says what its world is.
//!
//! wit-component takes them for what its own tools wrote. What else they may say, and what it would not survive, is refused
//! here.

use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType};
use wasmparser::{Parser, Payload, Validator, WasmFeatures};
use wit_parser::decoding;

use super::packages::{check_packages, has_cycle};
use crate::CompileError;
use crate::error::one_line;
use crate::facts::SUPPORTED;

/// What the names of such custom sections begin with: wit-bindgen adds the world's name, since linkers join sections of the
/// same name.
const SECTION: &str = "component-type";

/// First byte of sections as they were before 2024, with the text of a world instead of its type.
const OLD_FORMAT: u8 = 3;

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
    let [export] = outer_names(section).positions[..] else { return Err(bad("it does not have one export")) };
    let world = (export < types.component_type_count()).then(|| types.component_any_type_at(export));
    let Some(ComponentAnyTypeId::Component(world)) = world else {
        return Err(bad("its export is not the type of a component"));
    };
    if !types[world].imports.is_empty() || types[world].exports.len() != 1 {
        return Err(bad("its component does not have one export, and nothing else"));
    }
    let Some(ComponentEntityType::Component(world)) =
        types[world].exports.values().next().map(|item| item.ty)
    else {
        return Err(bad("its world is not the type of a component"));
    };
    let items = types[world].imports.iter().chain(&types[world].exports);
    check_packages(types, items.map(|(name, item)| (name.as_str(), item)))?;
    let (resolve, _) =
        decoding::decode_world(section).map_err(|error| bad(&one_line(&format!("{error:#}"))))?;
    // With the package of the world, which is not among those above.
    let uses: Vec<Vec<usize>> = resolve
        .packages
        .iter()
        .map(|(id, _)| resolve.package_direct_deps(id).map(|used| used.index()).collect())
        .collect();
    if has_cycle(&uses) {
        return Err(bad("its packages depend on each other in a circle"));
    }
    Ok(())
}

/// What the outermost component imports and exports.
#[derive(Default)]
pub(super) struct Outer<'c> {
    pub imports: Vec<&'c str>,
    pub exports: Vec<&'c str>,
    /// Positions of the exports among all of their kind.
    positions: Vec<u32>,
}

/// Reads the names of a valid component.
pub(super) fn outer_names(component: &[u8]) -> Outer<'_> {
    let mut depth = 0;
    let mut outer = Outer::default();
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::Version { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(section) if depth == 1 => {
                outer.imports.extend(section.into_iter().flatten().map(|import| import.name.name));
            }
            Payload::ComponentExportSection(section) if depth == 1 => {
                for export in section.into_iter().flatten() {
                    outer.exports.push(export.name.name);
                    outer.positions.push(export.index);
                }
            }
            _ => {}
        }
    }
    outer
}
