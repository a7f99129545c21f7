//! A program without `main` exports only what the linker is told to keep.

fn main() {
    println!("cargo::rustc-link-arg-bins=--export=run");
}
