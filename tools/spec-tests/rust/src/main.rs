//! Turns the official WebAssembly tests into modules that check themselves:
//! `twinwall-tool-spec-tests OUT_DIR OWN_DIR`.
//!
//! A script calls exports with vectors and references and compares what comes back; Twinwall's public API passes
//! scalars. So each assertion becomes a function of the module it is about, which calls, compares inside WebAssembly
//! and returns 1 or 0. `OUT_DIR` gets the modules and what to do with them, `OWN_DIR` holds further scripts, the suite
//! `own`, which test the tests.

mod assemble;
mod effects;
mod error;
mod facts;
mod instance;
mod lines;
mod links;
mod output;
mod parse;
mod script;
mod sections;
mod skip;
mod suites;
mod values;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use crate::error::Error;
use crate::output::{OffRecord, Output, SuiteRecord};
use crate::parse::modules_that_need_more;
use crate::script::convert;
use crate::suites::{Suite, off_suites, own_suite, suites};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [directory, own] = arguments.as_slice() else {
        eprintln!("usage: twinwall-tool-spec-tests OUT_DIR OWN_DIR");
        return ExitCode::from(2);
    };
    match convert_all(Path::new(directory), Path::new(own)) {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("spec-tests: {error}");
            ExitCode::FAILURE
        }
    }
}

fn convert_all(directory: &Path, own: &Path) -> Result<String, Error> {
    let mut output = Output::default();
    for suite in suites().into_iter().chain([own_suite(own)?]) {
        let record = convert_suite(&suite, &mut output)?;
        output.add_suite(record);
    }
    for suite in off_suites() {
        let record = off_record(&suite, &mut output)?;
        output.add_off(record);
    }
    output.write(directory)?;
    Ok(output.summary())
}

fn convert_suite(suite: &Suite, output: &mut Output) -> Result<SuiteRecord, Error> {
    let files = suite.files.iter().map(|file| convert(file, suite.features, output));
    Ok(SuiteRecord {
        name: suite.name.to_owned(),
        title: suite.title.to_owned(),
        files: files.collect::<Result<_, _>>()?,
    })
}

fn off_record(suite: &Suite, output: &mut Output) -> Result<OffRecord, Error> {
    let mut modules = BTreeSet::new();
    for file in &suite.files {
        modules.extend(modules_that_need_more(file)?.into_iter().map(|module| output.module(module)));
    }
    Ok(OffRecord {
        name: suite.name.to_owned(),
        title: suite.title.to_owned(),
        modules: modules.into_iter().collect(),
    })
}
