//! Validation, and what the host must know of a module without reading its code.

use twinwall_abi::{ExternKind, ValueType};
use wasmparser::types::{EntityType, TypesRef};
use wasmparser::{FuncType, Validator, WasmFeatures};

use crate::component::{World, memories, read_world};
use crate::{CompileError, Kind};

/// The proposals that guests run. Everything else is refused by name.
pub(crate) const SUPPORTED: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST);

/// One import or export.
pub(crate) struct Entity {
    /// The import's module; empty for an export.
    pub module: String,
    pub name: String,
    pub kind: ExternKind,
    /// Of a function.
    pub parameters: Vec<ValueType>,
    pub results: Vec<ValueType>,
}

/// What a module or component offers and needs.
#[derive(Default)]
pub(crate) struct Facts {
    pub exports: Vec<Entity>,
    pub imports: Vec<Entity>,
    /// Bytes of all memories at instantiation.
    pub initial_memory: u64,
    pub memories: u32,
    /// Of a component, which has neither exports nor imports of the kind above.
    pub world: Option<World>,
}

/// Validates the module or component and gathers its facts.
pub(crate) fn validate(wasm: &[u8], kind: Kind) -> Result<Facts, CompileError> {
    match kind {
        Kind::Module => validate_module(wasm),
        Kind::Component => validate_component(wasm),
    }
}

fn validate_component(wasm: &[u8]) -> Result<Facts, CompileError> {
    let types = Validator::new_with_features(SUPPORTED.union(WasmFeatures::COMPONENT_MODEL))
        .validate_all(wasm)
        .map_err(|error| CompileError::from_parser(&error, wasm.len()))?;
    let memories = memories(wasm)?;
    let world = read_world(wasm, types.as_ref())?;
    Ok(Facts {
        initial_memory: memories.bytes,
        memories: memories.count,
        world: Some(world),
        ..Facts::default()
    })
}

fn validate_module(wasm: &[u8]) -> Result<Facts, CompileError> {
    let types = Validator::new_with_features(SUPPORTED)
        .validate_all(wasm)
        .map_err(|error| CompileError::from_parser(&error, wasm.len()))?;
    let types = types.as_ref();
    let imports = types.core_imports().into_iter().flatten();
    let exports = types.core_exports().into_iter().flatten();
    Ok(Facts {
        imports: imports.map(|(module, name, ty)| entity(types, module, name, ty)).collect(),
        exports: exports.map(|(name, ty)| entity(types, "", name, ty)).collect(),
        initial_memory: initial_memory(types),
        memories: types.memory_count(),
        world: None,
    })
}

fn initial_memory(types: TypesRef<'_>) -> u64 {
    (0..types.memory_count())
        .map(|index| {
            let memory = types.memory_at(index);
            memory.initial.saturating_mul(1 << memory.page_size_log2.unwrap_or(16))
        })
        .fold(0, u64::saturating_add)
}

fn entity(types: TypesRef<'_>, module: &str, name: &str, ty: EntityType) -> Entity {
    let (kind, function) = match ty {
        EntityType::Func(id) | EntityType::FuncExact(id) => {
            (ExternKind::Function, Some(types[id].unwrap_func()))
        }
        EntityType::Memory(_) => (ExternKind::Memory, None),
        EntityType::Table(_) => (ExternKind::Table, None),
        EntityType::Global(_) => (ExternKind::Global, None),
        EntityType::Tag(_) => (ExternKind::Tag, None),
    };
    Entity {
        module: module.to_owned(),
        name: name.to_owned(),
        kind,
        parameters: function.map_or_else(Vec::new, |function| value_types(function, FuncType::params)),
        results: function.map_or_else(Vec::new, |function| value_types(function, FuncType::results)),
    }
}

fn value_types(function: &FuncType, side: fn(&FuncType) -> &[wasmparser::ValType]) -> Vec<ValueType> {
    side(function).iter().map(|ty| value_type(*ty)).collect()
}

fn value_type(ty: wasmparser::ValType) -> ValueType {
    match ty {
        wasmparser::ValType::I32 => ValueType::I32,
        wasmparser::ValType::I64 => ValueType::I64,
        wasmparser::ValType::F32 => ValueType::F32,
        wasmparser::ValType::F64 => ValueType::F64,
        wasmparser::ValType::V128 => ValueType::V128,
        wasmparser::ValType::Ref(reference) if reference.is_func_ref() => ValueType::FuncRef,
        wasmparser::ValType::Ref(reference) if reference.is_extern_ref() => ValueType::ExternRef,
        wasmparser::ValType::Ref(_) => ValueType::Other,
    }
}
