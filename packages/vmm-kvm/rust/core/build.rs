//! Sets `cfg(kvm)` where tests can use the hypervisor, so that they are reported as ignored, with the reason, elsewhere.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(kvm)");
    println!("cargo::rerun-if-changed=/dev/kvm");
    println!("cargo::rerun-if-env-changed=TWINWALL_ASSUME_KVM");
    let opens = std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
    // Tests that are built here and run in another machine, where the repository is not.
    println!("cargo::rustc-check-cfg=cfg(elsewhere)");
    let elsewhere = std::env::var_os("TWINWALL_ASSUME_KVM").is_some();
    if elsewhere {
        println!("cargo::rustc-cfg=elsewhere");
    }
    if opens || elsewhere {
        println!("cargo::rustc-cfg=kvm");
    }
    // The images of the runtime, where they have been built.
    println!("cargo::rustc-check-cfg=cfg(images)");
    let images = "../../../runtime/artifacts/images";
    let all = ["echo.elf", "wasm.elf"].map(|name| format!("{images}/{name}"));
    for image in &all {
        println!("cargo::rerun-if-changed={image}");
    }
    if all.iter().all(|image| std::path::Path::new(image).exists()) {
        println!("cargo::rustc-cfg=images");
    }
}
