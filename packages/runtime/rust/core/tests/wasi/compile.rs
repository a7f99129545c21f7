//! Compiled modules for the tests.
//!
//! One process cannot hold wasmtime with std (the compiler) and without (the guest), so the compiler is a program.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The native compiler; built by cargo where it is not up to date.
fn compiler() -> &'static Path {
    static COMPILER: OnceLock<PathBuf> = OnceLock::new();
    COMPILER.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target directory");
        let built = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--quiet", "--profile", "compiler", "-p", "twinwall-compiler-native"])
            .arg("--manifest-path")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../Cargo.toml"))
            .arg("--target-dir")
            .arg(target)
            .status()
            .expect("cargo runs");
        assert!(built.success(), "the native compiler does not build");
        target.join("compiler/twinwall-compiler-native")
    })
}

/// Compiles a module for the `kvm` machine and returns wasmtime's form of it.
pub(crate) fn compile(wasm: &[u8]) -> Vec<u8> {
    let mut child = Command::new(compiler())
        .args(["--machine", "kvm"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the compiler runs");
    // The compiler reads all of its input before it writes, so this cannot block for ever.
    child.stdin.take().expect("a pipe").write_all(wasm).expect("the compiler reads");
    let output = child.wait_with_output().expect("the compiler ends");
    assert!(output.status.success(), "the compiler refuses the module");
    let artifact = twinwall_abi::tables::artifact(&output.stdout).expect("an artifact");
    artifact.code().bytes().to_vec()
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
