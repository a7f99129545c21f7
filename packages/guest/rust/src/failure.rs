//! What a function fails with.

use alloc::borrow::Cow;
use alloc::string::ToString;
use core::fmt;

/// A failure of the guest's own: a number and a text, which the host sees as `E_GUEST_ERROR`.
///
/// Any error turns into one by `?`, with the code [`Failure::ERROR`] and its own text.
///
/// ```
/// use twinwall::Failure;
///
/// fn parse(text: &str) -> Result<i32, Failure> {
///     let number: i32 = text.parse()?;
///     if number < 0 {
///         return Err(Failure::new(7, "no negative numbers here"));
///     }
///     Ok(number)
/// }
///
/// assert_eq!(parse("12").map_err(|failure| failure.code()), Ok(12));
/// assert_eq!(parse("-1").map_err(|failure| failure.code()), Err(7));
/// assert_eq!(parse("x").map_err(|failure| failure.code()), Err(Failure::ERROR));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Failure {
    code: i32,
    message: Cow<'static, str>,
}

impl Failure {
    /// Code of an error that brought none.
    pub const ERROR: i32 = 1;
    /// Code of a panic.
    pub const PANIC: i32 = -1;
    /// Code of bytes that should have been text.
    pub const NOT_UTF8: i32 = -2;
    /// Code of a result that found no memory.
    pub const OUT_OF_MEMORY: i32 = -3;

    /// A failure with a code of the guest's own (this crate's are below zero) and a text, of which the host takes the
    /// first 4096 bytes.
    #[must_use]
    pub fn new(code: i32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    /// The number that the host sees as `error.guestCode`.
    #[must_use]
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The text.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (code {})", self.message, self.code)
    }
}

// Not an error itself: then this could not be said of all errors.
impl<E: core::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::new(Self::ERROR, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_keep_their_text() {
        let failure = Failure::from("x".parse::<u8>().expect_err("an error"));
        assert_eq!((failure.code(), failure.message()), (1, "invalid digit found in string"));
        assert_eq!(alloc::format!("{failure:?}"), "invalid digit found in string (code 1)");
    }
}
