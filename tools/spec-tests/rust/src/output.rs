//! What is written: `modules.bin`, all modules one behind the other, and `tests.json`, what to do with them.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use serde::Serialize;

use crate::skip::Reason;

/// A module's place in `modules.bin`: offset and length in bytes.
type Place = (usize, usize);

/// Everything that the runner reads. Equal modules and equal units are there once, whatever files they are in.
#[derive(Default, Serialize)]
pub(crate) struct Output {
    suites: Vec<SuiteRecord>,
    off: Vec<OffRecord>,
    units: Vec<Unit>,
    modules: Vec<Place>,
    #[serde(skip)]
    bytes: Vec<u8>,
    #[serde(skip)]
    known_modules: HashMap<Vec<u8>, usize>,
    #[serde(skip)]
    known_units: HashMap<Unit, usize>,
}

/// One row of the table.
#[derive(Serialize)]
pub(crate) struct SuiteRecord {
    pub name: String,
    pub title: String,
    pub files: Vec<FileRecord>,
}

/// A proposal that is off, and modules that need it.
#[derive(Serialize)]
pub(crate) struct OffRecord {
    pub name: String,
    pub title: String,
    pub modules: Vec<usize>,
}

/// What became of a file's directives. Each is in exactly one of the lists.
#[derive(Default, Serialize)]
pub(crate) struct FileRecord {
    pub name: String,
    pub units: Vec<PlacedUnit>,
    pub refusals: Vec<Refusal>,
    pub skipped: Vec<Skipped>,
}

/// A unit in a file: lines of its module and of its steps.
#[derive(Serialize)]
pub(crate) struct PlacedUnit {
    pub unit: usize,
    pub line: usize,
    pub lines: Vec<usize>,
}

/// A module that must be refused.
#[derive(Serialize)]
pub(crate) struct Refusal {
    pub module: usize,
    pub line: usize,
    /// The proposal that the module needs and that is off; the directive itself then counts as skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
}

/// A directive that is not run.
#[derive(Serialize)]
pub(crate) struct Skipped {
    pub line: usize,
    pub reason: Reason,
}

/// A module instance and what is done with it.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Unit {
    pub module: usize,
    pub start: Start,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
    pub steps: Vec<Step>,
}

/// A function of another module, which is given as a host function.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Link {
    /// As which host function it is imported.
    pub name: String,
    /// Who exports it.
    pub module: usize,
    pub export: String,
    pub parameters: Vec<String>,
    pub result: Option<String>,
}

/// How instantiation must end.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Start {
    /// Well.
    Ready,
    /// With a trap of that text.
    Trap(String),
    /// In any way: the module is valid, which is all that is asked.
    Defined,
}

/// A call of the function that was added for it, `#0` for the first step and so on.
#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
pub(crate) struct Step {
    /// The trap that must come; without it the function must return 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trap: Option<String>,
    /// Whether it may change what later steps see.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mutates: bool,
}

impl Output {
    pub(crate) fn add_suite(&mut self, suite: SuiteRecord) {
        self.suites.push(suite);
    }

    pub(crate) fn add_off(&mut self, off: OffRecord) {
        self.off.push(off);
    }

    /// Keeps a module and returns its number.
    pub(crate) fn module(&mut self, module: Vec<u8>) -> usize {
        if let Some(&known) = self.known_modules.get(&module) {
            return known;
        }
        let number = self.modules.len();
        self.modules.push((self.bytes.len(), module.len()));
        self.bytes.extend_from_slice(&module);
        self.known_modules.insert(module, number);
        number
    }

    /// Keeps a unit and returns its number.
    pub(crate) fn unit(&mut self, unit: Unit) -> usize {
        if let Some(&known) = self.known_units.get(&unit) {
            return known;
        }
        let number = self.units.len();
        self.units.push(unit.clone());
        self.known_units.insert(unit, number);
        number
    }

    /// Writes both files.
    pub(crate) fn write(&self, directory: &Path) -> io::Result<()> {
        fs::create_dir_all(directory)?;
        fs::write(directory.join("modules.bin"), &self.bytes)?;
        fs::write(directory.join("tests.json"), serde_json::to_vec(self)?)
    }

    /// One line about the size of it all.
    pub(crate) fn summary(&self) -> String {
        let steps: usize = self.units.iter().map(|unit| unit.steps.len()).sum();
        format!(
            "{} suites, {} modules of {} KB, {} units with {steps} steps",
            self.suites.len(),
            self.modules.len(),
            self.bytes.len() / 1000,
            self.units.len()
        )
    }
}
