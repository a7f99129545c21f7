#![no_main]

kernels::export!(fib);
