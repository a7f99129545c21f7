//! Random bytes, from a generator that the host seeds freshly for each call.

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The generator of the current call. It is set up when the call first asks for random bytes.
#[derive(Debug, Default)]
pub(crate) struct Random {
    generator: Option<ChaCha20Rng>,
}

impl Random {
    /// Forgets the generator of the call before.
    #[inline]
    pub(crate) fn begin(&mut self) {
        if self.generator.is_some() {
            self.generator = None;
        }
    }

    /// Fills `bytes`; `seed` is asked for once in each call.
    pub(crate) fn fill(&mut self, bytes: &mut [u8], seed: impl FnOnce() -> [u8; 32]) {
        self.generator.get_or_insert_with(|| ChaCha20Rng::from_seed(seed())).fill_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(random: &mut Random, seed: u8) -> [u8; 40] {
        let mut bytes = [0; 40];
        random.fill(&mut bytes, || [seed; 32]);
        bytes
    }

    #[test]
    fn one_seed_serves_one_call() {
        let mut random = Random::default();
        let first = draw(&mut random, 1);
        let second = draw(&mut random, 1);
        assert_ne!(first, second);
        random.begin();
        assert_eq!(draw(&mut random, 1), first);
        random.begin();
        assert_ne!(draw(&mut random, 2), first);
    }
}
