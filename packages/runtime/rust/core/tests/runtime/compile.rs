//! Compiled modules for the tests.

#[path = "../../../test-support/compile.rs"]
mod support;

/// Compiles a module in text form for the `kvm` machine; wasmtime's form of it.
pub(crate) fn compile(text: &str, fuel: bool) -> Vec<u8> {
    let wasm = wat::parse_str(text).expect("the text is a module");
    let artifact = support::artifact(&wasm, "kvm", fuel);
    twinwall_abi::tables::artifact(&artifact).expect("an artifact").code().bytes().to_vec()
}
