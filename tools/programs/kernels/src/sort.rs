//! Unpredictable branches and memory: sorting random numbers.

use crate::random::Random;
use crate::{EMPTY, fold};

/// A checksum of `size` random numbers in order.
pub fn run(size: u32) -> i64 {
    let mut random = Random::new(2);
    let mut numbers: Vec<u32> = (0..size).map(|_| random.next_u32()).collect();
    numbers.sort_unstable();
    numbers.iter().fold(EMPTY, |checksum, &number| fold(checksum, u64::from(number))) as i64
}
