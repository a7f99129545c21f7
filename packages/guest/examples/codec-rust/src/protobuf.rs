//! Protocol Buffers, by prost: these are the messages of `words.proto`.

use prost::Message;
use twinwall::{Failure, function};

use crate::{count_words, malformed};

#[derive(Message)]
struct Text {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(uint32, tag = "2")]
    most: u32,
}

#[derive(Message)]
struct Count {
    #[prost(string, tag = "1")]
    word: String,
    #[prost(uint32, tag = "2")]
    times: u32,
}

#[derive(Message)]
struct Counts {
    #[prost(message, repeated, tag = "1")]
    counts: Vec<Count>,
}

#[function]
fn count_protobuf(input: &[u8]) -> Result<Vec<u8>, Failure> {
    let Text { text, most } = Text::decode(input).map_err(malformed)?;
    let counts = count_words(&text, most)?;
    let counts = counts.into_iter().map(|(word, times)| Count { word: word.to_owned(), times }).collect();
    Ok(Counts { counts }.encode_to_vec())
}
