//! A reproducible source of test data.

/// A linear congruential generator modulo 2^64 (multiplier of Knuth's MMIX); only the high bits are used.
pub struct Random(u64);

impl Random {
    /// A generator that gives the same values for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 32 random bits.
    pub fn next_u32(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as u32
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u32) -> u32 {
        ((u64::from(self.next_u32()) * u64::from(limit)) >> 32) as u32
    }

    /// A number in [0, 1).
    pub fn fraction(&mut self) -> f64 {
        f64::from(self.next_u32()) / 4_294_967_296.0
    }

    /// Random bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.next_u32() >> 24) as u8).collect()
    }

    /// English-like words parted by spaces and line ends, at least `length` bytes.
    pub fn text(&mut self, length: usize) -> String {
        const WORDS: [&str; 16] = [
            "the", "machine", "of", "a", "guest", "returns", "to", "its", "snapshot", "and", "page", "is",
            "written", "in", "memory", "again",
        ];
        let mut text = String::with_capacity(length + 16);
        while text.len() < length {
            text.push_str(WORDS[self.below(16) as usize]);
            match self.below(12) {
                0 => text.push('\n'),
                1 => text.push_str(&format!(" {} ", self.below(10_000))),
                _ => text.push(' '),
            }
        }
        text
    }
}
