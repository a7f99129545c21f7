//! The FlatBuffer around an image.
//!
//! All frames made here have the same head, so making one is writing that head and a length.

use flatbuffers::InvalidFlatbuffer;

use crate::generated::twinwall::abi::Values;

/// Bytes in front of an image; a multiple of 8, so that an image is aligned where its frame is.
const HEAD: usize = 32;

/// Where the head says how many bytes the image has.
const LENGTH: usize = HEAD - 4;

/// The head of a frame whose image is empty.
pub const VALUES_PREFIX: [u8; HEAD] = {
    // The table's position; the file identifier; padding; the virtual table (its size, the table's size, the field's
    // offset); the table (distance to the virtual table, distance to the vector); padding; the vector's length.
    let fields: [&[u8]; 8] = [
        &[16, 0, 0, 0],
        b"TWVA",
        &[0, 0],
        &[6, 0, 8, 0, 4, 0],
        &[6, 0, 0, 0],
        &[8, 0, 0, 0],
        &[0; 4],
        &[0; 4],
    ];
    let mut head = [0; HEAD];
    let (mut field, mut at) = (0, 0);
    while field < fields.len() {
        let mut byte = 0;
        while byte < fields[field].len() {
            head[at] = fields[field][byte];
            (byte, at) = (byte + 1, at + 1);
        }
        field += 1;
    }
    assert!(at == HEAD);
    head
};

/// What stands in front of an image of so many bytes, which are fewer than 2³².
#[inline]
pub fn frame_head(image_length: usize) -> [u8; HEAD] {
    debug_assert!(u32::try_from(image_length).is_ok());
    let mut head = VALUES_PREFIX;
    head[LENGTH..].copy_from_slice(&(image_length as u32).to_le_bytes());
    head
}

/// The image in a frame, be it one of ours or another well-formed table.
///
/// # Errors
/// When the bytes are not a well-formed table of type `Values`.
#[inline]
pub fn image(frame: &[u8]) -> Result<&[u8], InvalidFlatbuffer> {
    if let Some((head, image)) = frame.split_first_chunk::<HEAD>()
        && *head == frame_head(image.len().min(u32::MAX as usize))
    {
        return Ok(image);
    }
    flatbuffers::root::<Values<'_>>(frame).map(|values| values.image().bytes())
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;
    use flatbuffers::FlatBufferBuilder;

    use super::{HEAD, frame_head, image};
    use crate::generated::twinwall::abi::{Values, ValuesArgs};

    fn frame(image: &[u8]) -> Vec<u8> {
        [&frame_head(image.len())[..], image].concat()
    }

    #[test]
    fn other_readers_take_our_frames() {
        for length in [0, 1, 7, 8, 1000] {
            let bytes: Vec<u8> = (0..length).map(|number| number as u8).collect();
            let frame = frame(&bytes);
            assert!(flatbuffers::buffer_has_identifier(&frame, "TWVA", false));
            let values = flatbuffers::root::<Values<'_>>(&frame).expect("a well-formed table");
            assert_eq!(values.image().bytes(), bytes);
            assert_eq!(values.image().bytes().as_ptr(), frame[HEAD..].as_ptr());
            assert_eq!(image(&frame), Ok(&bytes[..]));
        }
    }

    #[test]
    fn frames_of_other_writers_are_read() {
        let mut builder = FlatBufferBuilder::new();
        let bytes = builder.create_vector(&[1_u8, 2, 3]);
        let values = Values::create(&mut builder, &ValuesArgs { image: Some(bytes) });
        builder.finish(values, Some("TWVA"));
        assert_eq!(image(builder.finished_data()), Ok(&[1, 2, 3][..]));
    }

    #[test]
    fn what_is_cut_short_or_longer_than_it_says_is_refused_or_shorter() {
        let whole = frame(&[7; 20]);
        for end in 0..whole.len() {
            assert!(image(&whole[..end]).is_err(), "{end}");
        }
        // What follows a table is not the table's.
        let longer = [&whole[..], &[9; 5]].concat();
        assert_eq!(image(&longer), Ok(&[7; 20][..]));
    }
}
