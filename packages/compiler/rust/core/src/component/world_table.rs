//! A world as a FlatBuffers table, see `packages/abi/schema/world.fbs`.

use twinwall_abi::tables::{
    self, FlatBufferBuilder, ResourceArgs, TypeArgs, WIPOffset, WorldArgs, WorldFunctionArgs,
};

use super::{Function, Resource, Type, World};

/// Writes the world.
pub(crate) fn encode<'a>(builder: &mut FlatBufferBuilder<'a>, world: &World) -> WIPOffset<tables::World<'a>> {
    let name = Some(builder.create_string(&world.name));
    let types: Vec<_> = world.types.iter().map(|ty| add_type(builder, ty)).collect();
    let types = Some(builder.create_vector(&types));
    let resources: Vec<_> = world.resources.iter().map(|resource| add_resource(builder, resource)).collect();
    let resources = Some(builder.create_vector(&resources));
    let imports: Vec<_> = world.imports.iter().map(|function| add_function(builder, function)).collect();
    let imports = Some(builder.create_vector(&imports));
    let exports: Vec<_> = world.exports.iter().map(|function| add_function(builder, function)).collect();
    let exports = Some(builder.create_vector(&exports));
    tables::World::create(builder, &WorldArgs { name, types, resources, imports, exports })
}

fn add_type<'a>(builder: &mut FlatBufferBuilder<'a>, ty: &Type) -> WIPOffset<tables::Type<'a>> {
    let name = ty.name.as_ref().map(|name| builder.create_string(name));
    let interface_name = ty.interface.as_ref().map(|name| builder.create_shared_string(name));
    let labels: Vec<_> = ty.labels.iter().map(|label| builder.create_string(label)).collect();
    let labels = (!labels.is_empty()).then(|| builder.create_vector(&labels));
    let types = (!ty.types.is_empty()).then(|| builder.create_vector(&ty.types));
    let docs = ty.docs.as_ref().map(|docs| builder.create_string(docs));
    let arguments =
        TypeArgs { kind: ty.kind, name, interface_name, labels, types, resource: ty.resource, docs };
    tables::Type::create(builder, &arguments)
}

fn add_resource<'a>(
    builder: &mut FlatBufferBuilder<'a>,
    resource: &Resource,
) -> WIPOffset<tables::Resource<'a>> {
    let name = Some(builder.create_string(&resource.name));
    let interface_name = resource.interface.as_ref().map(|name| builder.create_shared_string(name));
    let docs = resource.docs.as_ref().map(|docs| builder.create_string(docs));
    let arguments = ResourceArgs { name, interface_name, imported: resource.imported, docs };
    tables::Resource::create(builder, &arguments)
}

fn add_function<'a>(
    builder: &mut FlatBufferBuilder<'a>,
    function: &Function,
) -> WIPOffset<tables::WorldFunction<'a>> {
    let name = Some(builder.create_string(&function.name));
    let interface_name = function.interface.as_ref().map(|name| builder.create_shared_string(name));
    let names: Vec<_> =
        function.parameters.iter().map(|(name, _)| builder.create_shared_string(name)).collect();
    let parameter_names = Some(builder.create_vector(&names));
    let types: Vec<_> = function.parameters.iter().map(|(_, ty)| *ty).collect();
    let parameters = Some(builder.create_vector(&types));
    let docs = function.docs.as_ref().map(|docs| builder.create_string(docs));
    let result = function.result;
    let arguments = WorldFunctionArgs { name, interface_name, parameter_names, parameters, result, docs };
    tables::WorldFunction::create(builder, &arguments)
}
