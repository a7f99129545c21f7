//! Sets `cfg(kvm)` where tests can use the hypervisor, so that they are reported as ignored, with the reason, elsewhere.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(kvm)");
    println!("cargo::rerun-if-changed=/dev/kvm");
    if std::fs::OpenOptions::new().read(true).write(true).open("/dev/kvm").is_ok() {
        println!("cargo::rustc-cfg=kvm");
    }
}
