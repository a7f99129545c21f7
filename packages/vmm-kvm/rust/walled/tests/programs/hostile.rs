//! A worker that was taken over, for the tests: it starts as a good one does, and then does what its first attachment says.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::FromRawFd;
use std::os::unix::fs::FileExt;
use std::thread::sleep;
use std::time::Duration;

const START: u32 = 1;
const CALL: u32 = 2;
const RESTORE: u32 = 4;
const SAVE: u32 = 5;
const HELLO: u32 = 64;
const READY: u32 = 65;
const HOST_CALL: u32 = 66;
const RECORD: u32 = 67;
const DONE: u32 = 68;
const RESTORED: u32 = 69;
const STATE: u32 = 70;

/// Flag of a machine that stands at its snapshot.
const CLEAN: u32 = 2;

fn main() {
    // SAFETY: the parent gives a socket and files by these numbers, and this is their only use.
    let (mut socket, attachments) = unsafe { (File::from_raw_fd(3), File::from_raw_fd(6)) };
    let mut name = [0; 100];
    let length = attachments.read_at(&mut name, 0).expect("a file");
    let behaviour = String::from_utf8_lossy(&name[..length]).into_owned();
    if behaviour == "version" {
        send(&mut socket, HELLO, &999_u32.to_le_bytes());
    }
    if behaviour == "nonsense at once" {
        socket.write_all(&noise(64)).expect("a parent");
    }
    send(&mut socket, HELLO, &1_u32.to_le_bytes());
    loop {
        let Some((kind, _)) = receive(&mut socket) else { return };
        match kind {
            START if behaviour.starts_with("boot") => misbehave(&mut socket, &behaviour),
            START => send(&mut socket, READY, &[]),
            // In a session, which is then saved.
            CALL if behaviour.starts_with("state ") && behaviour != "state unasked" => {
                send(&mut socket, DONE, &[&machine(0)[..], &[0; 4]].concat());
            }
            _ => misbehave(&mut socket, &behaviour),
        }
        if kind == CALL && behaviour == "good" {
            send(&mut socket, DONE, &done(0, b"well"));
        }
        if kind == RESTORE && behaviour == "good" {
            send(&mut socket, RESTORED, &machine(CLEAN));
        }
        if kind == SAVE && behaviour == "good" {
            send(&mut socket, STATE, &[0; 136]);
        }
    }
}

fn misbehave(socket: &mut File, behaviour: &str) {
    match behaviour {
        "long" => head(socket, DONE, u64::MAX),
        "longer than a result" => head(socket, DONE, 1 << 30),
        "long host call" => head(socket, HOST_CALL, 1 << 40),
        "long record" => head(socket, RECORD, 1 << 40),
        "unknown kind" => send(socket, 999, b"?"),
        "frame of a parent" => send(socket, CALL, b"?"),
        "unasked" => send(socket, READY, &[]),
        "state unasked" => send(socket, STATE, &[0; 136]),
        "unknown code" => send(socket, DONE, &done(999, b"")),
        "code of the parent" => send(socket, DONE, &done(20, b"")),
        "unknown flag" => send(socket, DONE, &[0xff; 200]),
        "short" => send(socket, DONE, &[0; 8]),
        "unknown record" => send(socket, RECORD, &[9, 0, 0, 0, 0, 0, 0, 0]),
        "long message" => send(socket, DONE, &[done(5, b""), failure(u32::MAX, b"")].concat()),
        "long backtrace" => send(socket, DONE, &[done(5, b""), failure(0, &[b'x'; 70_000])].concat()),
        "no text" => send(socket, DONE, &[done(5, b""), failure(3, &[0xff, 0xfe, 0xc0])].concat()),
        "long result" => send(socket, DONE, &done(0, &[1; 70_000])),
        "many host calls" => loop {
            send(socket, HOST_CALL, &7_u32.to_le_bytes());
            if receive(socket).is_none() {
                return;
            }
        },
        "large host calls" => loop {
            send(socket, HOST_CALL, &[7; 60_000]);
            if receive(socket).is_none() {
                return;
            }
        },
        "many records" => loop {
            send(socket, RECORD, &[1, 0, 0, 0, 0, 0, 0, 0]);
        },
        "large records" => loop {
            send(socket, RECORD, &[&[1, 0, 0, 0, 0, 0, 0, 0][..], &[7; 50_000]].concat());
        },
        "silence" | "boot silence" => sleep(Duration::from_secs(600)),
        "drip" => {
            let mut frame = vec![0; 16];
            frame[..4].copy_from_slice(&DONE.to_le_bytes());
            frame[8..12].copy_from_slice(&60_000_u32.to_le_bytes());
            frame.resize(60_016, 0);
            for byte in frame {
                socket.write_all(&[byte]).expect("a parent");
                sleep(Duration::from_millis(20));
            }
        }
        "half" => {
            head(socket, DONE, 1000);
            std::process::exit(0);
        }
        "exit" => std::process::exit(7),
        "noise after the end" => {
            send(socket, DONE, &done(0, b"well"));
            socket.write_all(&noise(1000)).expect("a parent");
        }
        "nonsense" => socket.write_all(&noise(100_000)).expect("a parent"),
        "state of many" | "boot state of many" => {
            send(socket, STATE, &[&[0; 128][..], &u64::MAX.to_le_bytes()].concat());
        }
        "state that is long" | "boot state that is long" => head(socket, STATE, 1 << 50),
        "state of too much" | "boot state of too much" => {
            let range = [0x4000_0000_u64.to_le_bytes(), (1_u64 << 60).to_le_bytes()].concat();
            send(socket, STATE, &[&[0; 128][..], &1_u64.to_le_bytes(), &range].concat());
        }
        "state elsewhere" | "boot state elsewhere" => {
            let range = [0x1000_u64.to_le_bytes(), 4096_u64.to_le_bytes()].concat();
            send(socket, STATE, &[&[0; 128][..], &1_u64.to_le_bytes(), &range, &[0; 4096]].concat());
        }
        _ => {}
    }
}

/// What a worker says of its machine: flags, and ten figures.
fn machine(flags: u32) -> Vec<u8> {
    [&flags.to_le_bytes()[..], &[0xff; 80]].concat()
}

/// The end of a call.
fn done(code: u32, output: &[u8]) -> Vec<u8> {
    [&machine(CLEAN)[..], &code.to_le_bytes(), output].concat()
}

/// Detail, length of the message, and texts.
fn failure(length: u32, texts: &[u8]) -> Vec<u8> {
    [&0_u32.to_le_bytes()[..], &length.to_le_bytes(), texts].concat()
}

fn noise(bytes: u32) -> Vec<u8> {
    (1..=bytes).map(|index| (index.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn head(socket: &mut File, kind: u32, length: u64) {
    let frame = [&kind.to_le_bytes()[..], &[0; 4], &length.to_le_bytes()].concat();
    // A parent that had enough is what the tests want.
    if socket.write_all(&frame).is_err() {
        std::process::exit(0);
    }
}

fn send(socket: &mut File, kind: u32, payload: &[u8]) {
    head(socket, kind, payload.len() as u64);
    if socket.write_all(payload).is_err() {
        std::process::exit(0);
    }
}

fn receive(socket: &mut File) -> Option<(u32, Vec<u8>)> {
    let mut head = [0; 16];
    socket.read_exact(&mut head).ok()?;
    let kind = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
    let mut payload = vec![0; u32::from_le_bytes([head[8], head[9], head[10], head[11]]) as usize];
    socket.read_exact(&mut payload).ok()?;
    Some((kind, payload))
}
