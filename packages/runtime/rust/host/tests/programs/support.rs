//! Programs from text.

use std::sync::Arc;

use twinwall_host::{
    CallError, CompiledModule, Entry, ErrorCode, Host, HostFunction, HostShape, Image, Limits, NoHost,
    Program, ProgramOptions, ScalarType, TimeLimit,
};

use crate::compile;

const IMAGES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../artifacts/images");
pub(crate) const ECHO_IMAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../artifacts/images/echo.elf");

pub(crate) fn image() -> Arc<Image> {
    let elf = std::fs::read(format!("{IMAGES}/wasm.elf")).expect("the image");
    Arc::new(Image::load(&elf).expect("an image"))
}

pub(crate) fn module(text: &str, fuel: bool) -> CompiledModule {
    let wasm = wat::parse_str(text).expect("the text is a module");
    CompiledModule::read(&compile::artifact(&wasm, "kvm", fuel)).expect("a compiled module")
}

/// Three host functions: `log` and `count` one-way, `ask` with an answer.
pub(crate) fn options() -> ProgramOptions {
    let numbers =
        HostShape::Scalars { parameters: vec![ScalarType::I32, ScalarType::I64], results: Vec::new() };
    let host_functions = vec![
        HostFunction { name: "log".into(), shape: HostShape::Bytes, deferred: true },
        HostFunction { name: "count".into(), shape: numbers, deferred: true },
        HostFunction { name: "ask".into(), shape: HostShape::Bytes, deferred: false },
    ];
    ProgramOptions { host_functions, ..ProgramOptions::default() }
}

pub(crate) fn limited(limits: Limits) -> ProgramOptions {
    ProgramOptions { limits, ..options() }
}

pub(crate) fn program(text: &str, options: &ProgramOptions) -> Program {
    Program::boot(image(), &module(text, false), options, &mut NoHost).expect("the module boots")
}

/// Boots what must not boot.
pub(crate) fn fails<Value>(
    text: &str,
    options: &ProgramOptions,
    judge: impl FnOnce(CallError) -> Value,
) -> Value {
    let booted = Program::boot(image(), &module(text, false), options, &mut NoHost);
    judge(booted.expect_err("the module must not boot"))
}

/// A host that keeps what it is told.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) records: Vec<(u32, Vec<u8>)>,
}

impl Host for Recorder {
    fn call(&mut self, function: u32, arguments: &[u8], _limit: TimeLimit) -> Result<Vec<u8>, ErrorCode> {
        assert_eq!(function, 2);
        Ok([b"answer to ", arguments].concat())
    }

    fn record(&mut self, entry: Entry<'_>, _limit: TimeLimit) {
        self.records.push((entry.function, entry.data.to_vec()));
    }
}
