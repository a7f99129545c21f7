//! The world of a component: functions and their types, as data.

use std::collections::HashMap;

use twinwall_abi::tables::TypeKind;
use wasmparser::types::TypesRef;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{
    Docs, FunctionKind, Handle, InterfaceId, Resolve, Type as WitType, TypeDefKind, TypeId, TypeOwner,
    WorldId, WorldItem, WorldKey,
};

use super::packages::check_packages;
use super::section::outer_names;
use crate::CompileError;
use crate::error::one_line;

/// What stands for "no type".
pub(crate) const NO_TYPE: u32 = u32::MAX;

/// Deepest nesting of types.
const MOST_DEPTH: u32 = 100;

/// Deepest nesting of definitions, of which some only name others: what the stack bears.
const MOST_LEVELS: u32 = 400;

/// A type, see `schema/world.fbs`.
pub(crate) struct Type {
    pub kind: TypeKind,
    pub name: Option<String>,
    pub interface: Option<String>,
    pub labels: Vec<String>,
    pub types: Vec<u32>,
    pub resource: u32,
    pub docs: Option<String>,
    /// Types on the longest way down, this one included.
    depth: u32,
}

/// A resource type.
pub(crate) struct Resource {
    pub name: String,
    pub interface: Option<String>,
    pub imported: bool,
    pub docs: Option<String>,
}

/// A function.
pub(crate) struct Function {
    pub name: String,
    pub interface: Option<String>,
    pub parameters: Vec<(String, u32)>,
    pub result: u32,
    pub docs: Option<String>,
}

/// A world.
pub(crate) struct World {
    pub name: String,
    pub types: Vec<Type>,
    pub resources: Vec<Resource>,
    pub imports: Vec<Function>,
    pub exports: Vec<Function>,
}

/// Reads the world of a valid component.
///
/// # Errors
/// [`CompileError::ComponentFeature`] for what guests do not run, by name.
pub(crate) fn read(component: &[u8], types: TypesRef<'_>) -> Result<World, CompileError> {
    let names = outer_names(component);
    let imports = names.imports.iter().map(|name| (*name, types.component_item_for_import(name)));
    let exports = names.exports.iter().map(|name| (*name, types.component_item_for_export(name)));
    check_packages(types, imports.chain(exports).filter_map(|(name, item)| Some((name, item?))))?;
    match decode(component) {
        Ok(DecodedWasm::Component(resolve, world)) => from_wit(&resolve, world),
        Ok(DecodedWasm::WitPackage(..)) => {
            Err(CompileError::World("it holds interfaces only, and no code".into()))
        }
        Err(error) => Err(CompileError::World(one_line(&format!("{error:#}")))),
    }
}

/// The world as WIT tells it.
pub(crate) fn from_wit(resolve: &Resolve, id: WorldId) -> Result<World, CompileError> {
    let world = &resolve.worlds[id];
    let name = match world.package {
        // The package that decoding makes up for a component without one.
        Some(package) if world.name != "root" => resolve.id_of_name(package, &world.name),
        _ => world.name.clone(),
    };
    let exported = world
        .exports
        .values()
        .filter_map(|item| match item {
            WorldItem::Interface { id, .. } => Some(*id),
            _ => None,
        })
        .collect();
    let named = world.imports.iter().chain(&world.exports);
    let names = named
        .filter_map(|(key, item)| match item {
            WorldItem::Interface { id, .. } => Some((*id, resolve.name_world_key(key))),
            _ => None,
        })
        .collect();
    let mut reader = Reader {
        resolve,
        exported,
        names,
        level: 0,
        known: HashMap::new(),
        known_resources: HashMap::new(),
        types: Vec::new(),
        resources: Vec::new(),
    };
    let imports = reader.functions(&world.imports, Side::Import)?;
    let exports = reader.functions(&world.exports, Side::Export)?;
    Ok(World { name, types: reader.types, resources: reader.resources, imports, exports })
}

/// From which side a type is seen: a resource of an interface that is both imported and exported is two.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Side {
    Import,
    Export,
}

/// Types by what wit-parser knows them as.
#[derive(PartialEq, Eq, Hash)]
enum Known {
    Plain(TypeKind),
    Defined(TypeId, Side),
}

struct Reader<'r> {
    resolve: &'r Resolve,
    exported: Vec<InterfaceId>,
    /// Interfaces as the world names them: those written within the world have no other name.
    names: HashMap<InterfaceId, String>,
    /// Types on the way down to where the reader is, names of types included.
    level: u32,
    known: HashMap<Known, u32>,
    known_resources: HashMap<(TypeId, bool), u32>,
    types: Vec<Type>,
    resources: Vec<Resource>,
}

