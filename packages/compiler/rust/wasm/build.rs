//! Link arguments of the WebAssembly build.

/// Cranelift recurses over expression trees; the default of 1 MiB is tight for generated modules.
const STACK_BYTES: u32 = 4 << 20;

/// No instance grows past this, whatever limit its caller asks for.
const MAX_MEMORY_BYTES: u32 = 2 << 30;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() == Ok("wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size={STACK_BYTES}");
        println!("cargo::rustc-link-arg-cdylib=--max-memory={MAX_MEMORY_BYTES}");
    }
}
