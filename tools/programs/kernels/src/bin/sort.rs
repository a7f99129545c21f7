#![no_main]

kernels::export!(sort);
