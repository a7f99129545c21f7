//! What functions on bytes return, and what comes back from host functions.

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::Failure;
use crate::input::not_utf8;

/// What a function on bytes can return. `'a` is the lifetime of its input.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a function on bytes",
    label = "not a type of result",
    note = "results are bytes or text (`Vec<u8>`, `String`, `&[u8]`, `&str`, …), `()`, or a `Result` of these \
            whose error is `Failure` or implements `Error`"
)]
pub trait Reply<'a> {
    /// The bytes, or the failure.
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure>;
}

impl<'a> Reply<'a> for () {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Borrowed(&[]))
    }
}

impl<'a> Reply<'a> for Vec<u8> {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Owned(self))
    }
}

impl<'a> Reply<'a> for String {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Owned(self.into_bytes()))
    }
}

impl<'a> Reply<'a> for Box<[u8]> {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Owned(self.into_vec()))
    }
}

impl<'a> Reply<'a> for Box<str> {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Owned(self.into_string().into_bytes()))
    }
}

impl<'a> Reply<'a> for &'a [u8] {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a> Reply<'a> for &'a str {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Borrowed(self.as_bytes()))
    }
}

impl<'a, const N: usize> Reply<'a> for [u8; N] {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Owned(self.into()))
    }
}

impl<'a, const N: usize> Reply<'a> for &'a [u8; N] {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(Cow::Borrowed(self))
    }
}

impl<'a> Reply<'a> for Cow<'a, [u8]> {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(self)
    }
}

impl<'a> Reply<'a> for Cow<'a, str> {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        Ok(match self {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }
}

impl<'a, T: Reply<'a>, E: Into<Failure>> Reply<'a> for Result<T, E> {
    fn into_reply(self) -> Result<Cow<'a, [u8]>, Failure> {
        self.map_err(Into::into)?.into_reply()
    }
}

/// What an init function can return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of an init function",
    label = "not `()` or `Result<(), _>`"
)]
pub trait Done {
    /// Success, or the failure.
    fn into_done(self) -> Result<(), Failure>;
}

impl Done for () {
    fn into_done(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<E: Into<Failure>> Done for Result<(), E> {
    fn into_done(self) -> Result<(), Failure> {
        self.map_err(Into::into)
    }
}

/// What a host function on bytes can answer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the answer of a host function on bytes",
    label = "not a type of answer",
    note = "answers are `Vec<u8>`, `String` and `()`"
)]
pub trait Answer: Sized {
    /// Reads the host's answer.
    fn read(answer: Vec<u8>) -> Result<Self, Failure>;
}

impl Answer for Vec<u8> {
    fn read(answer: Vec<u8>) -> Result<Self, Failure> {
        Ok(answer)
    }
}

impl Answer for String {
    fn read(answer: Vec<u8>) -> Result<Self, Failure> {
        String::from_utf8(answer).map_err(|error| not_utf8("the host's answer", error.utf8_error()))
    }
}

impl Answer for () {
    fn read(_: Vec<u8>) -> Result<Self, Failure> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_borrowed_stays_borrowed() {
        let input = b"input".as_slice();
        assert!(matches!(input.into_reply(), Ok(Cow::Borrowed(bytes)) if bytes.as_ptr() == input.as_ptr()));
        assert!(matches!("text".into_reply(), Ok(Cow::Borrowed(b"text"))));
        assert!(matches!(Cow::Borrowed("text").into_reply(), Ok(Cow::Borrowed(b"text"))));
        assert!(matches!(String::from("text").into_reply(), Ok(Cow::Owned(_))));
        assert!(matches!([1, 2].into_reply(), Ok(Cow::Owned(_))));
        assert!(matches!(().into_reply(), Ok(Cow::Borrowed([]))));
    }

    #[test]
    fn errors_become_failures() {
        let reply: Result<Vec<u8>, core::fmt::Error> = Err(core::fmt::Error);
        assert_eq!(reply.into_reply().expect_err("a failure").code(), Failure::ERROR);
        let done: Result<(), Failure> = Err(Failure::new(3, "no"));
        assert_eq!(done.into_done(), Err(Failure::new(3, "no")));
    }

    #[test]
    fn answers_that_should_be_text_are_checked() {
        assert_eq!(String::read(b"text".into()), Ok(String::from("text")));
        assert_eq!(String::read(b"\xc3".into()).expect_err("no text").code(), Failure::NOT_UTF8);
    }
}
