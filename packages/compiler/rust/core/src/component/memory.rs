//! How many linear memories a component has, and how large they are at instantiation.

use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind, Encoding, Instance,
    Parser, Payload,
};

use crate::CompileError;

/// Linear memories: how many, and bytes of all of them at instantiation.
#[derive(Clone, Copy, Default)]
pub(crate) struct Memories {
    pub count: u32,
    pub bytes: u64,
}

impl Memories {
    fn add(&mut self, other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}

/// A module or component, half read.
struct Level {
    component: bool,
    /// Of a module: its own; of a component: those of what it instantiates.
    memories: Memories,
    modules: Vec<Memories>,
    components: Vec<Memories>,
}

/// The memories of all instances of a valid component.
///
/// # Errors
/// [`CompileError::ComponentFeature`] for a component that gets modules or components from elsewhere: nobody knows then how
/// large they are.
pub(crate) fn memories(wasm: &[u8]) -> Result<Memories, CompileError> {
    let mut levels: Vec<Level> = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload.map_err(|error| CompileError::from_parser(&error, wasm.len()))? {
            Payload::Version { encoding, .. } => levels.push(Level {
                component: encoding == Encoding::Component,
                memories: Memories::default(),
                modules: Vec::new(),
                components: Vec::new(),
            }),
            Payload::End(_) => {
                let Some(level) = levels.pop() else { continue };
                match levels.last_mut() {
                    None => return Ok(level.memories),
                    Some(outer) if level.component => outer.components.push(level.memories),
                    Some(outer) => outer.modules.push(level.memories),
                }
            }
            payload => read(&mut levels, payload, wasm.len())?,
        }
    }
    Ok(Memories::default())
}

fn read(levels: &mut [Level], payload: Payload<'_>, length: usize) -> Result<(), CompileError> {
    let bad = |error: wasmparser::Error| CompileError::from_parser(&error, length);
    let Some((level, outer)) = levels.split_last_mut() else { return Ok(()) };
    match payload {
        Payload::MemorySection(section) => {
            for memory in section {
                let memory = memory.map_err(bad)?;
                let bytes = memory.initial.saturating_mul(1 << memory.page_size_log2.unwrap_or(16));
                level.memories.add(Memories { count: 1, bytes });
            }
        }
        Payload::InstanceSection(section) => {
            for instance in section {
                if let Instance::Instantiate { module_index, .. } = instance.map_err(bad)? {
                    let module = level.modules.get(module_index as usize).copied();
                    level.memories.add(module.unwrap_or_default());
                }
            }
        }
        Payload::ComponentInstanceSection(section) => {
            for instance in section {
                if let ComponentInstance::Instantiate { component_index, .. } = instance.map_err(bad)? {
                    let component = level.components.get(component_index as usize).copied();
                    level.memories.add(component.unwrap_or_default());
                }
            }
        }
        Payload::ComponentAliasSection(section) => {
            for alias in section {
                add_alias(level, outer, &alias.map_err(bad)?)?;
            }
        }
        Payload::ComponentImportSection(section) => {
            for import in section {
                refuse_code(import.map_err(bad)?.ty.kind())?;
            }
        }
        // An export is a new name for what there is.
        Payload::ComponentExportSection(section) => {
            for export in section {
                let export = export.map_err(bad)?;
                refuse_code(export.kind)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn add_alias(level: &mut Level, outer: &[Level], alias: &ComponentAlias<'_>) -> Result<(), CompileError> {
    match *alias {
        ComponentAlias::InstanceExport { kind, .. } => refuse_code(kind),
        ComponentAlias::CoreInstanceExport { .. } => Ok(()),
        ComponentAlias::Outer { kind, count, index } => {
            let index = index as usize;
            // Zero is this component itself, one the component around it.
            let from = match (count as usize).checked_sub(1) {
                None => &*level,
                Some(out) => match outer.len().checked_sub(1 + out).and_then(|at| outer.get(at)) {
                    Some(from) => from,
                    None => return Ok(()),
                },
            };
            match kind {
                ComponentOuterAliasKind::CoreModule => {
                    let module = from.modules.get(index).copied().unwrap_or_default();
                    level.modules.push(module);
                }
                ComponentOuterAliasKind::Component => {
                    let component = from.components.get(index).copied().unwrap_or_default();
                    level.components.push(component);
                }
                ComponentOuterAliasKind::Type | ComponentOuterAliasKind::CoreType => {}
            }
            Ok(())
        }
    }
}

/// Refuses what hands over code instead of functions.
fn refuse_code(kind: ComponentExternalKind) -> Result<(), CompileError> {
    let what = match kind {
        ComponentExternalKind::Module => "core modules",
        ComponentExternalKind::Component => "components",
        ComponentExternalKind::Value => "values",
        ComponentExternalKind::Func | ComponentExternalKind::Type | ComponentExternalKind::Instance => {
            return Ok(());
        }
    };
    Err(CompileError::ComponentFeature(format!("it imports or exports {what}")))
}
