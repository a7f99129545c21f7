//! JSON, as any format of one's own.

use serde::{Deserialize, Serialize};
use twinwall::{Failure, function};

use crate::{count_words, malformed};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text<'json> {
    // Where it needs no unescaping it stays where it is.
    #[serde(borrow)]
    text: std::borrow::Cow<'json, str>,
    most: u32,
}

#[derive(Serialize)]
struct Counts<'text> {
    counts: Vec<Count<'text>>,
}

#[derive(Serialize)]
struct Count<'text> {
    word: &'text str,
    times: u32,
}

#[function]
fn count_json(input: &[u8]) -> Result<Vec<u8>, Failure> {
    let request: Text<'_> = serde_json::from_slice(input).map_err(malformed)?;
    let counts = count_words(&request.text, request.most)?;
    let counts = counts.into_iter().map(|(word, times)| Count { word, times }).collect();
    serde_json::to_vec(&Counts { counts }).map_err(malformed)
}
