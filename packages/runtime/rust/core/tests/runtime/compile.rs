//! Compiled modules for the tests.

use std::path::Path;
use std::process::Command;

#[path = "../../../test-support/compile.rs"]
mod support;

/// Compiles a binary module or component; wasmtime's form of it.
pub(crate) fn compile_binary(wasm: &[u8]) -> Vec<u8> {
    let artifact = support::artifact(wasm, "kvm", false);
    twinwall_abi::tables::artifact(&artifact).expect("an artifact").code().bytes().to_vec()
}

/// Compiles a program of the WASI tests to a component, with the toolchain of this workspace.
pub(crate) fn rust_component(name: &str) -> Vec<u8> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wasi/programs").join(name);
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("component.wasm");
    let status = Command::new("rustc")
        .args(["--target", "wasm32-wasip2", "--edition", "2024", "-O", "-C", "strip=debuginfo", "-o"])
        .arg(&output)
        .arg(source)
        .status()
        .expect("rustc runs");
    assert!(status.success(), "{name} does not compile");
    std::fs::read(output).expect("rustc wrote the component")
}

/// Compiles a module in text form for the `kvm` machine; wasmtime's form of it.
pub(crate) fn compile(text: &str, fuel: bool) -> Vec<u8> {
    let wasm = wat::parse_str(text).expect("the text is a module");
    let artifact = support::artifact(&wasm, "kvm", fuel);
    twinwall_abi::tables::artifact(&artifact).expect("an artifact").code().bytes().to_vec()
}
