#![no_main]

kernels::export!(sha256);
