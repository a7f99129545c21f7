//! Sets `cfg(kvm)` where tests can use the hypervisor, so that they are reported as ignored, with the reason, elsewhere.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(kvm)");
    println!("cargo::rerun-if-changed=/dev/kvm");
    println!("cargo::rerun-if-env-changed=TWINWALL_ASSUME_KVM");
    let opens = std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok();
    // Tests that are built here and run in another machine.
    if opens || std::env::var_os("TWINWALL_ASSUME_KVM").is_some() {
        println!("cargo::rustc-cfg=kvm");
    }
}
