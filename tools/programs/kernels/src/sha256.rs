//! Integer arithmetic in registers: SHA-256.

use sha2::{Digest, Sha256};

use crate::random::Random;

/// The first eight bytes, big endian, of the hash of `size` KiB of random bytes.
pub fn run(size: u32) -> i64 {
    let digest = Sha256::digest(Random::new(1).bytes(size as usize * 1024));
    digest[..8].iter().fold(0, |number, &byte| number << 8 | i64::from(byte))
}
