//! Matching and copying: LZ4 there and back.

use lz4_flex::block::{compress, decompress};

use crate::fold_bytes;
use crate::random::Random;

/// A checksum of `size` KiB of text compressed, or -1 when decompressing gives other bytes.
pub fn run(size: u32) -> i64 {
    let text = Random::new(10).text(size as usize * 1024).into_bytes();
    let packed = compress(&text);
    let restored = decompress(&packed, text.len());
    if restored.is_ok_and(|bytes| bytes == text) { fold_bytes(&packed) as i64 } else { -1 }
}
