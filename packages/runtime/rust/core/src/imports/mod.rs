//! What a module may import: `twinwall` and `wasi_snapshot_preview1`, function by function. Nothing else exists.

mod bytes;
mod fail;
mod scalar;

use alloc::format;
use alloc::vec::Vec;

use twinwall_abi::tables::BootConfiguration;
use twinwall_abi::{ErrorCode, FunctionShape};
use wasmtime::{Caller, Extern, ExternType, FuncType, ImportType, Linker, Module, Store};

use crate::failure::Failure;
use crate::guest::Guest;
use crate::pieces::Pieces;
use crate::platform::Platform;
use crate::signature::text;
use crate::wasi;

/// The import module of host functions.
const MODULE: &str = "twinwall";

/// The one function in it that needs no declaration.
const FAIL: &str = "fail";

/// What `module` imports, in its order.
pub(crate) fn resolve<P: Platform>(
    store: &mut Store<Guest<P>>,
    module: &Module,
    configuration: &BootConfiguration<'_>,
) -> Result<Vec<Extern>, Failure> {
    // The linker is large; a module without WASI does without it.
    let uses_wasi = module.imports().any(|import| import.module() == wasi::MODULE);
    let linker = if uses_wasi { Some(wasi_linker(store)?) } else { None };
    let mut found = Vec::with_capacity(module.imports().len());
    for import in module.imports() {
        let item = match (import.module(), &linker) {
            (MODULE, _) => host_function(store, &import, configuration)?,
            (wasi::MODULE, Some(linker)) => wasi_function(store, linker, &import)?,
            _ => return Err(unknown(&import)),
        };
        found.push(item);
    }
    Ok(found)
}

fn host_function<P: Platform>(
    store: &mut Store<Guest<P>>,
    import: &ImportType<'_>,
    configuration: &BootConfiguration<'_>,
) -> Result<Extern, Failure> {
    let ExternType::Func(kind) = import.ty() else { return Err(not_a_function(import)) };
    if import.name() == FAIL {
        return fail::define(store, import, kind);
    }
    let declared = configuration.host_functions().unwrap_or_default();
    let (index, declaration) = (0_u32..)
        .zip(declared.iter())
        .find(|(_, declaration)| declaration.name() == import.name())
        .ok_or_else(|| unknown(import))?;
    let target = Target { index, deferred: declaration.deferred() };
    match declaration.shape() {
        FunctionShape::Bytes => bytes::define(store, import, kind, target),
        FunctionShape::Scalars => scalar::define(store, import, kind, target, &declaration),
        _ => Err(Failure::internal("a host function is declared with an unknown shape")),
    }
}

/// A declared host function.
#[derive(Clone, Copy)]
struct Target {
    index: u32,
    /// One-way: the call is only noted, and its results are zeros.
    deferred: bool,
}

fn wasi_linker<P: Platform>(store: &Store<Guest<P>>) -> Result<Linker<Guest<P>>, Failure> {
    let mut linker = Linker::new(store.engine());
    wasi::define(&mut linker).map_err(|error| Failure::internal(format!("{error:#}")))?;
    Ok(linker)
}

fn wasi_function<P: Platform>(
    store: &mut Store<Guest<P>>,
    linker: &Linker<Guest<P>>,
    import: &ImportType<'_>,
) -> Result<Extern, Failure> {
    let ExternType::Func(wanted) = import.ty() else { return Err(not_a_function(import)) };
    let item = linker.get(&mut *store, import.module(), import.name()).map_err(|_| unknown(import))?;
    match item.ty(&*store) {
        ExternType::Func(found) if found.matches(&wanted) => Ok(item),
        ExternType::Func(found) => Err(wrong_type(import, &text(&found), &wanted)),
        _ => Err(Failure::internal("a WASI function is not a function")),
    }
}

/// The module's memory and allocator, looked up when a start function calls the host before the instance is ready.
fn pieces<P: Platform>(caller: &mut Caller<'_, Guest<P>>) -> Pieces {
    match caller.data().pieces {
        Some(pieces) => pieces,
        None => Pieces::find(caller, |caller, name| caller.get_export(name)),
    }
}

#[cold]
fn unknown(import: &ImportType<'_>) -> Failure {
    let (module, name) = (import.module(), import.name());
    Failure::new(ErrorCode::Import, format!("the import `{name}` of module `{module}` is not provided"))
}

#[cold]
fn not_a_function(import: &ImportType<'_>) -> Failure {
    let (module, name) = (import.module(), import.name());
    let message =
        format!("the import `{name}` of module `{module}` is not a function; only functions are provided");
    Failure::new(ErrorCode::Import, message)
}

#[cold]
fn wrong_type(import: &ImportType<'_>, expected: &str, found: &FuncType) -> Failure {
    let (module, name, found) = (import.module(), import.name(), text(found));
    let message = format!(
        "the import `{name}` of module `{module}` must have type {expected}, but the module says {found}"
    );
    Failure::new(ErrorCode::Type, message)
}
