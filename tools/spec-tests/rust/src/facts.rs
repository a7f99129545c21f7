//! What the converter must know of a module.

use std::collections::HashMap;

use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{ExternalKind, FuncType, Parser, Payload, Result, ValType, Validator, WasmFeatures};

use crate::effects::{Effect, effects};

/// Facts of a module that is valid by the rules that Twinwall follows.
pub(crate) struct Facts {
    pub imports: Vec<Import>,
    /// Kind and index by name.
    pub exports: HashMap<String, (ExternalKind, u32)>,
    /// Of all functions, imported ones first.
    pub functions: Vec<FuncType>,
    /// Types of all globals, imported ones first.
    pub globals: Vec<ValType>,
    /// Number of types.
    pub types: u32,
    effects: Vec<Effect>,
}

/// An import.
#[derive(Clone)]
pub(crate) struct Import {
    pub module: String,
    pub name: String,
    /// The index of a function.
    pub function: Option<u32>,
}

impl Facts {
    /// Reads a module and validates it.
    pub(crate) fn read(module: &[u8], features: WasmFeatures) -> Result<Self> {
        let types = Validator::new_with_features(features).validate_all(module)?;
        let types = types.as_ref();
        let (imports, imported) = imports(types);
        Ok(Self {
            exports: exports(module)?,
            functions: (0..types.function_count()).map(|index| function(types, index)).collect(),
            globals: (0..types.global_count()).map(|index| types.global_at(index).content_type).collect(),
            types: types.core_type_count_in_module(),
            effects: effects(module, imported as usize)?,
            imports,
        })
    }

    /// The function exported under `name`.
    pub(crate) fn function(&self, name: &str) -> Option<(u32, &FuncType)> {
        match self.exports.get(name) {
            Some(&(ExternalKind::Func, index)) => {
                self.functions.get(index as usize).map(|function| (index, function))
            }
            _ => None,
        }
    }

    /// The global exported under `name`.
    pub(crate) fn global(&self, name: &str) -> Option<(u32, ValType)> {
        match self.exports.get(name) {
            Some(&(ExternalKind::Global, index)) => {
                self.globals.get(index as usize).map(|&global| (index, global))
            }
            _ => None,
        }
    }

    /// What a call of the function does to the module's state.
    pub(crate) fn effect(&self, function: u32) -> Effect {
        self.effects.get(function as usize).copied().unwrap_or(Effect::Writes)
    }

    /// Whether someone who imports the export could change the module's state with it.
    pub(crate) fn exposes_state(&self, export: &str) -> bool {
        match self.exports.get(export) {
            Some(&(ExternalKind::Func, index)) => self.effect(index) == Effect::Writes,
            Some(_) => true,
            None => false,
        }
    }
}

/// The imports, and how many of them are functions.
fn imports(types: TypesRef<'_>) -> (Vec<Import>, u32) {
    let mut functions = 0;
    let imports = types.core_imports().into_iter().flatten().map(|(module, name, ty)| {
        let function = matches!(ty, EntityType::Func(_) | EntityType::FuncExact(_)).then(|| {
            functions += 1;
            functions - 1
        });
        Import { module: module.to_owned(), name: name.to_owned(), function }
    });
    (imports.collect(), functions)
}

fn function(types: TypesRef<'_>, index: u32) -> FuncType {
    types[types.core_function_at(index)].unwrap_func().clone()
}

fn exports(module: &[u8]) -> Result<HashMap<String, (ExternalKind, u32)>> {
    let mut found = HashMap::new();
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::ExportSection(section) = payload? {
            for export in section {
                let export = export?;
                found.insert(export.name.to_owned(), (export.kind, export.index));
            }
        }
    }
    Ok(found)
}
