#![no_main]

kernels::export!(bytecode);
