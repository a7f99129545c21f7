#![no_main]

kernels::export!(nbody);
