//! Tells the crate where the built image of the Wasm runtime lies, which it carries inside.

use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    let image = concat!(env!("CARGO_MANIFEST_DIR"), "/../../runtime/artifacts/images/wasm.elf");
    println!("cargo::rerun-if-changed={image}");
    let image = if Path::new(image).exists() { image.into() } else { nothing() };
    println!("cargo::rustc-env=TWINWALL_IMAGE={}", image.display());
}

/// An empty file, for lints and tests where the image is not built: a module with it refuses every configuration.
fn nothing() -> PathBuf {
    println!(
        "cargo::warning=the Wasm runtime's image is not built: `pnpm --filter @twinwall/runtime build:rust`"
    );
    let file = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("no-image");
    if let Err(error) = fs::write(&file, []) {
        println!("cargo::error={}: {error}", file.display());
    }
    file
}
