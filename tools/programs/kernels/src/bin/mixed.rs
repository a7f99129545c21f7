#![no_main]

kernels::export!(mixed);
