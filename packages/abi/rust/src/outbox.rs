//! Reading of outbox records: what the guest appended for the host to read at the next exit.

use crate::{Record, RecordKind};

/// An outbox that does not hold what its records say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadOutbox;

/// Bytes of a record's head.
pub const HEAD: usize = 16;

/// One record: kind, host function index (of a deferred host call), data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// What the data is.
    pub kind: RecordKind,
    /// Host function of a deferred host call; 0 otherwise.
    pub function: u32,
    /// The data.
    pub data: &'a [u8],
}

/// Reads the records of a *copy* of the outbox; stops at the first bad one.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    /// Starts reading `bytes`.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, BadOutbox>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = take_entry(&mut self.rest);
        if entry.is_err() {
            self.rest = &[];
        }
        Some(entry)
    }
}

fn take_entry<'a>(rest: &mut &'a [u8]) -> Result<Entry<'a>, BadOutbox> {
    let (head, body) = rest.split_at_checked(HEAD).ok_or(BadOutbox)?;
    let mut bytes = [0; HEAD];
    bytes.copy_from_slice(head);
    let record = Record(bytes);
    let kind = RecordKind(record.kind());
    if !matches!(kind, RecordKind::Stdout | RecordKind::Stderr | RecordKind::HostCall) {
        return Err(BadOutbox);
    }
    let length = record.length() as usize;
    let data = body.get(..length).ok_or(BadOutbox)?;
    let padded = length.checked_add(7).ok_or(BadOutbox)? & !7;
    *rest = body.get(padded..).unwrap_or(&[]);
    Ok(Entry { kind, function: record.function_index(), data })
}
