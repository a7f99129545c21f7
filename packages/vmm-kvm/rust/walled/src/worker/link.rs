//! The worker's end of the socket: it waits for its parent as long as that takes, and ends with it.

use std::fs::File;
use std::io::{self, IoSlice, Read, Write};
use std::os::fd::FromRawFd;

use crate::keeper::FIRST;
use crate::wire::{HEAD, read_head};

/// Room that is kept for later frames.
const KEPT: usize = 256 << 10;
/// Least room to read into: most requests come in one piece.
const STEP: usize = 16 << 10;

/// The socket to the parent.
#[derive(Debug)]
pub(super) struct Link {
    /// Read and written as a file: that takes fewer system calls than sockets have.
    socket: File,
}

/// A frame that was read: kind, and memory that the next one uses again.
#[derive(Debug, Default)]
pub(super) struct Message {
    pub(super) kind: u32,
    bytes: Vec<u8>,
    end: usize,
}

impl Message {
    /// What follows the head.
    pub(super) fn payload(&self) -> &[u8] {
        self.bytes.get(HEAD..self.end).unwrap_or(&[])
    }
}

impl Link {
    /// The inherited socket.
    ///
    /// # Safety
    /// The descriptor is a socket that nobody else in the process uses.
    pub(super) unsafe fn inherited() -> Self {
        // SAFETY: as the caller says.
        Self { socket: unsafe { File::from_raw_fd(FIRST) } }
    }

    /// Receives a frame. The parent sends one at a time: nothing follows it.
    pub(super) fn receive(&mut self, message: &mut Message) -> io::Result<()> {
        if message.bytes.capacity() > KEPT {
            message.bytes = Vec::new();
        }
        message.bytes.resize(STEP.max(message.bytes.len()), 0);
        let mut have = self.read_until(&mut message.bytes, 0, HEAD)?;
        let mut head = [0; HEAD];
        head.copy_from_slice(&message.bytes[..HEAD]);
        let wrong = |_| io::Error::from(io::ErrorKind::InvalidData);
        let (kind, length) = read_head(&head).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
        let end = HEAD + usize::try_from(length).map_err(wrong)?;
        if end > message.bytes.len() {
            message.bytes.resize(end, 0);
        }
        if have < end {
            have = self.read_until(&mut message.bytes[..end], have, end)?;
        }
        if have != end {
            return Err(io::ErrorKind::InvalidData.into());
        }
        message.kind = kind;
        message.end = end;
        Ok(())
    }

    /// Reads behind the first `have` bytes until there are `wanted`.
    fn read_until(&mut self, bytes: &mut [u8], mut have: usize, wanted: usize) -> io::Result<usize> {
        while have < wanted {
            match self.socket.read(&mut bytes[have..]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => have += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(have)
    }

    /// Sends these bytes, one piece behind the other.
    pub(super) fn send(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        let mut slices: Vec<IoSlice<'_>> = pieces.iter().map(|piece| IoSlice::new(piece)).collect();
        let mut rest = slices.as_mut_slice();
        IoSlice::advance_slices(&mut rest, 0);
        while !rest.is_empty() {
            match self.socket.write_vectored(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(sent) => IoSlice::advance_slices(&mut rest, sent),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
