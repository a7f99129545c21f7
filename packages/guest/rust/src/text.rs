//! A text of bounded length that needs no allocator.

use core::fmt;

/// At most `N` bytes of UTF-8; what is written beyond is left out.
pub(crate) struct Text<const N: usize> {
    bytes: [u8; N],
    length: usize,
    /// Nothing is appended any more, so that what is there is a beginning of what was written.
    full: bool,
}

impl<const N: usize> Text<N> {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; N], length: 0, full: false }
    }

    pub(crate) fn as_str(&self) -> &str {
        let written = self.bytes.get(..self.length).unwrap_or_default();
        core::str::from_utf8(written).unwrap_or_default()
    }
}

impl<const N: usize> fmt::Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = N - self.length;
        let fitting = if self.full { 0 } else { text.floor_char_boundary(room) };
        self.full |= fitting < text.len();
        let end = self.length + fitting;
        if let (Some(place), Some(part)) = (self.bytes.get_mut(self.length..end), text.get(..fitting)) {
            place.copy_from_slice(part.as_bytes());
            self.length = end;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use core::fmt::Write;

    use super::*;

    #[test]
    fn a_long_text_is_cut_between_characters() {
        let mut text = Text::<8>::new();
        write!(text, "abcdef-").and_then(|()| write!(text, "é")).expect("writing does not fail");
        assert_eq!(text.as_str(), "abcdef-");
        write!(text, "z").expect("writing does not fail");
        assert_eq!(text.as_str(), "abcdef-");
    }

    #[test]
    fn a_short_text_is_kept() {
        let mut text = Text::<8>::new();
        write!(text, "{}", 12_345_678).expect("writing does not fail");
        assert_eq!(text.as_str(), "12345678");
    }
}
