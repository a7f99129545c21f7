//! Sizes and times as text, as the TypeScript side reads them: `16MiB`, `50ms`.

use std::time::Duration;

/// Largest whole number that the TypeScript side can hold, too.
const LARGEST: u64 = (1 << 53) - 1;

/// Text that is no size, or no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadQuantity {
    /// Not a size.
    #[error("no size; give digits with B, KiB, MiB or GiB, such as \"16MiB\"")]
    Size,
    /// Not a time.
    #[error("no time; give digits with us, ms or s, such as \"50ms\"")]
    Duration,
}

/// Reads a size in bytes: digits with `B`, `KiB`, `MiB` or `GiB`.
///
/// # Errors
/// [`BadQuantity::Size`] for anything else.
///
/// ```
/// assert_eq!(twinwall_host::parse_size("16MiB"), Ok(16 << 20));
/// ```
pub fn parse_size(text: &str) -> Result<u64, BadQuantity> {
    let units = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("B", 1)];
    parse(text, &units).ok_or(BadQuantity::Size)
}

/// Reads a time: digits with `us`, `ms` or `s`. Zero is none.
///
/// # Errors
/// [`BadQuantity::Duration`] for anything else.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(twinwall_host::parse_duration("50ms"), Ok(Duration::from_millis(50)));
/// ```
pub fn parse_duration(text: &str) -> Result<Duration, BadQuantity> {
    let units = [("us", 1), ("ms", 1000), ("s", 1_000_000)];
    match parse(text, &units) {
        Some(microseconds) if microseconds > 0 => Ok(Duration::from_micros(microseconds)),
        _ => Err(BadQuantity::Duration),
    }
}

/// The number in front of the first unit that fits, times what that unit stands for.
fn parse(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (digits, factor) =
        units.iter().find_map(|(unit, factor)| text.strip_suffix(unit).map(|digits| (digits, factor)))?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(*factor).filter(|&number| number <= LARGEST)
}
