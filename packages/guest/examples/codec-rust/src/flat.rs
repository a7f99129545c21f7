//! FlatBuffers: `generated/` is what flatc makes of `words.fbs`.

#[expect(warnings, reason = "it is generated")]
#[path = "generated/words_generated.rs"]
mod generated;

use flatbuffers::FlatBufferBuilder;
use twinwall::{Failure, function};

use self::generated::words::{Count, CountArgs, Counts, CountsArgs, root_as_text};
use crate::{count_words, malformed};

#[function]
fn count_flatbuffers(input: &[u8]) -> Result<Vec<u8>, Failure> {
    // It verifies: what comes from outside is not to be believed on this side either.
    let request = root_as_text(input).map_err(malformed)?;
    let counts = count_words(request.text(), request.most())?;
    let mut builder = FlatBufferBuilder::new();
    let counts: Vec<_> = counts
        .into_iter()
        .map(|(word, times)| {
            let word = Some(builder.create_string(word));
            Count::create(&mut builder, &CountArgs { word, times })
        })
        .collect();
    let counts = Some(builder.create_vector(&counts));
    let root = Counts::create(&mut builder, &CountsArgs { counts });
    builder.finish_minimal(root);
    Ok(builder.finished_data().to_vec())
}
