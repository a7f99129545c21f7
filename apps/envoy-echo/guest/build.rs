//! Linker settings: a small stack and no spare pages. The whole guest is one page, so that putting
//! it back after a call is cheap.

fn main() {
    println!("cargo:rustc-link-arg=-zstack-size=8192");
    println!("cargo:rustc-link-arg=--initial-memory=65536");
    println!("cargo:rerun-if-changed=build.rs");
}
