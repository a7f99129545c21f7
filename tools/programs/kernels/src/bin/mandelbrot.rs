#![no_main]

kernels::export!(mandelbrot);
