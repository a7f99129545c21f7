//! What functions on bytes take.

use alloc::string::String;
use alloc::vec::Vec;

use crate::Failure;

/// Data that a function on bytes can take.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the input of a function on bytes",
    label = "not a type of input",
    note = "inputs are `&[u8]`, `&str`, `Vec<u8>` and `String`"
)]
pub trait Input<'a>: Sized {
    /// Reads the input, which stays where it is until the call has returned.
    fn read(bytes: &'a [u8]) -> Result<Self, Failure>;
}

impl<'a> Input<'a> for &'a [u8] {
    fn read(bytes: &'a [u8]) -> Result<Self, Failure> {
        Ok(bytes)
    }
}

impl<'a> Input<'a> for &'a str {
    fn read(bytes: &'a [u8]) -> Result<Self, Failure> {
        core::str::from_utf8(bytes).map_err(|error| not_utf8("the input", error))
    }
}

impl Input<'_> for Vec<u8> {
    fn read(bytes: &[u8]) -> Result<Self, Failure> {
        Ok(bytes.into())
    }
}

impl Input<'_> for String {
    fn read(bytes: &[u8]) -> Result<Self, Failure> {
        <&str>::read(bytes).map(String::from)
    }
}

/// A failure that says what is not UTF-8, and where.
#[cold]
pub(crate) fn not_utf8(what: &str, error: core::str::Utf8Error) -> Failure {
    Failure::new(Failure::NOT_UTF8, alloc::format!("{what} is not UTF-8: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_checked() {
        assert_eq!(<&str>::read("é".as_bytes()), Ok("é"));
        assert_eq!(String::read(b""), Ok(String::new()));
        let failure = String::read(b"ab\xff").expect_err("no text");
        assert_eq!(failure.code(), Failure::NOT_UTF8);
        assert_eq!(
            failure.message(),
            "the input is not UTF-8: invalid utf-8 sequence of 1 bytes from index 2"
        );
    }

    #[test]
    fn bytes_are_taken_as_they_are() {
        assert_eq!(<&[u8]>::read(b"\xff"), Ok(&b"\xff"[..]));
        assert_eq!(Vec::read(b"\xff"), Ok(alloc::vec![0xff]));
    }
}
