//! All kernels but the regular expression in one module: its size makes it the sample for the time of compiling.

use crate::{
    EMPTY, base64, bytecode, crc32, fib, fold, json, lz4, mandelbrot, matrix, nbody, search, sha256,
};
use crate::{sieve, sort};

/// A checksum of the results of all kernels, each with `size` as the size of its work.
pub fn run(size: u32) -> i64 {
    let kernels = [
        base64::run,
        bytecode::run,
        crc32::run,
        fib::run,
        json::run,
        lz4::run,
        mandelbrot::run,
        matrix::run,
        nbody::run,
        search::run,
        sha256::run,
        sieve::run,
        sort::run,
    ];
    kernels.iter().fold(EMPTY, |checksum, kernel| fold(checksum, kernel(size) as u64)) as i64
}
