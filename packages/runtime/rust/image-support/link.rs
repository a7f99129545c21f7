// The build script of every image: link arguments of a freestanding, statically placed program.

fn main() {
    let script = "../image-support/image.ld";
    println!("cargo:rerun-if-changed={script}");
    println!("cargo:rerun-if-changed=../image-support/link.rs");
    println!("cargo:rerun-if-changed=build.rs");
    let here = std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    for argument in [
        "-nostartfiles",
        "-nostdlib",
        "-static",
        "-no-pie",
        "-Wl,--build-id=none",
        "-Wl,-z,norelro",
        "-Wl,-z,max-page-size=4096",
        "-Wl,--gc-sections",
        "-Wl,--strip-debug",
        "-Wl,--orphan-handling=error",
    ] {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rustc-link-arg-bins=-Wl,-T,{here}/{script}");
}
