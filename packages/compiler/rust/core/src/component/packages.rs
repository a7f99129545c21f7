//! How the packages of a world hang together.
//!
//! In WIT a package can only use packages that stand by themselves. Components may say otherwise, and wit-parser, which
//! goes from package to package by recursion, would not come back from there.

use std::collections::HashMap;

use wasmparser::component_types::{ComponentAnyTypeId, ComponentEntityType, ComponentItem};
use wasmparser::types::TypesRef;

use crate::CompileError;

/// Most packages: what the stack bears.
const MOST_PACKAGES: usize = 1000;

/// Checks the imports and exports of a world, in their order.
///
/// # Errors
/// [`CompileError::World`] for packages in a circle, for too many of them, and for an interface that uses types of the
/// world around it.
pub(super) fn check_packages<'t>(
    types: TypesRef<'t>,
    items: impl Iterator<Item = (&'t str, &'t ComponentItem)>,
) -> Result<(), CompileError> {
    let mut packages = Packages { types, owners: HashMap::new(), known: HashMap::new(), uses: Vec::new() };
    for (name, item) in items {
        match item.ty {
            ComponentEntityType::Instance(id) => {
                // Interfaces that are written within the world belong to nobody else.
                let package = packages.of(item.implements.as_deref().unwrap_or(name), item);
                if packages.uses.len() > MOST_PACKAGES {
                    return Err(bad(&format!("it has more than {MOST_PACKAGES} packages")));
                }
                for export in types[id].exports.values() {
                    packages.add_type(export, package)?;
                }
            }
            _ => packages.add_type(item, None)?,
        }
    }
    if has_cycle(&packages.uses) {
        return Err(bad("its packages depend on each other in a circle"));
    }
    Ok(())
}

fn bad(what: &str) -> CompileError {
    CompileError::World(what.to_owned())
}

struct Packages<'t> {
    types: TypesRef<'t>,
    /// The package whose interface declares a type; nothing for types of the world itself.
    owners: HashMap<ComponentAnyTypeId, Option<usize>>,
    known: HashMap<String, usize>,
    /// What each package uses.
    uses: Vec<Vec<usize>>,
}

impl Packages<'_> {
    /// The package of an interface by its name, `package:name/interface@version`.
    fn of(&mut self, interface: &str, item: &ComponentItem) -> Option<usize> {
        let (package, rest) = interface.split_once('/')?;
        let version = rest.split_once('@').map_or("", |(_, version)| version);
        let suffix = item.version_suffix.as_deref().unwrap_or("");
        let next = self.uses.len();
        let position = *self.known.entry(format!("{package}@{version}{suffix}")).or_insert(next);
        if position == next {
            self.uses.push(Vec::new());
        }
        Some(position)
    }

    /// Adds what an interface of `package`, or the world, declares, if it is a type.
    fn add_type(&mut self, item: &ComponentItem, package: Option<usize>) -> Result<(), CompileError> {
        let ComponentEntityType::Type { referenced, created } = item.ty else { return Ok(()) };
        match (self.owner(referenced), package) {
            (Some(Some(owner)), Some(package))
                if owner != package && !self.uses[package].contains(&owner) =>
            {
                self.uses[package].push(owner);
            }
            (Some(None), Some(_)) => return Err(bad("an interface uses a type of the world around it")),
            _ => {}
        }
        self.owners.insert(created, package);
        Ok(())
    }

    /// Who declares what this type is another name of.
    fn owner(&self, mut ty: ComponentAnyTypeId) -> Option<Option<usize>> {
        loop {
            if let Some(owner) = self.owners.get(&ty) {
                return Some(*owner);
            }
            ty = self.types.peel_alias(ty)?;
        }
    }
}

/// Whether packages use each other so that none can be the first.
pub(super) fn has_cycle(uses: &[Vec<usize>]) -> bool {
    let mut waiting: Vec<usize> = (0..uses.len()).collect();
    let mut ready = vec![false; uses.len()];
    loop {
        let before = waiting.len();
        waiting.retain(|package| {
            ready[*package] = uses[*package].iter().all(|used| ready[*used]);
            !ready[*package]
        });
        if waiting.len() == before {
            return !waiting.is_empty();
        }
    }
}
