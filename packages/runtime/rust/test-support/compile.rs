//! Compiled modules for the tests of several crates, which include this file by its path.
//!
//! The compiler needs wasmtime with std and the guest is wasmtime without: one process cannot hold both, so the
//! compiler is a program of its own.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The native compiler; cargo builds it where it is not up to date.
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

/// Compiles a module; the bytes of a `.cwasm` file.
pub(crate) fn artifact(wasm: &[u8], machine: &str, fuel: bool) -> Vec<u8> {
    let mut command = Command::new(compiler());
    command.args(["--machine", machine]).stdin(Stdio::piped()).stdout(Stdio::piped());
    if fuel {
        command.arg("--fuel");
    }
    let mut child = command.spawn().expect("the compiler runs");
    // The compiler reads all of its input before it writes, so this cannot block for ever.
    child.stdin.take().expect("a pipe").write_all(wasm).expect("the compiler reads");
    let output = child.wait_with_output().expect("the compiler ends");
    assert!(output.status.success(), "the compiler refuses the module");
    output.stdout
}
