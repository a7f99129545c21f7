//! Walks through the directives of one `.wast` file.

use std::collections::HashMap;

use wasmparser::{Validator, WasmFeatures};
use wast::{QuoteWat, Wast, WastDirective, WastExecute, WastInvoke, Wat};

use crate::error::Error;
use crate::facts::{Facts, Import};
use crate::instance::{Instance, Refused, Target};
use crate::lines::Lines;
use crate::links::links;
use crate::output::{FileRecord, Output, Refusal, Skipped, Start};
use crate::parse::with_script;
use crate::skip::Reason;
use crate::suites::{File, SUPPORTED};

/// Converts a file. `features` is what its authors took for valid.
pub(crate) fn convert(file: &File, features: WasmFeatures, output: &mut Output) -> Result<FileRecord, Error> {
    with_script(file, |script| convert_script(file, script, features, output))
}

fn convert_script(
    file: &File,
    script: Wast<'_>,
    features: WasmFeatures,
    output: &mut Output,
) -> Result<FileRecord, Error> {
    let mut converter = Converter {
        features,
        lines: Lines::new(&file.text),
        output,
        record: FileRecord { name: file.name.clone(), ..FileRecord::default() },
        slots: Vec::new(),
        current: None,
        named: HashMap::new(),
        registered: HashMap::new(),
        definitions: HashMap::new(),
        defined: None,
    };
    for directive in script.directives {
        let line = converter.lines.of(directive.span());
        converter.directive(directive, line).map_err(|what| Error::Script {
            file: file.name.clone(),
            line,
            what,
        })?;
    }
    converter.finish().map_err(|what| Error::Script { file: file.name.clone(), line: 0, what })
}

/// A module of the script.
enum Slot {
    /// It runs.
    Live(Box<Instance>),
    /// It does not, and so does nothing that is done with it.
    Absent(Reason),
}

struct Converter<'a> {
    features: WasmFeatures,
    lines: Lines,
    output: &'a mut Output,
    record: FileRecord,
    slots: Vec<Slot>,
    /// The module that directives without a name mean.
    current: Option<usize>,
    named: HashMap<String, usize>,
    registered: HashMap<String, usize>,
    /// Modules that are defined and may be instantiated later.
    definitions: HashMap<String, Vec<u8>>,
    defined: Option<Vec<u8>>,
}

