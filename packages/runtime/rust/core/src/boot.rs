//! From a boot configuration to a module that waits for calls: everything that can be done before the snapshot.

use alloc::format;
use alloc::vec::Vec;
use core::slice;

use twinwall_abi::tables::{self, BootConfiguration};
use twinwall_abi::{ErrorCode, Request};
use twinwall_tune::FUEL_PARTS;
use wasmtime::{Engine, Func, Instance, Module, Store, Trap, ValRaw};

use crate::calls::transfer;
use crate::component::{self, ComponentProgram};
use crate::engine;
use crate::exports::Exports;
use crate::failure::Failure;
use crate::guest::Guest;
use crate::imports;
use crate::pieces::Pieces;
use crate::platform::Platform;
use crate::program::ModuleProgram;
use crate::serve::{Program, Runtime};
use crate::signature::{PLAIN, SINK};
use crate::wasi::WasiState;

/// Boots the module or component that the request's input describes.
pub(crate) fn boot<P: Platform>(request: &Request) -> Result<Runtime<P>, Failure> {
    // SAFETY: the host wrote so many bytes there and leaves them alone while the guest boots.
    let input = unsafe { attached(request.input_address(), request.input_length()) };
    let configuration = tables::boot_configuration(input)
        .map_err(|error| Failure::internal(format!("the boot configuration is malformed: {error}")))?;
    let engine = engine::engine::<P>(configuration.fuel())?;
    let guest = Guest::new(configuration.memory_limit(), files(&configuration)?);
    let mut store = Store::new(&engine, guest);
    store.limiter(|guest| &mut guest.limits);
    store.data_mut().begin(request, P::entry_ticks(request));
    if configuration.fuel() {
        set_fuel(&mut store, request.fuel())?;
    }
    let program = if configuration.component() {
        let component =
            component::load(&engine, configuration.module_address(), configuration.module_length())?;
        component::bound_transfers(&mut store, request);
        Program::Component(ComponentProgram::boot(&mut store, &component, &configuration)?)
    } else {
        Program::Module(boot_module(&mut store, &engine, &configuration)?)
    };
    Ok(Runtime { store, program, fuel: configuration.fuel() })
}

fn boot_module<P: Platform>(
    store: &mut Store<Guest<P>>,
    engine: &Engine,
    configuration: &BootConfiguration<'_>,
) -> Result<ModuleProgram, Failure> {
    let module = engine::module(engine, configuration.module_address(), configuration.module_length())?;
    let instance = instantiate(store, &module, configuration)?;
    start(store, &instance, module, configuration)
}

fn instantiate<P: Platform>(
    store: &mut Store<Guest<P>>,
    module: &Module,
    configuration: &BootConfiguration<'_>,
) -> Result<Instance, Failure> {
    let imports = imports::resolve(store, module, configuration)?;
    Instance::new(&mut *store, module, &imports).map_err(|error| {
        let ran = error.is::<Trap>() || error.is::<Failure>() || error.is::<crate::wasi::Exit>();
        if ran {
            return Failure::of(&error);
        }
        // Imports were checked before, so all that is left are memories and tables that do not fit.
        Failure::new(ErrorCode::Memory, format!("the module does not fit its memory limit: {error:#}"))
    })
}

/// Resolves the exports and runs what initialises the module.
fn start<P: Platform>(
    store: &mut Store<Guest<P>>,
    instance: &Instance,
    module: Module,
    configuration: &BootConfiguration<'_>,
) -> Result<ModuleProgram, Failure> {
    let pieces = Pieces::find(store, |store, name| instance.get_export(store, name));
    store.data_mut().pieces = Some(pieces);
    let exports = Exports::resolve(&mut *store, instance, module);
    let start = if configuration.command() {
        exports.named(&mut *store, instance, "_start", PLAIN)?
    } else {
        if let Some(initialize) = exports.named(&mut *store, instance, "_initialize", PLAIN)? {
            // SAFETY: the type was just checked: no parameters, no results.
            unsafe { initialize.call_unchecked(&mut *store, &mut [] as *mut [_]) }
                .map_err(|error| Failure::of(&error))?;
        }
        if let Some(init) = exports.named(&mut *store, instance, "twinwall_init", SINK)? {
            let data = configuration.init().map_or(&[][..], |data| data.bytes());
            initialize(store, &pieces, init, data)?;
        }
        None
    };
    let values = Vec::with_capacity(exports.most_numbers());
    Ok(ModuleProgram { pieces, exports, start, values })
}

/// Gives the module its initial data, and frees it again: the snapshot should not hold it twice.
fn initialize<P: Platform>(
    store: &mut Store<Guest<P>>,
    pieces: &Pieces,
    function: Func,
    data: &[u8],
) -> Result<(), Failure> {
    let pointer = transfer::place(&mut *store, pieces, data).map_err(|error| Failure::of(&error))?;
    let length = data.len() as u32;
    store.data_mut().unfreed[0] = (pointer, length);
    let mut values = [ValRaw::u32(pointer), ValRaw::u32(length)];
    // SAFETY: the type was checked when the function was looked up: two i32 parameters, no results.
    unsafe { function.call_unchecked(&mut *store, &raw mut values) }.map_err(|error| Failure::of(&error))?;
    transfer::release(store, pieces)
}

/// Gives the store so many units of fuel.
pub(crate) fn set_fuel<P>(store: &mut Store<Guest<P>>, units: u64) -> Result<(), Failure> {
    store.set_fuel(units.saturating_mul(FUEL_PARTS)).map_err(|error| Failure::internal(format!("{error:#}")))
}

/// The read-only files of the sandbox, in the files attachment.
fn files(configuration: &BootConfiguration<'_>) -> Result<WasiState, Failure> {
    let base = configuration.files_address();
    let files = configuration.files().unwrap_or_default();
    let files = files.iter().map(|file| {
        // SAFETY: the host attached the contents read-only for as long as the machine lives.
        (file.path(), unsafe { attached(base.saturating_add(file.offset()), file.length()) })
    });
    WasiState::new(files).map_err(|error| Failure::new(ErrorCode::Option, format!("{error}")))
}

/// Bytes that the host placed at `address`.
///
/// # Safety
/// The host keeps so many bytes open there and does not change them for as long as the slice is used.
unsafe fn attached(address: u64, length: u64) -> &'static [u8] {
    if length == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { slice::from_raw_parts(address as *const u8, length as usize) }
}
