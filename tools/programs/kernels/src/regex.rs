//! Automata: a regular expression over text.

use regex::bytes::Regex;

use crate::random::Random;
use crate::{EMPTY, fold};

/// A checksum of where words and numbers are found in `size` KiB of text.
pub fn run(size: u32) -> i64 {
    let text = Random::new(5).text(size as usize * 1024);
    let Ok(pattern) = Regex::new(r"(?-u)\b(?:sn[a-z]+t|mach(?:ine)?|[0-9]{2,3})\b\s+(?:of|to|is|a)\b") else {
        return -1;
    };
    pattern
        .find_iter(text.as_bytes())
        .fold(EMPTY, |checksum, found| fold(fold(checksum, found.start() as u64), found.end() as u64))
        as i64
}
