//! Numbers that pass the wall as they are.

use crate::Failure;

/// A number that a function or a host function can take and return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a scalar",
    label = "not a scalar",
    note = "scalars are `i32`, `u32`, `i64`, `u64`, `f32`, `f64` and `bool`"
)]
pub trait Scalar: Sized {
    /// What it is at the wall: a number of WebAssembly.
    type Raw;

    /// From the other side.
    fn from_raw(raw: Self::Raw) -> Self;

    /// To the other side.
    fn into_raw(self) -> Self::Raw;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Scalar for $number {
            type Raw = Self;

            #[inline]
            fn from_raw(raw: Self) -> Self {
                raw
            }

            #[inline]
            fn into_raw(self) -> Self {
                self
            }
        }
    )*};
}

numbers!(i32 u32 i64 u64 f32 f64);

// Rust relies on a `bool` being 0 or 1; the other side may send any number.
impl Scalar for bool {
    type Raw = u32;

    #[inline]
    fn from_raw(raw: u32) -> Self {
        raw != 0
    }

    #[inline]
    fn into_raw(self) -> u32 {
        self.into()
    }
}

/// What a function on scalars can return.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the result of a function on scalars",
    label = "not a scalar",
    note = "results are `i32`, `u32`, `i64`, `u64`, `f32`, `f64`, `bool`, `()`, or a `Result` of these whose error \
            is `Failure` or implements `Error`"
)]
pub trait ScalarReply {
    /// What it is at the wall.
    type Raw;

    /// The number, or the failure.
    fn into_reply(self) -> Result<Self::Raw, Failure>;
}

impl<T: Scalar> ScalarReply for T {
    type Raw = T::Raw;

    #[inline]
    fn into_reply(self) -> Result<T::Raw, Failure> {
        Ok(self.into_raw())
    }
}

impl ScalarReply for () {
    type Raw = ();

    #[inline]
    fn into_reply(self) -> Result<(), Failure> {
        Ok(())
    }
}

impl<T: ScalarReply, E: Into<Failure>> ScalarReply for Result<T, E> {
    type Raw = T::Raw;

    #[inline]
    fn into_reply(self) -> Result<T::Raw, Failure> {
        self.map_err(Into::into)?.into_reply()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bool_is_any_number_but_zero() {
        assert!(bool::from_raw(2));
        assert!(!bool::from_raw(0));
        assert_eq!(true.into_raw(), 1);
    }

    #[test]
    fn results_are_numbers_nothing_or_failures() {
        assert_eq!(5_u64.into_reply(), Ok(5));
        assert_eq!(().into_reply(), Ok(()));
        assert_eq!(Ok::<bool, Failure>(true).into_reply(), Ok(1));
        let failure = Failure::new(9, "no");
        assert_eq!(Err::<i32, _>(failure.clone()).into_reply(), Err(failure));
    }
}