impl Reader<'_> {
    fn functions<'w>(
        &mut self,
        items: impl IntoIterator<Item = (&'w WorldKey, &'w WorldItem)>,
        side: Side,
    ) -> Result<Vec<Function>, CompileError> {
        let resolve = self.resolve;
        let mut functions = Vec::new();
        for (key, item) in items {
            match item {
                WorldItem::Function(function) => functions.push(self.function(None, function, side)?),
                WorldItem::Interface { id, .. } => {
                    let interface = resolve.name_world_key(key);
                    for function in resolve.interfaces[*id].functions.values() {
                        functions.push(self.function(Some(&interface), function, side)?);
                    }
                    // Resources without functions are imports all the same.
                    for ty in resolve.interfaces[*id].types.values() {
                        self.resource_of(*ty, side)?;
                    }
                }
                WorldItem::Type { id, .. } => self.resource_of(*id, side)?,
            }
        }
        Ok(functions)
    }

    /// Makes a resource known, where the type is one.
    fn resource_of(&mut self, ty: TypeId, side: Side) -> Result<(), CompileError> {
        if matches!(self.resolve.types[ty].kind, TypeDefKind::Resource) {
            self.resource(ty, side);
        }
        Ok(())
    }

    fn function(
        &mut self,
        interface: Option<&str>,
        function: &wit_parser::Function,
        side: Side,
    ) -> Result<Function, CompileError> {
        let refused = |what: &str| {
            let place = interface.map_or_else(String::new, |interface| format!(" of {interface}"));
            let text = format!("the function `{}`{place} {what}", function.name);
            CompileError::ComponentFeature(one_line(&text))
        };
        match function.kind {
            FunctionKind::AsyncFreestanding | FunctionKind::AsyncMethod(_) | FunctionKind::AsyncStatic(_) => {
                return Err(refused("is async"));
            }
            FunctionKind::Freestanding
            | FunctionKind::Method(_)
            | FunctionKind::Static(_)
            | FunctionKind::Constructor(_) => {}
        }
        let mut parameters = Vec::with_capacity(function.params.len());
        for parameter in &function.params {
            let ty = self.ty(parameter.ty, side).map_err(|what| refused(&what))?;
            parameters.push((parameter.name.clone(), ty));
        }
        let result =
            function.result.map(|ty| self.ty(ty, side)).transpose().map_err(|what| refused(&what))?;
        Ok(Function {
            name: function.name.clone(),
            interface: interface.map(str::to_owned),
            parameters,
            result: result.unwrap_or(NO_TYPE),
            docs: text(&function.docs),
        })
    }

    /// Position of a type; an error says what about it is not supported.
    fn ty(&mut self, ty: WitType, side: Side) -> Result<u32, String> {
        let id = match ty {
            WitType::Id(id) => id,
            plain => return self.plain(plain),
        };
        if self.level == MOST_LEVELS {
            return Err(format!("has types that are nested more than {MOST_DEPTH} deep"));
        }
        self.level += 1;
        let found = self.defined(id, side);
        self.level -= 1;
        found
    }

    fn defined(&mut self, id: TypeId, side: Side) -> Result<u32, String> {
        let resolve = self.resolve;
        let definition = &resolve.types[id];
        if let TypeDefKind::Type(other) = definition.kind {
            return self.ty(other, side);
        }
        if let Some(known) = self.known.get(&Known::Defined(id, side)) {
            return Ok(*known);
        }
        let interface = match definition.owner {
            TypeOwner::Interface(owner) => self.name_of(owner),
            TypeOwner::World(_) | TypeOwner::None => None,
        };
        let (kind, labels, types, resource) = self.shape(&definition.kind, side)?;
        let below = types.iter().filter_map(|ty| self.types.get(*ty as usize)).map(|ty| ty.depth).max();
        let depth = 1 + below.unwrap_or(0);
        if depth > MOST_DEPTH {
            return Err(format!("has types that are nested more than {MOST_DEPTH} deep"));
        }
        let (name, docs) = (definition.name.clone(), text(&definition.docs));
        let added = self.add(Type { kind, name, interface, labels, types, resource, docs, depth });
        self.known.insert(Known::Defined(id, side), added);
        Ok(added)
    }

    fn add(&mut self, ty: Type) -> u32 {
        self.types.push(ty);
        self.types.len() as u32 - 1
    }

    fn plain(&mut self, ty: WitType) -> Result<u32, String> {
        let kind = match ty {
            WitType::Bool => TypeKind::Bool,
            WitType::U8 => TypeKind::U8,
            WitType::U16 => TypeKind::U16,
            WitType::U32 => TypeKind::U32,
            WitType::U64 => TypeKind::U64,
            WitType::S8 => TypeKind::S8,
            WitType::S16 => TypeKind::S16,
            WitType::S32 => TypeKind::S32,
            WitType::S64 => TypeKind::S64,
            WitType::F32 => TypeKind::F32,
            WitType::F64 => TypeKind::F64,
            WitType::Char => TypeKind::Char,
            WitType::String => TypeKind::String,
            WitType::ErrorContext => return Err("uses the type error-context".into()),
            WitType::Id(_) => return Err("uses a type that is not plain".into()),
        };
        if let Some(known) = self.known.get(&Known::Plain(kind)) {
            return Ok(*known);
        }
        let added = self.add(Type {
            kind,
            name: None,
            interface: None,
            labels: Vec::new(),
            types: Vec::new(),
            resource: 0,
            docs: None,
            depth: 1,
        });
        self.known.insert(Known::Plain(kind), added);
        Ok(added)
    }

    /// Kind, labels, types and resource of a definition.
    fn shape(
        &mut self,
        kind: &TypeDefKind,
        side: Side,
    ) -> Result<(TypeKind, Vec<String>, Vec<u32>, u32), String> {
        let labels = |names: &mut dyn Iterator<Item = &String>| names.cloned().collect::<Vec<_>>();
        Ok(match kind {
            TypeDefKind::Record(record) => {
                let types =
                    record.fields.iter().map(|field| self.ty(field.ty, side)).collect::<Result<_, _>>()?;
                (TypeKind::Record, labels(&mut record.fields.iter().map(|field| &field.name)), types, 0)
            }
            TypeDefKind::Flags(flags) => {
                (TypeKind::Flags, labels(&mut flags.flags.iter().map(|flag| &flag.name)), Vec::new(), 0)
            }
            TypeDefKind::Tuple(tuple) => {
                let types = tuple.types.iter().map(|ty| self.ty(*ty, side)).collect::<Result<_, _>>()?;
                (TypeKind::Tuple, Vec::new(), types, 0)
            }
            TypeDefKind::Variant(variant) => {
                let types =
                    variant.cases.iter().map(|case| self.maybe(case.ty, side)).collect::<Result<_, _>>()?;
                (TypeKind::Variant, labels(&mut variant.cases.iter().map(|case| &case.name)), types, 0)
            }
            TypeDefKind::Enum(cases) => {
                (TypeKind::Enum, labels(&mut cases.cases.iter().map(|case| &case.name)), Vec::new(), 0)
            }
            TypeDefKind::Option(ty) => (TypeKind::Option, Vec::new(), vec![self.ty(*ty, side)?], 0),
            TypeDefKind::Result(result) => {
                let types = vec![self.maybe(result.ok, side)?, self.maybe(result.err, side)?];
                (TypeKind::Result, Vec::new(), types, 0)
            }
            TypeDefKind::List(ty) => (TypeKind::List, Vec::new(), vec![self.ty(*ty, side)?], 0),
            TypeDefKind::Handle(Handle::Own(id)) => {
                (TypeKind::Own, Vec::new(), Vec::new(), self.resource(*id, side))
            }
            TypeDefKind::Handle(Handle::Borrow(id)) => {
                (TypeKind::Borrow, Vec::new(), Vec::new(), self.resource(*id, side))
            }
            other => return Err(format!("uses the type {}", other.as_str())),
        })
    }

    fn maybe(&mut self, ty: Option<WitType>, side: Side) -> Result<u32, String> {
        ty.map_or(Ok(NO_TYPE), |ty| self.ty(ty, side))
    }

    /// Position of a resource.
    fn resource(&mut self, mut id: TypeId, side: Side) -> u32 {
        let resolve = self.resolve;
        // `use` gives a resource another name.
        while let TypeDefKind::Type(WitType::Id(other)) = resolve.types[id].kind {
            id = other;
        }
        let definition = &resolve.types[id];
        let owner = match definition.owner {
            TypeOwner::Interface(owner) => Some(owner),
            TypeOwner::World(_) | TypeOwner::None => None,
        };
        let exported = owner.is_some_and(|owner| self.exported.contains(&owner));
        let imported = side == Side::Import || !exported;
        if let Some(known) = self.known_resources.get(&(id, imported)) {
            return *known;
        }
        self.resources.push(Resource {
            name: definition.name.clone().unwrap_or_default(),
            interface: owner.and_then(|owner| self.name_of(owner)),
            imported,
            docs: text(&definition.docs),
        });
        let position = self.resources.len() as u32 - 1;
        self.known_resources.insert((id, imported), position);
        position
    }

    fn name_of(&self, interface: InterfaceId) -> Option<String> {
        self.names.get(&interface).cloned().or_else(|| self.resolve.id_of(interface))
    }
}

fn text(docs: &Docs) -> Option<String> {
    docs.contents.clone().filter(|text| !text.is_empty())
}
