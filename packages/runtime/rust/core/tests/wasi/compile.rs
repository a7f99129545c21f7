//! Compiled modules for the tests.

use std::path::Path;
use std::process::Command;

#[path = "../../../test-support/compile.rs"]
mod support;

/// Compiles a module for the `kvm` machine and returns wasmtime's form of it.
pub(crate) fn compile(wasm: &[u8]) -> Vec<u8> {
    let artifact = support::artifact(wasm, "kvm", false);
    twinwall_abi::tables::artifact(&artifact).expect("an artifact").code().bytes().to_vec()
}

/// Compiles a Rust source file of `programs/` to a WASI command with the toolchain of this workspace.
pub(crate) fn rust_program(name: &str) -> Vec<u8> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wasi/programs").join(name);
    let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name).with_extension("wasm");
    let status = Command::new("rustc")
        .args(["--target", "wasm32-wasip1", "--edition", "2024", "-O", "-C", "strip=debuginfo", "-o"])
        .arg(&output)
        .arg(source)
        .status()
        .expect("rustc runs");
    assert!(status.success(), "{name} does not compile");
    std::fs::read(output).expect("rustc wrote the program")
}
