//! The boot configuration: what the Wasm runtime inside is told once.

use twinwall_abi::FunctionShape;
use twinwall_abi::tables::{
    BootConfiguration, BootConfigurationArgs, FlatBufferBuilder, HostFunction as HostFunctionTable,
    HostFunctionArgs, WIPOffset,
};

use crate::host_function::{HostFunction, HostShape, ScalarType};
use crate::module::CompiledModule;
use crate::program::ProgramOptions;

/// Encodes the configuration for a module that lies at guest address `module_address`.
pub(crate) fn encode(module: &CompiledModule, module_address: u64, options: &ProgramOptions) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::with_capacity(256 + options.init.len());
    let functions: Vec<_> =
        options.host_functions.iter().map(|declared| host_function(&mut builder, declared)).collect();
    let host_functions = builder.create_vector(&functions);
    let init = builder.create_vector(&options.init);
    let configuration = BootConfiguration::create(
        &mut builder,
        &BootConfigurationArgs {
            module_address,
            module_length: module.code().len() as u64,
            files_address: 0,
            files: None,
            memory_limit: options.limits.memory_bytes,
            fuel: module.has_fuel(),
            host_functions: Some(host_functions),
            init: Some(init),
            command: module.is_command(),
            ..Default::default()
        },
    );
    builder.finish(configuration, None);
    builder.finished_data().to_vec()
}

fn host_function<'a>(
    builder: &mut FlatBufferBuilder<'a>,
    declared: &HostFunction,
) -> WIPOffset<HostFunctionTable<'a>> {
    let (shape, parameters, results): (_, &[ScalarType], &[ScalarType]) = match &declared.shape {
        HostShape::Bytes => (FunctionShape::Bytes, &[], &[]),
        HostShape::Scalars { parameters, results } => (FunctionShape::Scalars, parameters, results),
    };
    let name = builder.create_string(&declared.name);
    let mut numbers = |types: &[ScalarType]| {
        let types: Vec<_> = types.iter().map(|kind| kind.value_type()).collect();
        builder.create_vector(&types)
    };
    let (parameters, results) = (numbers(parameters), numbers(results));
    HostFunctionTable::create(
        builder,
        &HostFunctionArgs {
            name: Some(name),
            shape,
            deferred: declared.deferred,
            parameters: Some(parameters),
            results: Some(results),
            interface_name: None,
        },
    )
}
