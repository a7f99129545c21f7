//! The plain echo server. Its threads are there before the first connection, so that a new
//! connection costs no thread.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Connections at a time; one beyond waits to be accepted.
const THREADS: usize = 32;

/// A connection on which nothing comes for so long is closed.
const IDLE: Duration = Duration::from_secs(300);

const STACK_BYTES: usize = 128 << 10;

const CHUNK_BYTES: usize = 64 << 10;

/// Echoes until standard input ends, so that it does not outlive who started it. The first line of
/// standard output is where it listens.
pub fn serve(address: SocketAddr) -> io::Result<()> {
    let listener = Arc::new(TcpListener::bind(address)?);
    println!("{}", listener.local_addr()?);
    for _ in 0..THREADS {
        let listener = Arc::clone(&listener);
        thread::Builder::new().stack_size(STACK_BYTES).spawn(move || accept(&listener))?;
    }
    // What comes is not read for its own sake.
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}

fn accept(listener: &TcpListener) {
    let mut chunk = vec![0; CHUNK_BYTES];
    for stream in listener.incoming() {
        // A connection that breaks is over; the next one is another matter.
        let _ = stream.and_then(|stream| echo(stream, &mut chunk));
    }
}

fn echo(mut stream: TcpStream, chunk: &mut [u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_write_timeout(Some(IDLE))?;
    loop {
        match stream.read(chunk)? {
            0 => return Ok(()),
            length => stream.write_all(&chunk[..length])?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn echoes_one_connection_after_the_other() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || accept(&listener));
        for text in [b"first", b"other"] {
            let mut stream = TcpStream::connect(address).expect("a connection");
            stream.write_all(text).expect("a reader");
            let mut answer = [0; 5];
            stream.read_exact(&mut answer).expect("an answer");
            assert_eq!(&answer, text);
        }
    }
}
