//! Frames of any bytes, as a worker that was taken over sends them.

use twinwall_abi::{CallKind, ErrorCode};
use twinwall_vmm_kvm::{Call, CallError, Limits, SAVED_REGISTERS, SavedRun, SavedState, Statistics};

use super::{
    Done, Frame, HEAD, Load, Malformed, Reply, Start, decode_call, decode_reply, decode_start, encode_call,
    encode_done, encode_failure, encode_start, encode_state, kind, read_head,
};

/// Numbers that are the same in each run (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, most: usize) -> usize {
        (self.next() % most as u64) as usize
    }
}

fn payload(frame: &mut Frame) -> Vec<u8> {
    let bytes = frame.finish(0).to_vec();
    let (_, length) = read_head(bytes[..HEAD].try_into().expect("a head")).expect("a good head");
    assert_eq!(length as usize, bytes.len() - HEAD);
    bytes[HEAD..].to_vec()
}

fn done(outcome: Result<(), CallError>) -> Frame {
    let mut frame = Frame::default();
    let statistics = Statistics { exits: 3, fuel_used: 5, opened_bytes: 7, ..Statistics::default() };
    encode_done(&mut frame, &Done { spent: true, clean: false, statistics, outcome });
    frame
}

fn state() -> SavedState {
    let run = |address, length: usize| SavedRun { address, bytes: vec![address as u8; length] };
    SavedState {
        registers: std::array::from_fn(|index| index as u64),
        runs: vec![run(1, 4096), run(2, 8192)],
    }
}

/// Good frames, by their kinds.
fn good() -> Vec<(u32, Vec<u8>)> {
    let error =
        CallError { code: ErrorCode::Trap, detail: -7, message: "no".into(), backtrace: "0\tf\t0x1".into() };
    let mut state_frame = payload(&mut encode_state(&state()));
    state().runs.iter().for_each(|run| state_frame.extend(&run.bytes));
    vec![
        (kind::HELLO, vec![1, 0, 0, 0]),
        (kind::READY, Vec::new()),
        (kind::HOST_CALL, vec![7, 0, 0, 0, 1, 2, 3]),
        (kind::RECORD, vec![1, 0, 0, 0, 0, 0, 0, 0, 9]),
        (kind::DONE, [payload(&mut done(Ok(()))), vec![1, 2]].concat()),
        (kind::DONE, payload(&mut done(Err(error.clone())))),
        (kind::FAILED, payload(&mut encode_failure(&error))),
        (kind::STATE, state_frame),
    ]
}

#[test]
fn good_frames_are_read_as_they_were_written() {
    for (kind, bytes) in good() {
        let reply = decode_reply(kind, &bytes).expect("a good frame");
        match reply {
            Reply::Done(Done { spent, clean, statistics, outcome }) => {
                assert!(spent && !clean);
                assert_eq!((statistics.exits, statistics.fuel_used, statistics.opened_bytes), (3, 5, 7));
                assert!(outcome.map_or_else(|error| error.detail == -7, |bytes| bytes == [1, 2]));
            }
            Reply::State(read) => assert_eq!(read, state()),
            Reply::Failed(error) => assert_eq!((error.code, error.message.as_str()), (ErrorCode::Trap, "no")),
            _ => {}
        }
    }
}

#[test]
fn requests_are_read_as_they_were_written() {
    let limits = Limits { deadline: 5, fuel: 6, ..Limits::default() };
    let load = Load {
        limits,
        seed: Some([9; 32]),
        attachments: vec![(5, true), (0, false)],
        registers: [3; SAVED_REGISTERS],
        runs: vec![(4096, 8192)],
        dirty_log: Some([1, 2, 3, 4]),
    };
    let boot = Start::Boot { limits, seed: None, attachments: vec![(1, false)], input: b"input" };
    for start in
        [Start::Check, boot, Start::Load(load.clone()), Start::Load(Load { dirty_log: None, ..load })]
    {
        assert_eq!(decode_start(&payload(&mut encode_start(&start))), Ok(start));
    }
    let call = Call {
        kind: CallKind::Bytes,
        function: 8,
        input: &[],
        continues: true,
        restore: false,
        exact: false,
    };
    let mut frame = Frame::default();
    encode_call(&mut frame, &limits, &call);
    let bytes = [payload(&mut frame), b"in".to_vec()].concat();
    let (read_limits, read) = decode_call(&bytes).expect("a good call");
    assert_eq!((read_limits, read.function, read.input), (limits, 8, b"in".as_slice()));
    assert!(read.continues && !read.restore);
}

#[test]
fn damaged_frames_are_refused_or_read_within_their_bounds() {
    let mut numbers = Numbers(0x2545_f491_4f6c_dd1d);
    let good = good();
    let mut refused = 0;
    for _ in 0..200_000 {
        let (mut kind, mut bytes) = good[numbers.below(good.len())].clone();
        for _ in 0..=numbers.below(4) {
            match numbers.below(4) {
                0 => kind = 60 + numbers.below(16) as u32,
                1 => bytes.truncate(numbers.below(bytes.len() + 1)),
                2 => bytes.extend(numbers.next().to_le_bytes()),
                _ if bytes.is_empty() => {}
                _ => {
                    let at = numbers.below(bytes.len());
                    bytes[at] = numbers.next() as u8;
                }
            }
        }
        match decode_reply(kind, &bytes) {
            Err(Malformed(what)) => {
                assert!(!what.is_empty());
                refused += 1;
            }
            Ok(Reply::Failed(error) | Reply::Done(Done { outcome: Err(error), .. })) => {
                assert!(error.message.len() <= 3 * bytes.len() && error.code != ErrorCode::None);
            }
            Ok(Reply::State(state)) => {
                assert!(state.runs.iter().map(|run| run.bytes.len()).sum::<usize>() <= bytes.len());
            }
            Ok(_) => {}
        }
    }
    assert!((10_000..200_000).contains(&refused), "{refused} were refused");
}

#[test]
fn heads_have_no_more_than_kind_and_length() {
    let mut head = [0; HEAD];
    head[4] = 1;
    assert!(read_head(&head).is_err());
}
