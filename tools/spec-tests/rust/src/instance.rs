//! A module of a script while its assertions are gathered: each becomes a function `() -> i32` of the module.

use wasm_encoder::{Function, ValType};
use wasmparser::FuncType;
use wast::{WastArg, WastRet};

use crate::assemble::{assemble, step_name};
use crate::effects::Effect;
use crate::facts::Facts;
use crate::output::{Link, Output, PlacedUnit, Start, Step, Unit};
use crate::skip::Reason;
use crate::values::{expectation, fits, push_argument};

/// A module instance.
pub(crate) struct Instance {
    pub module: Vec<u8>,
    pub facts: Facts,
    /// Of the module's directive.
    pub line: usize,
    pub start: Start,
    links: Vec<Link>,
    steps: Vec<Step>,
    lines: Vec<usize>,
    functions: Vec<Function>,
    /// Set when something that may have changed its state was not run.
    pub tainted: bool,
}

/// What a directive does with an export.
pub(crate) enum Target<'a> {
    Call(&'a str, &'a [WastArg<'a>]),
    Global(&'a str),
}

/// Why a directive did not become a step.
pub(crate) enum Refused {
    /// It cannot be run here.
    Skip(Reason),
    /// The script makes no sense, or this program does not understand it.
    Script(String),
}

impl From<Reason> for Refused {
    fn from(reason: Reason) -> Self {
        Self::Skip(reason)
    }
}

impl Instance {
    pub(crate) fn new(module: Vec<u8>, facts: Facts, line: usize, start: Start, links: Vec<Link>) -> Self {
        Self {
            module,
            facts,
            line,
            start,
            links,
            steps: Vec::new(),
            lines: Vec::new(),
            functions: Vec::new(),
            tainted: false,
        }
    }

    /// Adds a step whose results must be as expected; without `results` they do not matter.
    pub(crate) fn add_return(
        &mut self,
        line: usize,
        target: &Target<'_>,
        results: Option<&[WastRet<'_>]>,
    ) -> Result<(), Refused> {
        self.add(line, target, None, results)
    }

    /// Adds a step that must trap.
    pub(crate) fn add_trap(&mut self, line: usize, target: &Target<'_>, text: &str) -> Result<(), Refused> {
        self.add(line, target, Some(text.to_owned()), None)
    }

    fn add(
        &mut self,
        line: usize,
        target: &Target<'_>,
        trap: Option<String>,
        results: Option<&[WastRet<'_>]>,
    ) -> Result<(), Refused> {
        let mutates = self.mutates(target)?;
        if self.tainted {
            return Err(Refused::Skip(Reason::State));
        }
        match self.function(target, results) {
            Ok(function) => {
                self.steps.push(Step { trap, mutates });
                self.lines.push(line);
                self.functions.push(function);
                Ok(())
            }
            Err(refused) => {
                self.tainted |= mutates;
                Err(refused)
            }
        }
    }

    fn mutates(&self, target: &Target<'_>) -> Result<bool, Refused> {
        match target {
            Target::Call(name, _) => Ok(self.facts.effect(self.callee(name)?.0) == Effect::Writes),
            Target::Global(_) => Ok(false),
        }
    }

    fn callee(&self, name: &str) -> Result<(u32, &FuncType), Refused> {
        self.facts.function(name).ok_or_else(|| Refused::Script(format!("no function {name:?} is exported")))
    }

    /// The function of one step.
    fn function(&self, target: &Target<'_>, results: Option<&[WastRet<'_>]>) -> Result<Function, Refused> {
        let types: Vec<ValType> = self.results(target)?.iter().map(value_type).collect::<Result<_, _>>()?;
        let mut function = Function::new_with_locals_types(types.iter().copied());
        match target {
            Target::Call(name, arguments) => {
                let (index, callee) = self.callee(name)?;
                push_arguments(&mut function, callee, arguments)?;
                function.instructions().call(index);
            }
            Target::Global(name) => {
                let (index, _) = self.global(name)?;
                function.instructions().global_get(index);
            }
        }
        for index in (0..types.len()).rev() {
            function.instructions().local_set(index as u32);
        }
        function.instructions().i32_const(1);
        if let Some(results) = results {
            push_comparisons(&mut function, &types, results)?;
        }
        function.instructions().end();
        Ok(function)
    }

    fn results(&self, target: &Target<'_>) -> Result<Vec<wasmparser::ValType>, Refused> {
        match target {
            Target::Call(name, _) => Ok(self.callee(name)?.1.results().to_vec()),
            Target::Global(name) => Ok(vec![self.global(name)?.1]),
        }
    }

    fn global(&self, name: &str) -> Result<(u32, wasmparser::ValType), Refused> {
        self.facts.global(name).ok_or_else(|| Refused::Script(format!("no global {name:?} is exported")))
    }

    /// The module with its steps built in, the unit that runs them, and their lines.
    pub(crate) fn finish(self, output: &mut Output) -> Result<PlacedUnit, String> {
        let taken =
            (0..self.functions.len()).map(step_name).find(|name| self.facts.exports.contains_key(name));
        if let Some(name) = taken {
            return Err(format!("the module exports {name:?} itself"));
        }
        let module =
            assemble(&self.module, &self.facts, &self.functions).map_err(|error| error.to_string())?;
        let module = output.module(module);
        let unit = output.unit(Unit { module, start: self.start, links: self.links, steps: self.steps });
        Ok(PlacedUnit { unit, line: self.line, lines: self.lines })
    }
}

fn push_arguments(
    function: &mut Function,
    callee: &FuncType,
    arguments: &[WastArg<'_>],
) -> Result<(), Refused> {
    if callee.params().len() != arguments.len() {
        return Err(Refused::Script(format!("{} arguments for {callee}", arguments.len())));
    }
    for (argument, ty) in arguments.iter().zip(callee.params()) {
        if !fits(argument, value_type(ty)?) {
            return Err(Refused::Script(format!("argument {argument:?} for {callee}")));
        }
        push_argument(function, argument)?;
    }
    Ok(())
}

/// Turns the 1 on the stack into 0 unless all locals are as expected.
fn push_comparisons(
    function: &mut Function,
    types: &[ValType],
    results: &[WastRet<'_>],
) -> Result<(), Refused> {
    if types.len() != results.len() {
        return Err(Refused::Script(format!("{} results expected, {} found", results.len(), types.len())));
    }
    for (index, (result, &ty)) in results.iter().zip(types).enumerate() {
        let expected = expectation(result)?;
        if !expected.fits(ty) {
            return Err(Refused::Script(format!("result {result:?} expected of {ty:?}")));
        }
        expected.push_comparison(function, index as u32, ty);
        function.instructions().i32_and();
    }
    Ok(())
}

fn value_type(ty: &wasmparser::ValType) -> Result<ValType, Refused> {
    Ok(match ty {
        wasmparser::ValType::I32 => ValType::I32,
        wasmparser::ValType::I64 => ValType::I64,
        wasmparser::ValType::F32 => ValType::F32,
        wasmparser::ValType::F64 => ValType::F64,
        wasmparser::ValType::V128 => ValType::V128,
        wasmparser::ValType::Ref(reference) if reference.is_func_ref() => ValType::FUNCREF,
        wasmparser::ValType::Ref(reference) if reference.is_extern_ref() => ValType::EXTERNREF,
        other => return Err(Refused::Script(format!("a value of type {other}"))),
    })
}
