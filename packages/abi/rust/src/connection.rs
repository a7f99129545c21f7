//! What a connection guest's function `on_data` takes and returns: one byte of flags, then data.

/// Most bytes of data in one call of `on_data`: longer chunks are handed over in pieces.
pub const MAX_CHUNK_BYTES: usize = 64 << 10;

/// Name of the bytes function that a connection guest exports.
pub const ON_DATA: &str = "on_data";

/// The same as a function of a native image, whose functions have numbers only.
pub const ON_DATA_FUNCTION: u32 = 1;

const TOWARDS_CLIENT: u8 = 1;
const END_OF_STREAM: u8 = 2;
const CLOSE: u8 = 1;

/// Flags that are missing, or of which some mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadFlags;

/// Part of the data of one direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// From the upstream to the client; else from the client to the upstream.
    pub towards_client: bool,
    /// Nothing follows in this direction.
    pub end_of_stream: bool,
    /// The data.
    pub data: &'a [u8],
}

/// What a connection guest returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed<'a> {
    /// Close the connection once the data has been passed on.
    pub close: bool,
    /// The data to pass on.
    pub data: &'a [u8],
}

/// The flags byte of a chunk.
#[must_use]
pub const fn chunk_flags(towards_client: bool, end_of_stream: bool) -> u8 {
    (if towards_client { TOWARDS_CLIENT } else { 0 }) | (if end_of_stream { END_OF_STREAM } else { 0 })
}

impl<'a> Chunk<'a> {
    /// Reads the input of `on_data`, or the arguments of the host function `write`.
    ///
    /// # Errors
    /// [`BadFlags`] when there is no flags byte, or bits in it that mean nothing.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadFlags> {
        let (flags, data) = split(bytes, TOWARDS_CLIENT | END_OF_STREAM)?;
        Ok(Self {
            towards_client: flags & TOWARDS_CLIENT != 0,
            end_of_stream: flags & END_OF_STREAM != 0,
            data,
        })
    }
}

impl<'a> Passed<'a> {
    /// Reads the result of `on_data`.
    ///
    /// # Errors
    /// [`BadFlags`] when there is no flags byte, or bits in it that mean nothing.
    pub fn read(bytes: &'a [u8]) -> Result<Self, BadFlags> {
        let (flags, data) = split(bytes, CLOSE)?;
        Ok(Self { close: flags & CLOSE != 0, data })
    }
}

fn split(bytes: &[u8], known: u8) -> Result<(u8, &[u8]), BadFlags> {
    match bytes.split_first() {
        Some((&flags, data)) if flags & !known == 0 => Ok((flags, data)),
        _ => Err(BadFlags),
    }
}
