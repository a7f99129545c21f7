//! What goes into a machine, and what comes out.

use twinwall_abi::ErrorCode;
use twinwall_abi::tables::{BootConfiguration, BootConfigurationArgs, FlatBufferBuilder};

use crate::declare::{self, Declaration};

/// What a module is booted with.
pub(crate) struct Setup<'a> {
    pub(crate) module: &'a str,
    pub(crate) fuel: bool,
    pub(crate) command: bool,
    /// The module is a component, which exports these.
    pub(crate) component: Option<&'a [(Option<&'a str>, &'a str)]>,
    pub(crate) memory_limit: u64,
    pub(crate) init: &'a [u8],
    pub(crate) host_functions: &'a [Declaration<'a>],
    pub(crate) files: &'a [(&'a str, &'a [u8])],
}

impl<'a> Setup<'a> {
    pub(crate) fn new(module: &'a str) -> Self {
        Self {
            module,
            fuel: false,
            command: false,
            component: None,
            memory_limit: 16 << 20,
            init: &[],
            host_functions: &[],
            files: &[],
        }
    }

    /// The boot configuration: address and length of the module, address of the files.
    pub(crate) fn configuration(&self, module: (usize, usize), files_address: usize) -> Vec<u8> {
        let mut builder = FlatBufferBuilder::new();
        let host_functions = declare::host_functions(&mut builder, self.host_functions);
        let files = declare::files(&mut builder, self.files);
        let init = builder.create_vector(self.init);
        let exports = declare::component_exports(&mut builder, self.component.unwrap_or_default());
        let configuration = BootConfiguration::create(
            &mut builder,
            &BootConfigurationArgs {
                module_address: module.0 as u64,
                module_length: module.1 as u64,
                files_address: files_address as u64,
                files: Some(files),
                memory_limit: self.memory_limit,
                fuel: self.fuel,
                host_functions: Some(host_functions),
                init: Some(init),
                command: self.command,
                component: self.component.is_some(),
                component_exports: Some(exports),
            },
        );
        builder.finish(configuration, None);
        builder.finished_data().to_vec()
    }

    /// Contents of all files, one after the other.
    pub(crate) fn file_contents(&self) -> Vec<u8> {
        self.files.iter().flat_map(|(_, contents)| contents.iter().copied()).collect()
    }
}

/// What a call came back with.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Reply {
    pub(crate) status: ErrorCode,
    pub(crate) detail: i32,
    /// The output of a call that succeeded.
    pub(crate) output: Vec<u8>,
    pub(crate) message: String,
    /// Backtrace, a frame a line.
    pub(crate) frames: String,
    pub(crate) fuel_used: u64,
    pub(crate) memory_bytes: u64,
    /// Times that the guest left, the last one included.
    pub(crate) exits: usize,
}
