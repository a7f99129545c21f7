#![no_main]

kernels::export!(matrix);
