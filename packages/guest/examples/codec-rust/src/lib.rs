//! The guest's side of codecs: one function on bytes for each way to write the same messages.

mod flat;
mod json;
mod protobuf;

use std::collections::HashMap;

use twinwall::Failure;

/// What is wrong with a request that could be read.
const NO_WORDS_WANTED: i32 = 7;
/// What is wrong with one that could not.
const MALFORMED: i32 = 8;

/// The `most` words that come most often, and how often; among equals in the order of the alphabet.
fn count_words(text: &str, most: u32) -> Result<Vec<(&str, u32)>, Failure> {
    if most == 0 {
        return Err(Failure::new(NO_WORDS_WANTED, "no words are wanted"));
    }
    let mut counts = HashMap::<&str, u32>::new();
    for word in text.split_ascii_whitespace() {
        *counts.entry(word).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_unstable_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    counts.truncate(most as usize);
    Ok(counts)
}

fn malformed(error: impl std::fmt::Display) -> Failure {
    Failure::new(MALFORMED, format!("the message cannot be read: {error}"))
}
