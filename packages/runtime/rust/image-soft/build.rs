//! Link arguments of the WebAssembly image.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // The host makes the memory, with a maximum of its own choice.
    println!("cargo:rustc-link-arg-cdylib=--import-memory");
    // Of Rust's functions; WebAssembly that is interpreted has a stack of its own. It lies at the bottom, so that an
    // overflow leaves memory and traps.
    println!("cargo:rustc-link-arg-cdylib=-zstack-size=65536");
    println!("cargo:rustc-link-arg-cdylib=--stack-first");
}
