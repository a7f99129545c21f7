//! The example guest in Rust.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use twinwall::{Failure, function, host, init};

#[host]
extern "C" {
    /// What the host knows of a word; nothing of most.
    fn lookup(word: &str) -> String;
}

static GREETING: OnceLock<String> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);
static KEPT: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Takes the `init` data: what `greet` says.
#[init]
fn start(greeting: &str) {
    if !greeting.is_empty() {
        GREETING.get_or_init(|| greeting.into());
    }
}

/// The input in upper case, as far as it is ASCII.
#[function]
fn upper(input: &[u8]) -> Vec<u8> {
    input.to_ascii_uppercase()
}

/// The input without white space around it; it is not copied.
#[function]
fn trim(input: &[u8]) -> &[u8] {
    input.trim_ascii()
}

#[function]
fn greet(name: &str) -> String {
    format!("{}, {name}!", GREETING.get().map_or("Hello", String::as_str))
}

#[function]
fn language() -> &'static str {
    "Rust"
}

/// How many words the text has, and how many of them the host knows.
#[function]
fn count_words(text: &str) -> String {
    let words = text.split_ascii_whitespace();
    let known = words.clone().filter(|word| !lookup(word).is_empty()).count();
    format!("{} words, {known} known", words.count())
}

#[function]
fn add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

/// A number of this session's own.
#[function]
fn count() -> u32 {
    COUNT.fetch_add(1, Ordering::Relaxed) + 1
}

/// All that this session has collected.
#[function]
fn collect(more: &[u8]) -> Vec<u8> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.extend_from_slice(more);
    kept.clone()
}

/// Fails on zero.
#[function]
fn divide(dividend: i32, divisor: i32) -> Result<i32, Failure> {
    if divisor == 0 {
        return Err(Failure::new(7, "division by zero"));
    }
    Ok(dividend.wrapping_div(divisor))
}

/// Fails with the input as the reason.
#[function]
fn refuse(reason: &str) -> Result<Vec<u8>, Failure> {
    Err(Failure::new(42, String::from(reason)))
}

/// So many zero bytes.
#[function]
fn zeros(number: &str) -> Result<Vec<u8>, Failure> {
    let mut zeros = Vec::new();
    let length = number.parse()?;
    zeros.try_reserve_exact(length)?;
    zeros.resize(length, 0);
    Ok(zeros)
}

/// A mistake: it panics on an empty text.
#[function]
fn crash(text: &str) -> String {
    assert!(!text.is_empty(), "there is no text");
    text.into()
}
