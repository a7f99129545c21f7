#![no_main]

kernels::export!(regex);