impl Converter<'_> {
    fn directive(&mut self, directive: WastDirective<'_>, line: usize) -> Result<(), String> {
        match directive {
            WastDirective::Module(module) => self.module(module, line),
            WastDirective::ModuleDefinition(module) => self.definition(module, line),
            WastDirective::ModuleInstance { instance, module, .. } => {
                let wanted = module.map_or(self.defined.as_ref(), |id| self.definitions.get(id.name()));
                let bytes = wanted.cloned().ok_or("no such definition")?;
                self.instantiate(bytes, instance.map(|id| id.name()), line, Start::Ready)
            }
            WastDirective::AssertMalformed { module, .. } | WastDirective::AssertInvalid { module, .. } => {
                self.refusal(module, line);
                Ok(())
            }
            // Custom sections are for tools, and a module with a bad one is still valid.
            WastDirective::AssertMalformedCustom { .. } | WastDirective::AssertInvalidCustom { .. } => {
                self.skip(line, Reason::Text);
                Ok(())
            }
            WastDirective::Register { name, module, .. } => {
                self.register(name, module.map(|id| id.name()), line)
            }
            WastDirective::Invoke(call) => self.invoke(&call, line),
            WastDirective::AssertReturn { exec, results, .. } => {
                self.execute(&exec, line, |instance, target| {
                    instance.add_return(line, target, Some(&results))
                })
            }
            WastDirective::AssertTrap { exec: WastExecute::Wat(module), message, .. } => {
                self.trapping_module(module, message, line)
            }
            WastDirective::AssertTrap { exec, message, .. } => {
                self.execute(&exec, line, |instance, target| instance.add_trap(line, target, message))
            }
            WastDirective::AssertExhaustion { call, message, .. } => {
                self.call(&call, line, |instance, target| instance.add_trap(line, target, message))
            }
            WastDirective::AssertUnlinkable { module, .. } => {
                self.unlinkable(module);
                self.skip(line, Reason::Linking);
                Ok(())
            }
            WastDirective::AssertException { .. }
            | WastDirective::AssertSuspension { .. }
            | WastDirective::Thread(_)
            | WastDirective::Wait { .. } => {
                self.skip(line, Reason::Off);
                Ok(())
            }
        }
    }

    fn skip(&mut self, line: usize, reason: Reason) {
        self.record.skipped.push(Skipped { line, reason });
    }

    fn module(&mut self, mut module: QuoteWat<'_>, line: usize) -> Result<(), String> {
        let name = module.name().map(|id| id.name().to_owned());
        let bytes = module.encode().map_err(|error| error.to_string())?;
        self.instantiate(bytes, name.as_deref(), line, Start::Ready)
    }

    fn definition(&mut self, mut module: QuoteWat<'_>, line: usize) -> Result<(), String> {
        let name = module.name().map(|id| id.name().to_owned());
        let bytes = module.encode().map_err(|error| error.to_string())?;
        self.defined = Some(bytes.clone());
        if let Some(name) = name {
            self.definitions.insert(name, bytes.clone());
        }
        let current = self.current;
        self.instantiate(bytes, None, line, Start::Defined)?;
        self.current = current;
        Ok(())
    }

    /// `(assert_trap (module …))`: the module must trap while it starts.
    fn trapping_module(&mut self, mut module: Wat<'_>, message: &str, line: usize) -> Result<(), String> {
        let bytes = module.encode().map_err(|error| error.to_string())?;
        let current = self.current;
        self.instantiate(bytes, None, line, Start::Trap(message.to_owned()))?;
        self.current = current;
        Ok(())
    }

    fn instantiate(
        &mut self,
        module: Vec<u8>,
        name: Option<&str>,
        line: usize,
        start: Start,
    ) -> Result<(), String> {
        let slot = match Facts::read(&module, SUPPORTED) {
            Ok(facts) => self.linked(module, facts, line, start),
            Err(error) => self.not_supported(module, line, &error),
        };
        if let Slot::Absent(reason) = slot {
            self.skip(line, reason);
        }
        if let Some(name) = name {
            self.named.insert(name.to_owned(), self.slots.len());
        }
        self.current = Some(self.slots.len());
        self.slots.push(slot);
        Ok(())
    }

    /// A valid module whose imports are all there becomes an instance.
    fn linked(&mut self, module: Vec<u8>, facts: Facts, line: usize, start: Start) -> Slot {
        self.share_state(&facts.imports);
        let registry = self.registered.iter().map(|(name, &index)| match self.slots.get(index) {
            Some(Slot::Live(instance)) => (name.as_str(), Some(&**instance)),
            _ => (name.as_str(), None),
        });
        match links(&facts, &start, &registry.collect(), self.output) {
            Ok(links) => Slot::Live(Box::new(Instance::new(module, facts, line, start, links))),
            Err(reason) => Slot::Absent(reason),
        }
    }

    /// What Twinwall refuses it must refuse by name: that is checked, though the directive does not count as run.
    fn not_supported(&mut self, module: Vec<u8>, line: usize, error: &wasmparser::Error) -> Slot {
        let needs = error.missing_wasm_feature().map_or_else(|| "other".to_owned(), feature_name);
        let module = self.output.module(module);
        self.record.refusals.push(Refusal { module, line, needs: Some(needs) });
        Slot::Absent(Reason::Off)
    }

    /// Modules that are imported from: what the importer does to them is not seen here.
    fn share_state(&mut self, imports: &[Import]) {
        for import in imports {
            let Some(&index) = self.registered.get(&import.module) else { continue };
            if let Some(Slot::Live(instance)) = self.slots.get_mut(index) {
                instance.tainted |= instance.facts.exposes_state(&import.name);
            }
        }
    }

    /// A module that cannot be linked may have written to those that it imports from before it failed.
    fn unlinkable(&mut self, mut module: Wat<'_>) {
        let facts = module.encode().ok().and_then(|bytes| Facts::read(&bytes, SUPPORTED).ok());
        if let Some(facts) = facts {
            self.share_state(&facts.imports);
        }
    }

    fn refusal(&mut self, mut module: QuoteWat<'_>, line: usize) {
        let quoted = !matches!(module, QuoteWat::Wat(_));
        // What is wrong with a text that cannot be encoded never reaches anyone who takes binaries.
        let Ok(bytes) = module.encode() else { return self.skip(line, Reason::Text) };
        let error = |features| Validator::new_with_features(features).validate_all(&bytes).err();
        let needs = match error(SUPPORTED) {
            None if quoted => return self.skip(line, Reason::Text),
            None if error(self.features).is_some() => return self.skip(line, Reason::Superseded),
            None => None,
            // One that is refused for a proposal that its authors took for granted says nothing of their own reason.
            Some(error) => error.missing_wasm_feature().filter(|&missing| self.features.intersects(missing)),
        };
        if needs.is_some() {
            self.skip(line, Reason::Off);
        }
        let module = self.output.module(bytes);
        self.record.refusals.push(Refusal { module, line, needs: needs.map(feature_name) });
    }

    fn register(&mut self, name: &str, module: Option<&str>, line: usize) -> Result<(), String> {
        let index = self.slot(module)?;
        self.registered.insert(name.to_owned(), index);
        self.skip(line, Reason::Linking);
        Ok(())
    }

    fn slot(&self, name: Option<&str>) -> Result<usize, String> {
        match name {
            None => self.current.ok_or_else(|| "there is no module yet".to_owned()),
            Some(name) => self.named.get(name).copied().ok_or_else(|| format!("there is no module ${name}")),
        }
    }

    fn invoke(&mut self, call: &WastInvoke<'_>, line: usize) -> Result<(), String> {
        self.call(call, line, |instance, target| instance.add_return(line, target, None))
    }

    fn execute(
        &mut self,
        execute: &WastExecute<'_>,
        line: usize,
        add: impl FnOnce(&mut Instance, &Target<'_>) -> Result<(), Refused>,
    ) -> Result<(), String> {
        match execute {
            WastExecute::Invoke(call) => self.call(call, line, add),
            WastExecute::Get { module, global, .. } => {
                self.step(module.map(|id| id.name()), &Target::Global(global), line, add)
            }
            WastExecute::Wat(_) => Err("a module cannot return".to_owned()),
        }
    }

    fn call(
        &mut self,
        call: &WastInvoke<'_>,
        line: usize,
        add: impl FnOnce(&mut Instance, &Target<'_>) -> Result<(), Refused>,
    ) -> Result<(), String> {
        self.step(call.module.map(|id| id.name()), &Target::Call(call.name, &call.args), line, add)
    }

    fn step(
        &mut self,
        module: Option<&str>,
        target: &Target<'_>,
        line: usize,
        add: impl FnOnce(&mut Instance, &Target<'_>) -> Result<(), Refused>,
    ) -> Result<(), String> {
        let index = self.slot(module)?;
        let outcome = match self.slots.get_mut(index) {
            Some(Slot::Live(instance)) => add(instance, target),
            Some(Slot::Absent(reason)) => Err(Refused::Skip(*reason)),
            None => Err(Refused::Script("there is no module".to_owned())),
        };
        match outcome {
            Ok(()) => Ok(()),
            Err(Refused::Skip(reason)) => {
                self.skip(line, reason);
                Ok(())
            }
            Err(Refused::Script(what)) => Err(what),
        }
    }

    fn finish(mut self) -> Result<FileRecord, String> {
        for slot in self.slots {
            if let Slot::Live(instance) = slot {
                self.record.units.push(instance.finish(self.output)?);
            }
        }
        Ok(self.record)
    }
}

/// The names of proposals as people write them.
fn feature_name(features: WasmFeatures) -> String {
    // wasmparser's name for every reference type but funcref; of the proposals here only externref is one.
    if features == WasmFeatures::GC_TYPES {
        return "externref".to_owned();
    }
    let names: Vec<String> =
        features.iter_names().map(|(name, _)| name.to_lowercase().replace('_', "-")).collect();
    names.join(", ")
}
