//! Scanning: a string looked for in text.

use memchr::memmem::Finder;

use crate::random::Random;
use crate::{EMPTY, fold};

/// A checksum of where three strings are in `size` KiB of text.
pub fn run(size: u32) -> i64 {
    let text = Random::new(9).text(size as usize * 1024);
    ["machine of", "snapshot and the", "never there"].iter().fold(EMPTY, |checksum, word| {
        Finder::new(word).find_iter(text.as_bytes()).fold(checksum, |sum, at| fold(sum, at as u64))
    }) as i64
}
