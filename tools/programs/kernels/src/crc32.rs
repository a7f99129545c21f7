//! Table lookups: CRC-32 as in gzip.

use crate::random::Random;

/// The CRC-32 of `size` KiB of random bytes.
pub fn run(size: u32) -> i64 {
    i64::from(crc32fast::hash(&Random::new(8).bytes(size as usize * 1024)))
}
