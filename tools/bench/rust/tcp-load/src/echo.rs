//! One echo: send, receive, compare.

use crate::random::Random;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Why an echo failed.
#[derive(Debug)]
pub enum EchoError {
    /// What came back is not what was sent.
    Wrong {
        /// First byte that differs.
        index: usize,
        /// Bytes of the echo.
        size: usize,
    },
    /// The connection ended before everything was back.
    Closed {
        /// Bytes that came back.
        received: usize,
        /// Bytes that were sent.
        size: usize,
    },
    /// It took longer than it may.
    Late(Duration),
    /// The socket failed.
    Socket(io::Error),
}

impl fmt::Display for EchoError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { index, size } => write!(out, "wrong bytes: byte {index} of {size} differs"),
            Self::Closed { received, size } => write!(out, "closed after {received} of {size} bytes"),
            Self::Late(wait) => write!(out, "no answer within {} ms", wait.as_millis()),
            Self::Socket(error) => write!(out, "{error}"),
        }
    }
}

impl std::error::Error for EchoError {}

/// What is sent and where the answer goes; both are used again for the next echo.
pub struct Payload {
    sent: Vec<u8>,
    received: Vec<u8>,
}

impl Payload {
    /// For echoes of `size` bytes.
    pub fn new(size: usize) -> Self {
        Self { sent: vec![0; size], received: vec![0; size] }
    }

    /// Other bytes than before, and none of them where the answer goes.
    fn renew(&mut self, random: &mut Random) {
        random.fill(&mut self.sent);
        self.received.fill(0);
    }

    fn check(&self) -> Result<(), EchoError> {
        let pairs = self.sent.iter().zip(&self.received);
        match pairs.enumerate().find(|(_, (sent, received))| sent != received) {
            Some((index, _)) => Err(EchoError::Wrong { index, size: self.sent.len() }),
            None => Ok(()),
        }
    }
}

/// A connection to a target.
pub struct Connection {
    stream: TcpStream,
    wait: Duration,
}

impl Connection {
    /// Connects; no wait on it, now or later, is longer than `wait`.
    pub fn open(address: SocketAddr, wait: Duration) -> Result<Self, EchoError> {
        let stream = TcpStream::connect_timeout(&address, wait).map_err(|error| told(error, wait))?;
        let set = |stream: &TcpStream| -> io::Result<()> {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(wait))?;
            stream.set_write_timeout(Some(wait))
        };
        set(&stream).map_err(EchoError::Socket)?;
        Ok(Self { stream, wait })
    }

    /// Sends fresh bytes, and returns how long it took until all of them were back.
    pub fn echo(&mut self, payload: &mut Payload, random: &mut Random) -> Result<Duration, EchoError> {
        payload.renew(random);
        let start = Instant::now();
        self.exchange(payload, start)?;
        let time = start.elapsed();
        payload.check()?;
        Ok(time)
    }

    fn exchange(&mut self, payload: &mut Payload, start: Instant) -> Result<(), EchoError> {
        let size = payload.sent.len();
        self.stream.write_all(&payload.sent).map_err(|error| told(error, self.wait))?;
        let mut received = 0;
        while received < size {
            match self.stream.read(&mut payload.received[received..]) {
                Ok(0) => return Err(EchoError::Closed { received, size }),
                Ok(length) => received += length,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(told(error, self.wait)),
            }
            // A target that sends byte by byte resets the socket's own clock each time.
            if received < size && start.elapsed() > self.wait {
                return Err(EchoError::Late(self.wait));
            }
        }
        Ok(())
    }
}

/// One echo over a connection of its own, timed from before the handshake.
pub fn echo_anew(
    address: SocketAddr,
    wait: Duration,
    payload: &mut Payload,
    random: &mut Random,
) -> Result<Duration, EchoError> {
    payload.renew(random);
    let start = Instant::now();
    let mut connection = Connection::open(address, wait)?;
    connection.exchange(payload, start)?;
    let time = start.elapsed();
    payload.check()?;
    Ok(time)
}

/// A time-out of a blocking socket has two names.
fn told(error: io::Error, wait: Duration) -> EchoError {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => EchoError::Late(wait),
        _ => EchoError::Socket(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;
    use std::thread;

    const WAIT: Duration = Duration::from_secs(5);

    /// A server for one connection that answers each read with what `answer` makes of it.
    fn server(answer: impl Fn(&mut [u8]) -> Option<usize> + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a client");
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut bytes) {
                let Some(length) = answer(&mut bytes[..length]) else { continue };
                if length == 0 || stream.write_all(&bytes[..length]).is_err() {
                    return;
                }
            }
        });
        address
    }

    fn echo_once(address: SocketAddr, wait: Duration) -> Result<Duration, EchoError> {
        Connection::open(address, wait)?.echo(&mut Payload::new(100), &mut Random::new(7))
    }

    #[test]
    fn returns_the_time_of_a_right_answer() {
        let address = server(|bytes| Some(bytes.len()));
        let mut connection = Connection::open(address, WAIT).expect("a connection");
        let mut payload = Payload::new(100);
        let mut random = Random::new(7);
        let first = connection.echo(&mut payload, &mut random).expect("an echo");
        assert!(first > Duration::ZERO);
        let sent = payload.sent.clone();
        connection.echo(&mut payload, &mut random).expect("a second echo");
        assert_ne!(sent, payload.sent, "other bytes each time");
    }

    #[test]
    fn finds_a_wrong_byte() {
        let address = server(|bytes| {
            bytes[42] ^= 1;
            Some(bytes.len())
        });
        let error = echo_once(address, WAIT).expect_err("a wrong byte");
        assert!(matches!(error, EchoError::Wrong { index: 42, size: 100 }), "{error}");
    }

    #[test]
    fn notices_that_the_connection_ended() {
        let error = echo_once(server(|_| Some(0)), WAIT).expect_err("no answer");
        assert!(matches!(error, EchoError::Closed { received: 0, size: 100 }), "{error}");
    }

    #[test]
    fn does_not_wait_for_ever() {
        let error = echo_once(server(|_| None), Duration::from_millis(50)).expect_err("no answer");
        assert!(matches!(error, EchoError::Late(_)), "{error}");
    }

    #[test]
    fn echoes_over_a_connection_of_its_own() {
        let address = server(|bytes| Some(bytes.len()));
        echo_anew(address, WAIT, &mut Payload::new(9), &mut Random::new(1)).expect("an echo");
        let closed = ([127, 0, 0, 1], 1).into();
        let error = echo_anew(closed, WAIT, &mut Payload::new(9), &mut Random::new(1));
        assert!(matches!(error, Err(EchoError::Socket(_))));
    }
}
