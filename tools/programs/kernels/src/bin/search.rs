#![no_main]

kernels::export!(search);
