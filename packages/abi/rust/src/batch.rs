//! Framing of many items in one area: `count: u32, 0: u32`, then for each item `length: u32, 0: u32`, its bytes,
//! and padding to 8. All numbers are little endian.

/// A batch that does not hold what its numbers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadBatch;

/// Bytes of the head of a batch, and of the head of each item.
pub const HEAD: usize = 8;

/// Bytes that an item of `length` takes in a batch, head and padding included; `None` on overflow.
#[must_use]
pub const fn item_bytes(length: usize) -> Option<usize> {
    match length.checked_add(HEAD + 7) {
        Some(sum) => Some(sum & !7),
        None => None,
    }
}

/// Reads items one after the other; every length is checked against what is left.
#[derive(Clone, Debug)]
pub struct Items<'a> {
    rest: &'a [u8],
    left: u32,
}

impl<'a> Items<'a> {
    /// Starts reading `bytes`.
    ///
    /// # Errors
    /// [`BadBatch`] when there is no room for the count.
    pub fn new(bytes: &'a [u8]) -> Result<Self, BadBatch> {
        let (head, rest) = bytes.split_at_checked(HEAD).ok_or(BadBatch)?;
        Ok(Self { rest, left: word(head) })
    }

    /// Number of items that have not been read.
    #[must_use]
    pub fn remaining(&self) -> u32 {
        self.left
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<&'a [u8], BadBatch>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        Some(take_item(&mut self.rest))
    }
}

fn take_item<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], BadBatch> {
    let (head, body) = rest.split_at_checked(HEAD).ok_or(BadBatch)?;
    let length = word(head) as usize;
    let data = body.get(..length).ok_or(BadBatch)?;
    let padded = item_bytes(length).ok_or(BadBatch)? - HEAD;
    *rest = body.get(padded..).unwrap_or(&[]);
    Ok(data)
}

fn word(bytes: &[u8]) -> u32 {
    let mut four = [0; 4];
    four.copy_from_slice(&bytes[..4]);
    u32::from_le_bytes(four)
}
