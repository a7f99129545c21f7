#![no_main]

kernels::export!(sieve);
