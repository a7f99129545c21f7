//! The WebAssembly runtime as an image of the KVM machine.
#![no_std]
#![no_main]

extern crate alloc;

mod kvm;

use kvm::Kvm;
use twinwall_image_support::image;

image! {
    main: twinwall_runtime_core::run::<Kvm>,
    stack: 16 << 10,
    heap: 24 << 10,
    input: 8 << 10,
    output: 8 << 10,
    outbox: 8 << 10,
}
