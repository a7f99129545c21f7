#![no_main]

kernels::export!(crc32);
