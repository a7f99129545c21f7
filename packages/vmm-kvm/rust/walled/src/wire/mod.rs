//! What parent and worker say to each other: frames of a kind, a length and fields, little endian.

mod reply;
mod request;
#[cfg(test)]
mod tests;

pub(crate) use reply::{
    Done, Reply, decode_reply, encode_done, encode_failure, encode_restored, encode_state,
};
pub(crate) use request::{Load, Start, decode_call, decode_start, encode_call, encode_start};

/// Changes with every change of what is said here: parent and worker must be of one release.
pub(crate) const VERSION: u32 = 1;

/// Bytes of a frame's head: kind, four zeros, length of what follows.
pub(crate) const HEAD: usize = 16;

/// Most bytes of a failure's message, and of its backtrace.
pub(crate) const MESSAGE_BYTES: usize = 8 << 10;
pub(crate) const BACKTRACE_BYTES: usize = 64 << 10;

/// Kinds of frames.
pub(crate) mod kind {
    // From the parent.
    pub(crate) const START: u32 = 1;
    pub(crate) const CALL: u32 = 2;
    pub(crate) const ANSWER: u32 = 3;
    pub(crate) const RESTORE: u32 = 4;
    pub(crate) const SAVE: u32 = 5;
    // From the worker.
    pub(crate) const HELLO: u32 = 64;
    pub(crate) const READY: u32 = 65;
    pub(crate) const HOST_CALL: u32 = 66;
    pub(crate) const RECORD: u32 = 67;
    pub(crate) const DONE: u32 = 68;
    pub(crate) const RESTORED: u32 = 69;
    pub(crate) const STATE: u32 = 70;
    pub(crate) const FAILED: u32 = 71;
}

/// Something that is not what the protocol says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// A frame that is being written.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
}

impl Frame {
    /// A frame without fields.
    pub(crate) fn new(kind: u32) -> Self {
        let mut frame = Self::default();
        frame.begin(kind);
        frame
    }

    /// Begins another frame in the same memory.
    pub(crate) fn begin(&mut self, kind: u32) {
        self.bytes.clear();
        self.u32(kind);
        self.bytes.resize(HEAD, 0);
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The frame, whose length counts `more` bytes that are sent behind it.
    pub(crate) fn finish(&mut self, more: usize) -> &[u8] {
        let length = (self.bytes.len() - HEAD + more) as u64;
        self.bytes[8..HEAD].copy_from_slice(&length.to_le_bytes());
        &self.bytes
    }

    /// Gives memory back that only a large frame took.
    pub(crate) fn trim(&mut self) {
        const KEPT: usize = 256 << 10;
        if self.bytes.capacity() > KEPT {
            self.bytes = Vec::new();
        }
    }
}

/// Kind and length of a frame.
pub(crate) fn read_head(head: &[u8; HEAD]) -> Result<(u32, u64), Malformed> {
    let mut fields = Fields(head);
    let (kind, zeros, length) = (fields.u32()?, fields.u32()?, fields.u64()?);
    if zeros == 0 { Ok((kind, length)) } else { Err(Malformed("a frame's head")) }
}

/// The fields of a frame that is being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(Malformed("a frame is too short"))?;
        self.0 = rest;
        Ok(taken)
    }

    /// Bytes whose number is a field that came before them.
    pub(crate) fn counted(&mut self, length: u64) -> Result<&'a [u8], Malformed> {
        self.take(usize::try_from(length).map_err(|_| Malformed("a length"))?)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        let mut bytes = [0; 4];
        bytes.copy_from_slice(self.take(4)?);
        Ok(u32::from_le_bytes(bytes))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(self.take(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    /// All that is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Nothing must be left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed("a frame is too long")) }
    }
}
