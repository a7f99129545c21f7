//! Which imports of a script's module can be had where guests import functions of the host only.

use std::collections::HashMap;

use wasmparser::{FuncType, ValType};

use crate::assemble::host_name;
use crate::effects::Effect;
use crate::facts::{Facts, Import};
use crate::instance::Instance;
use crate::output::{Link, Output, Start};
use crate::skip::Reason;

/// The module from which scripts import what they print with.
const SPECTEST: &str = "spectest";

/// Its functions, which the runner gives as host functions.
const PRINTERS: [&str; 7] =
    ["print", "print_i32", "print_i64", "print_f32", "print_f64", "print_i32_f32", "print_f64_f64"];

/// The instances that are registered, by the name under which others import from them; `None` for one that is not run.
pub(crate) type Registry<'a> = HashMap<&'a str, Option<&'a Instance>>;

/// The functions that a module must be given besides those of `spectest`.
pub(crate) fn links(
    facts: &Facts,
    start: &Start,
    registry: &Registry<'_>,
    output: &mut Output,
) -> Result<Vec<Link>, Reason> {
    // It need only be valid.
    if *start == Start::Defined {
        return Ok(Vec::new());
    }
    let mut links = Vec::new();
    for import in &facts.imports {
        if import.module == SPECTEST {
            printer(import)?;
        } else {
            let exporter = registry.get(import.module.as_str()).copied().flatten();
            links.push(link(import, facts, exporter.ok_or(Reason::Linking)?, output)?);
        }
    }
    Ok(links)
}

fn printer(import: &Import) -> Result<(), Reason> {
    match import.function {
        None => Err(Reason::Import),
        Some(_) if PRINTERS.contains(&import.name.as_str()) => Ok(()),
        Some(_) => Err(Reason::Linking),
    }
}

/// A function of another module can stand behind a host function when it needs nothing of that module's state, so
/// that any instance will do, and takes and gives what host functions can.
fn link(import: &Import, facts: &Facts, exporter: &Instance, output: &mut Output) -> Result<Link, Reason> {
    let (index, provided) = exporter.facts.function(&import.name).ok_or(Reason::Linking)?;
    let wanted = import.function.and_then(|index| facts.functions.get(index as usize));
    let pure = exporter.facts.effect(index) == Effect::Pure && exporter.facts.imports.is_empty();
    if !pure || wanted != Some(provided) || exporter.start != Start::Ready {
        return Err(Reason::Linking);
    }
    let (parameters, result) = scalars(provided).ok_or(Reason::Linking)?;
    Ok(Link {
        name: host_name(&import.module, &import.name),
        module: output.module(exporter.module.clone()),
        export: import.name.clone(),
        parameters,
        result,
    })
}

/// The names of the types, if a host function can have them.
fn scalars(function: &FuncType) -> Option<(Vec<String>, Option<String>)> {
    let scalar = |ty: &ValType| {
        matches!(ty, ValType::I32 | ValType::I64 | ValType::F32 | ValType::F64).then(|| ty.to_string())
    };
    let parameters = function.params().iter().map(scalar).collect::<Option<_>>()?;
    match function.results() {
        [] => Some((parameters, None)),
        [result] => Some((parameters, Some(scalar(result)?))),
        _ => None,
    }
}
