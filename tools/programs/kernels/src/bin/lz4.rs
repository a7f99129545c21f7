#![no_main]

kernels::export!(lz4);
