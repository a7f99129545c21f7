//! Tables and bytes: base64 there and back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::fold_bytes;
use crate::random::Random;

/// A checksum of `size` KiB in base64, or -1 when decoding gives other bytes.
pub fn run(size: u32) -> i64 {
    let bytes = Random::new(7).bytes(size as usize * 1024);
    let text = STANDARD.encode(&bytes);
    if STANDARD.decode(&text).is_ok_and(|decoded| decoded == bytes) {
        fold_bytes(text.as_bytes()) as i64
    } else {
        -1
    }
}
