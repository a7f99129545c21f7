#![no_main]

kernels::export!(base64);
