//! The parent's end of a worker's socket. No wait on it is longer than the limit that goes with it, and no length that comes
//! from there is believed before it was compared with what may come.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use twinwall_vmm_kvm::TimeLimit;

use crate::error::Broken;
use crate::wire::{HEAD, read_head};

/// Bytes read at once, and room that a frame's claimed length gets before its bytes are there.
const STEP: usize = 64 << 10;
/// Room that is kept for later frames.
const KEPT: usize = 256 << 10;

/// A socket to a worker.
#[derive(Debug)]
pub(crate) struct Channel {
    socket: Arc<UnixStream>,
    /// What has come, from `start` on: the last frame, until the next one is asked for, and maybe the begin of that.
    buffer: Vec<u8>,
    start: usize,
}

/// Shuts a channel from any thread: who waits on it finds it closed.
#[derive(Clone, Debug)]
pub(crate) struct Shutter(Arc<UnixStream>);

impl Shutter {
    pub(crate) fn shut(&self) {
        // Of a socket that is shut already nothing is wanted.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// What a channel is found to be between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quiet {
    /// Nothing came.
    Silent,
    /// The worker has gone.
    Closed,
    /// It spoke without being asked.
    Noisy,
}

impl Channel {
    /// The two ends of a new socket; the second is the worker's.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (own, other) = UnixStream::pair()?;
        own.set_nonblocking(true)?;
        Ok((Self { socket: Arc::new(own), buffer: Vec::new(), start: 0 }, other.into()))
    }

    pub(crate) fn shutter(&self) -> Shutter {
        Shutter(Arc::clone(&self.socket))
    }

    /// Looks whether anything came although nothing was asked.
    pub(crate) fn quiet(&self) -> Quiet {
        if self.start < self.buffer.len() {
            return Quiet::Noisy;
        }
        let mut byte = 0_u8;
        let flags = libc::MSG_PEEK | libc::MSG_DONTWAIT;
        // SAFETY: the buffer is one byte of this frame, and the descriptor is open.
        let found = unsafe { libc::recv(self.socket.as_raw_fd(), (&raw mut byte).cast(), 1, flags) };
        match found {
            0 => Quiet::Closed,
            1.. => Quiet::Noisy,
            _ if io::Error::last_os_error().kind() == io::ErrorKind::WouldBlock => Quiet::Silent,
            _ => Quiet::Closed,
        }
    }

    /// Sends these bytes, one piece behind the other.
    pub(crate) fn send(&self, pieces: &[&[u8]], limit: TimeLimit) -> Result<(), Broken> {
        let mut pieces: Vec<&[u8]> = pieces.iter().copied().filter(|piece| !piece.is_empty()).collect();
        while !pieces.is_empty() {
            match self.send_some(&pieces) {
                Ok(mut sent) => {
                    while let Some(first) = pieces.first_mut() {
                        let part = sent.min(first.len());
                        *first = &first[part..];
                        sent -= part;
                        if !first.is_empty() {
                            break;
                        }
                        pieces.remove(0);
                    }
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => self.wait(libc::POLLOUT, limit)?,
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => return Err(Broken::Closed),
                    _ => return Err(error.into()),
                },
            }
        }
        Ok(())
    }

    fn send_some(&self, pieces: &[&[u8]]) -> io::Result<usize> {
        let parts: Vec<libc::iovec> = pieces
            .iter()
            .map(|piece| libc::iovec { iov_base: piece.as_ptr().cast_mut().cast(), iov_len: piece.len() })
            .collect();
        // SAFETY: all zeros is a valid header without address and control data.
        let mut message: libc::msghdr = unsafe { std::mem::zeroed() };
        message.msg_iov = parts.as_ptr().cast_mut();
        message.msg_iovlen = parts.len();
        // Without the flag a worker that is gone would end this process.
        let flags = libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT;
        // SAFETY: the header names live parts, which name live bytes; they are only read.
        let sent = unsafe { libc::sendmsg(self.socket.as_raw_fd(), &message, flags) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }

    /// Receives a frame, and returns its kind; [`Self::payload`] is what it says. `most` says how long a frame of a kind may
    /// be; a kind that may not come now has none.
    pub(crate) fn receive(
        &mut self,
        limit: TimeLimit,
        most: impl FnOnce(u32) -> Option<u64>,
    ) -> Result<u32, Broken> {
        self.buffer.drain(..self.start);
        self.start = 0;
        if self.buffer.capacity() > KEPT {
            self.buffer.shrink_to(STEP);
        }
        self.fill(HEAD, limit)?;
        let mut head = [0; HEAD];
        head.copy_from_slice(&self.buffer[..HEAD]);
        let (kind, length) = read_head(&head)?;
        let most = most(kind).ok_or(Broken::Protocol("a frame that nobody asked for"))?;
        if length > most {
            return Err(Broken::Protocol("a frame that is longer than its limit"));
        }
        let end = HEAD + usize::try_from(length).map_err(|_| Broken::Protocol("a length"))?;
        self.fill(end, limit)?;
        self.start = end;
        Ok(kind)
    }

    /// What follows the head of the last frame.
    pub(crate) fn payload(&self) -> &[u8] {
        self.buffer.get(HEAD..self.start).unwrap_or(&[])
    }

    /// Reads until there are `length` bytes. Room for them is made as they come.
    fn fill(&mut self, length: usize, limit: TimeLimit) -> Result<(), Broken> {
        while self.buffer.len() < length {
            let have = self.buffer.len();
            let wanted = (length - have).clamp(STEP, STEP.max(have));
            self.buffer.reserve(wanted);
            // SAFETY: the call writes into reserved room behind what is there, at most `wanted` bytes.
            let read = unsafe {
                let room = self.buffer.as_mut_ptr().add(have).cast();
                libc::recv(self.socket.as_raw_fd(), room, wanted, libc::MSG_DONTWAIT)
            };
            match usize::try_from(read) {
                Ok(0) => return Err(Broken::Closed),
                // SAFETY: that many bytes behind what was there have been written.
                Ok(read) => unsafe { self.buffer.set_len(have + read) },
                Err(_) => {
                    let error = io::Error::last_os_error();
                    match error.kind() {
                        io::ErrorKind::WouldBlock => self.wait(libc::POLLIN, limit)?,
                        io::ErrorKind::Interrupted => {}
                        io::ErrorKind::ConnectionReset => return Err(Broken::Closed),
                        _ => return Err(error.into()),
                    }
                }
            }
        }
        Ok(())
    }

    /// Waits until the socket can be used, or has been closed.
    fn wait(&self, events: i16, limit: TimeLimit) -> Result<(), Broken> {
        let mut poll = libc::pollfd { fd: self.socket.as_raw_fd(), events, revents: 0 };
        loop {
            let left = limit.remaining();
            if left.is_some_and(|left| left.is_zero()) {
                return Err(Broken::Late);
            }
            let time = left.map(|left| libc::timespec {
                tv_sec: left.as_secs().min(1 << 30) as libc::time_t,
                tv_nsec: left.subsec_nanos().into(),
            });
            let time = time.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
            // SAFETY: one live entry, and a time that lives until the call returns, or none.
            let ready = unsafe { libc::ppoll(&mut poll, 1, time, std::ptr::null()) };
            match ready {
                1.. => return Ok(()),
                0 => {}
                _ => {
                    let error = io::Error::last_os_error();
                    if error.kind() != io::ErrorKind::Interrupted {
                        return Err(error.into());
                    }
                }
            }
        }
    }
}
