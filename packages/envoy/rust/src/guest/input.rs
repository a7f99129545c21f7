//! The input of `on_data`: a byte of flags, and data behind it.

/// Where the data begins: at a multiple of this address. Copies to a place that lies a few bytes further within its page
/// than where they come from run at half the speed, and behind a byte of flags the data would always lie so.
const ALIGNMENT: usize = 64;

/// A buffer for inputs, used again and again.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    /// Where the flags lie; the data is behind them.
    flags: usize,
}

impl Input {
    /// Begins an input with room for `capacity` bytes of data; flags are 0. Returns where its data is to be appended.
    pub(crate) fn begin(&mut self, capacity: usize) -> &mut Vec<u8> {
        self.bytes.clear();
        self.bytes.reserve(capacity + ALIGNMENT);
        self.flags = ALIGNMENT - 1 - self.bytes.as_ptr() as usize % ALIGNMENT;
        self.bytes.resize(self.flags + 1, 0);
        &mut self.bytes
    }

    /// Sets the flags.
    pub(crate) fn set_flags(&mut self, flags: u8) {
        if let Some(place) = self.bytes.get_mut(self.flags) {
            *place = flags;
        }
    }

    /// Flags and data.
    pub(crate) fn whole(&self) -> &[u8] {
        self.bytes.get(self.flags..).unwrap_or_default()
    }

    /// The data.
    pub(crate) fn data(&self) -> &[u8] {
        self.whole().get(1..).unwrap_or_default()
    }

    /// Bytes of memory that it holds.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::Input;

    #[test]
    fn holds_flags_and_aligned_data() {
        let mut input = Input::default();
        assert_eq!(input.whole(), [0_u8; 0]);
        for (flags, data) in [(3, &b"some data"[..]), (0, b""), (1, &[7; 5000])] {
            input.begin(5000).extend_from_slice(data);
            input.set_flags(flags);
            assert_eq!(input.whole(), [&[flags], data].concat());
            assert_eq!(input.data(), data);
            assert_eq!(input.data().as_ptr() as usize % 64, 0);
        }
    }
}
