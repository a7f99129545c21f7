//! Compute kernels of the benchmark. Each takes the size of its work and returns a checksum of what it computed,
//! so that no engine can leave the work out, and a wrong result is seen.

pub mod base64;
pub mod bytecode;
pub mod crc32;
pub mod fib;
pub mod json;
pub mod lz4;
pub mod mandelbrot;
pub mod matrix;
pub mod mixed;
pub mod nbody;
pub mod random;
pub mod regex;
pub mod search;
pub mod sha256;
pub mod sieve;
pub mod sort;

/// Exports a kernel from its module as `run(i32) -> i64`.
#[macro_export]
macro_rules! export {
    ($kernel:ident) => {
        /// The kernel: takes the size of its work, returns a checksum.
        #[unsafe(no_mangle)]
        pub extern "C" fn run(size: i32) -> i64 {
            $crate::$kernel::run(size.unsigned_abs())
        }
    };
}

/// Adds a value to a checksum that depends on the order of the values (FNV-1a on 64-bit words).
pub fn fold(checksum: u64, value: u64) -> u64 {
    (checksum ^ value).wrapping_mul(0x0000_0100_0000_01b3)
}

/// The checksum of no values.
pub const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// The checksum of bytes, eight at a time.
pub fn fold_bytes(bytes: &[u8]) -> u64 {
    bytes.chunks(8).fold(EMPTY, |checksum, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        fold(checksum, u64::from_le_bytes(word))
    })
}
