//! Declarations in a boot configuration.

use twinwall_abi::tables::{
    ComponentExport, ComponentExportArgs, File, FileArgs, FlatBufferBuilder, ForwardsUOffset, HostFunction,
    HostFunctionArgs, Vector, WIPOffset,
};
use twinwall_abi::{FunctionShape, ValueType};

/// A host function.
#[derive(Clone, Copy)]
pub(crate) struct Declaration<'a> {
    name: &'a str,
    shape: FunctionShape,
    deferred: bool,
    parameters: &'a [ValueType],
    results: &'a [ValueType],
    interface: Option<&'a str>,
}

impl<'a> Declaration<'a> {
    pub(crate) const fn bytes(name: &'a str) -> Self {
        Self {
            name,
            shape: FunctionShape::Bytes,
            deferred: false,
            parameters: &[],
            results: &[],
            interface: None,
        }
    }

    pub(crate) const fn scalars(
        name: &'a str,
        parameters: &'a [ValueType],
        results: &'a [ValueType],
    ) -> Self {
        Self { shape: FunctionShape::Scalars, parameters, results, ..Self::bytes(name) }
    }

    /// A component's import: a function, or a resource type.
    pub(crate) const fn typed(interface: Option<&'a str>, name: &'a str, shape: FunctionShape) -> Self {
        Self { shape, interface, ..Self::bytes(name) }
    }

    pub(crate) const fn deferred(self) -> Self {
        Self { deferred: true, ..self }
    }
}

type Tables<'a, T> = WIPOffset<Vector<'a, ForwardsUOffset<T>>>;

pub(crate) fn host_functions<'a>(
    builder: &mut FlatBufferBuilder<'a>,
    declarations: &[Declaration<'_>],
) -> Tables<'a, HostFunction<'a>> {
    let tables: Vec<_> = declarations
        .iter()
        .map(|declaration| {
            let name = builder.create_string(declaration.name);
            let interface_name = declaration.interface.map(|name| builder.create_string(name));
            let parameters = builder.create_vector(declaration.parameters);
            let results = builder.create_vector(declaration.results);
            let arguments = HostFunctionArgs {
                name: Some(name),
                shape: declaration.shape,
                deferred: declaration.deferred,
                parameters: Some(parameters),
                results: Some(results),
                interface_name,
            };
            HostFunction::create(builder, &arguments)
        })
        .collect();
    builder.create_vector(&tables)
}

pub(crate) fn component_exports<'a>(
    builder: &mut FlatBufferBuilder<'a>,
    exports: &[(Option<&str>, &str)],
) -> Tables<'a, ComponentExport<'a>> {
    let tables: Vec<_> = exports
        .iter()
        .map(|(interface, name)| {
            let interface_name = interface.map(|name| builder.create_string(name));
            let name = Some(builder.create_string(name));
            ComponentExport::create(builder, &ComponentExportArgs { interface_name, name })
        })
        .collect();
    builder.create_vector(&tables)
}

pub(crate) fn files<'a>(
    builder: &mut FlatBufferBuilder<'a>,
    files: &[(&str, &[u8])],
) -> Tables<'a, File<'a>> {
    let mut offset = 0;
    let tables: Vec<_> = files
        .iter()
        .map(|(path, contents)| {
            let path = builder.create_string(path);
            let length = contents.len() as u64;
            let file = File::create(builder, &FileArgs { path: Some(path), offset, length });
            offset += length;
            file
        })
        .collect();
    builder.create_vector(&tables)
}
