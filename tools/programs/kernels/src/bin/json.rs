#![no_main]

kernels::export!(json);
