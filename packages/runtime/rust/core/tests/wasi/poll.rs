use crate::harness::{BUFFER, END, EPOCH, Program, RESULT};
use crate::numbers::{BADF, FAULT, INVAL, SUCCESS};
use crate::wasi::{OutputStream, WasiHost, WasiState};

const EVENTS: u64 = BUFFER + 8192;

fn clock(userdata: u64, id: u32, timeout: u64, flags: u16) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[16..20].copy_from_slice(&id.to_le_bytes());
    bytes[24..32].copy_from_slice(&timeout.to_le_bytes());
    bytes[40..42].copy_from_slice(&flags.to_le_bytes());
    bytes
}

fn descriptor(userdata: u64, kind: u8, fd: u32) -> [u8; 48] {
    let mut bytes = [0; 48];
    bytes[0..8].copy_from_slice(&userdata.to_le_bytes());
    bytes[8] = kind;
    bytes[16..20].copy_from_slice(&fd.to_le_bytes());
    bytes
}

#[derive(Debug, PartialEq, Eq)]
struct Event {
    userdata: u64,
    errno: u16,
    kind: u8,
    bytes: u64,
    hangup: bool,
}

fn poll(program: &mut Program, subscriptions: &[[u8; 48]]) -> Result<Vec<Event>, u32> {
    program.write(BUFFER, &subscriptions.concat());
    let count = subscriptions.len() as u64;
    match program.call("poll_oneoff", &[BUFFER, EVENTS, count, RESULT]) {
        SUCCESS => {}
        errno => return Err(errno),
    }
    let event = |index| {
        let at = EVENTS + 32 * index;
        Event {
            userdata: program.u64_at(at),
            errno: program.u32_at(at + 8) as u16,
            kind: program.read(at + 10, 1)[0],
            bytes: program.u64_at(at + 16),
            hangup: program.read(at + 24, 1)[0] == 1,
        }
    };
    Ok((0..u64::from(program.u32_at(RESULT))).map(event).collect())
}

fn ready(userdata: u64, kind: u8, bytes: u64, hangup: bool) -> Event {
    Event { userdata, errno: 0, kind, bytes, hangup }
}

#[test]
fn sleeps_until_the_first_clock_is_due() {
    let mut program = Program::new();
    let subscriptions = [clock(1, 1, 9_000_000, 0), clock(2, 1, 5_000_000, 0), clock(3, 0, 5_000_000, 0)];
    assert_eq!(poll(&mut program, &subscriptions), Ok(vec![ready(2, 0, 0, false), ready(3, 0, 0, false)]));
    let now = program.host().monotonic;
    assert!((5_000_000..5_001_000).contains(&now), "{now}");
}

#[test]
fn absolute_times_are_of_their_clock() {
    let mut program = Program::new();
    let subscriptions = [clock(1, 0, EPOCH + 4_000_000, 1), clock(2, 1, 8_000_000, 1)];
    assert_eq!(poll(&mut program, &subscriptions), Ok(vec![ready(1, 0, 0, false)]));
    assert!((4_000_000..4_001_000).contains(&program.host().monotonic));
    assert_eq!(poll(&mut program, &subscriptions[1..]), Ok(vec![ready(2, 0, 0, false)]));
    assert!((8_000_000..8_001_000).contains(&program.host().monotonic));
    assert_eq!(poll(&mut program, &subscriptions).map(|events| events.len()), Ok(2), "both are past");
    assert!(program.host().monotonic < 8_002_000);
}

