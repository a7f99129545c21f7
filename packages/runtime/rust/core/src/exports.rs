//! The functions of a module that can be called, resolved before the snapshot.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use twinwall_abi::ErrorCode;
use wasmtime::{AsContextMut, ExternType, Func, FuncType, Instance, Module};

use crate::failure::Failure;
use crate::signature::{BYTES, Number, Shape, numbers_text, text};

/// An exported function and what it takes.
struct Function {
    function: Func,
    /// Its type, when it takes and returns nothing but numbers.
    numbers: Option<Numbers>,
    bytes: bool,
}

/// The type of a function on numbers.
struct Numbers {
    parameters: Box<[Number]>,
    results: Box<[Number]>,
}

impl Numbers {
    fn of(kind: &FuncType) -> Option<Self> {
        Some(Self { parameters: Number::list(kind.params())?, results: Number::list(kind.results())? })
    }
}

/// All exports in the module's order; only functions are kept.
pub(crate) struct Exports {
    functions: Vec<Option<Function>>,
    module: Module,
}

impl Exports {
    pub(crate) fn resolve(mut store: impl AsContextMut, instance: &Instance, module: Module) -> Self {
        let functions = module
            .exports()
            .map(|export| {
                let ExternType::Func(kind) = export.ty() else { return None };
                let function = instance.get_func(&mut store, export.name())?;
                Some(Function { function, numbers: Numbers::of(&kind), bytes: BYTES.is(&kind) })
            })
            .collect();
        Self { functions, module }
    }

    /// Export `index` as a bytes function.
    #[inline]
    pub(crate) fn bytes(&self, index: u32) -> Result<Func, Failure> {
        let entry = self.get(index)?;
        if entry.bytes { Ok(entry.function) } else { Err(self.not_bytes(index)) }
    }

    /// Export `index` as a function on numbers, with its parameters and results.
    pub(crate) fn scalar(&self, index: u32) -> Result<(Func, &[Number], &[Number]), Failure> {
        let entry = self.get(index)?;
        match &entry.numbers {
            Some(numbers) => Ok((entry.function, &numbers.parameters, &numbers.results)),
            None => Err(self.not_numbers(index)),
        }
    }

    /// The function of that name, if there is one; its type must be `shape`.
    pub(crate) fn named(
        &self,
        mut store: impl AsContextMut,
        instance: &Instance,
        name: &str,
        shape: Shape,
    ) -> Result<Option<Func>, Failure> {
        match self.module.get_export(name) {
            None => Ok(None),
            Some(ExternType::Func(found)) if shape.is(&found) => Ok(instance.get_func(&mut store, name)),
            Some(found) => {
                let expected = numbers_text(shape.parameters, shape.results);
                let found = found.func().map_or_else(|| String::from("no function"), text);
                let message =
                    format!("the export `{name}` must be a function of type {expected}, but is {found}");
                Err(Failure::new(ErrorCode::Type, message))
            }
        }
    }

    /// Most numbers that a function takes or returns.
    pub(crate) fn most_numbers(&self) -> usize {
        let counts = self.functions.iter().flatten().filter_map(|entry| entry.numbers.as_ref());
        counts.map(|numbers| numbers.parameters.len().max(numbers.results.len())).max().unwrap_or(0)
    }

    #[inline]
    fn get(&self, index: u32) -> Result<&Function, Failure> {
        match self.functions.get(index as usize) {
            Some(Some(entry)) => Ok(entry),
            _ => Err(self.no_function(index)),
        }
    }

    #[cold]
    fn no_function(&self, index: u32) -> Failure {
        let message = match self.module.exports().nth(index as usize) {
            Some(export) => format!("the export `{}` is not a function", export.name()),
            None => format!("the module has no export number {index}"),
        };
        Failure::new(ErrorCode::NoFunction, message)
    }

    #[cold]
    fn not_bytes(&self, index: u32) -> Failure {
        let expected = numbers_text(BYTES.parameters, BYTES.results);
        let (name, found) = self.describe(index);
        let message = format!("the function `{name}` has type {found}; a bytes function has {expected}");
        Failure::new(ErrorCode::Type, message)
    }

    #[cold]
    fn not_numbers(&self, index: u32) -> Failure {
        let (name, found) = self.describe(index);
        let message = format!("the function `{name}` has type {found}; only numbers can be passed");
        Failure::new(ErrorCode::Type, message)
    }

    fn describe(&self, index: u32) -> (String, String) {
        let export = self.module.exports().nth(index as usize);
        export.map_or_else(Default::default, |export| {
            (String::from(export.name()), export.ty().func().map_or_else(String::new, text))
        })
    }
}