#[test]
fn descriptors_are_always_ready() {
    let mut program = Program::new();
    program.reset(&[], &[], b"input");
    let file = program.open("data/numbers.txt") as u32;
    assert_eq!(program.read_fd(file.into(), 4), Ok(b"0123".to_vec()));
    let subscriptions = [
        clock(1, 1, u64::MAX, 0),
        descriptor(2, 1, 0),
        descriptor(3, 2, 1),
        descriptor(4, 1, file),
        clock(5, 1, 0, 0),
    ];
    let expected =
        vec![ready(2, 1, 5, false), ready(3, 2, 65536, false), ready(4, 1, 6, false), ready(5, 0, 0, false)];
    assert_eq!(poll(&mut program, &subscriptions), Ok(expected));
    assert!(program.host().monotonic < 1000, "it did not wait");
    assert_eq!(program.read_fd(0, 10), Ok(b"input".to_vec()));
    assert_eq!(poll(&mut program, &[descriptor(9, 1, 0)]), Ok(vec![ready(9, 1, 0, true)]));
}

#[test]
fn what_cannot_be_waited_for_is_an_event_with_an_error() {
    let mut program = Program::new();
    let errors = |program: &mut Program, subscription| {
        let events = poll(program, &[subscription]).expect("events");
        events.into_iter().map(|event| (event.userdata, u32::from(event.errno))).collect::<Vec<_>>()
    };
    assert_eq!(errors(&mut program, descriptor(1, 1, 70)), [(1, BADF)]);
    assert_eq!(errors(&mut program, descriptor(2, 2, 0)), [(2, BADF)]);
    assert_eq!(errors(&mut program, descriptor(3, 1, 3)), [(3, BADF)]);
    assert_eq!(errors(&mut program, clock(4, 9, 1, 0)), [(4, INVAL)]);
    assert_eq!(errors(&mut program, clock(5, 1, 1, 2)), [(5, INVAL)]);
}

#[test]
fn bad_calls_fail_as_a_whole() {
    let mut program = Program::new();
    assert_eq!(program.call("poll_oneoff", &[BUFFER, EVENTS, 0, RESULT]), INVAL);
    assert_eq!(poll(&mut program, &[descriptor(1, 3, 0)]), Err(INVAL));
    assert_eq!(program.call("poll_oneoff", &[END - 47, EVENTS, 1, RESULT]), FAULT);
    assert_eq!(program.call("poll_oneoff", &[BUFFER, END - 31, 1, RESULT]), FAULT);
    assert_eq!(program.call("poll_oneoff", &[BUFFER, EVENTS, 1, END]), FAULT);
    assert_eq!(program.call("poll_oneoff", &[BUFFER, EVENTS, u64::from(u32::MAX), RESULT]), FAULT);
    assert_eq!(program.call("poll_oneoff", &[BUFFER, EVENTS, 0x0800_0000, RESULT]), FAULT);
}

#[test]
fn events_may_overwrite_their_subscriptions() {
    let mut program = Program::new();
    program.write(BUFFER, &[clock(1, 1, 10, 0), clock(2, 1, 10, 0)].concat());
    assert_eq!(program.call("poll_oneoff", &[BUFFER, BUFFER, 2, RESULT]), SUCCESS);
    assert_eq!(program.u32_at(RESULT), 2);
    assert_eq!(program.u64_at(BUFFER + 32), 2);
}

/// A host that waits as an image does.
struct Spinning {
    wasi: WasiState,
    monotonic: u64,
}

impl WasiHost for Spinning {
    fn wasi(&mut self) -> &mut WasiState {
        &mut self.wasi
    }

    fn monotonic_nanoseconds(&mut self) -> u64 {
        self.monotonic += 7;
        self.monotonic
    }

    fn wall_clock_nanoseconds(&mut self) -> u64 {
        self.monotonic_nanoseconds()
    }

    fn fill_random(&mut self, _: &mut [u8]) {}

    fn write_output(&mut self, _: OutputStream, _: &[u8]) -> wasmtime::Result<()> {
        Ok(())
    }
}

#[test]
fn a_host_without_a_timer_spins_until_the_time_has_come() {
    let mut host = Spinning { wasi: WasiState::new([]).expect("an empty tree"), monotonic: 0 };
    host.wait_until(700).expect("it waits");
    assert_eq!(host.monotonic, 700);
    host.wait_until(5).expect("that is past");
    assert_eq!(host.monotonic, 707);
}
