//! A program that calls anything with anything must not bring the runtime down.

use crate::harness::{PATH, Program, RESULT, VECTORS};
use crate::numbers::{FAULT, SUCCESS};
use crate::signatures::SIGNATURES;
use crate::wasi::Exit;

/// A small generator (xorshift64), so that a failure comes back on each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn argument(&mut self) -> u64 {
        let any = self.next();
        match any % 8 {
            0 => any >> 8 & 0x7,
            1 => any >> 8 & 0x1f,
            2 => any >> 8 & 0xffff,
            3 => 65_536_u64.wrapping_sub(any >> 8 & 0x3f),
            4 => u64::from(u32::MAX) - (any >> 8 & 0x3f),
            5 => u64::MAX - (any >> 8 & 0x3f),
            6 => 1 << (any >> 8 & 0x3f),
            _ => any >> 8,
        }
    }
}

#[test]
fn any_arguments_are_survived() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut program = Program::new();
    program.reset(&["tool", "a"], &["A=1"], &[b'x'; 100]);
    let mut successes = 0;
    for round in 0..200_000_u32 {
        if round % 1000 == 0 {
            // Close most of what was opened, or the table stays full and much is never reached.
            program.reset(&["tool", "a"], &["A=1"], &[b'x'; 100]);
            program.write(1024, b"data/numbers.txt");
            program.host().stdout.clear();
        }
        let (name, parameters, _) = SIGNATURES[(random.next() % SIGNATURES.len() as u64) as usize];
        let arguments: Vec<u64> = parameters.chars().map(|_| random.argument()).collect();
        match program.try_call(name, &arguments) {
            Ok(0) => successes += 1,
            Ok(errno) => assert!(errno <= 76, "{name}{arguments:?}: {errno}"),
            Err(error) => assert!(error.is::<Exit>(), "{name}{arguments:?}: {error:#}"),
        }
    }
    assert!(successes > 5_000, "only {successes} calls did anything");
}

#[test]
fn the_last_address_is_as_good_as_any() {
    const TOP: u64 = 1 << 32;
    let mut program = Program::with_largest_memory();
    program.reset(&["tool", "a"], &[], b"input");
    assert_eq!(program.call("args_get", &[TOP - 8, TOP - 15]), SUCCESS);
    assert_eq!(program.u32_at(TOP - 8), (TOP - 15) as u32);
    assert_eq!(program.call("args_get", &[TOP - 7, RESULT]), FAULT);
    program.vectors(&[(TOP - 3, 3)]);
    assert_eq!(program.call("fd_read", &[0, VECTORS, 1, RESULT]), SUCCESS);
    assert_eq!(program.read(TOP - 3, 3), b"inp");
    program.vectors(&[(TOP - 3, 4)]);
    assert_eq!(program.call("fd_read", &[0, VECTORS, 1, RESULT]), FAULT);
    program.write(TOP - 8, &[0; 8]);
    assert_eq!(program.call("fd_read", &[0, TOP - 8, 1, RESULT]), SUCCESS);
    assert_eq!(program.call("fd_read", &[0, TOP - 8, 2, RESULT]), FAULT);
    program.write(TOP - 48, &[0; 48]);
    assert_eq!(program.call("poll_oneoff", &[TOP - 48, PATH, 1, RESULT]), SUCCESS);
    assert_eq!(program.call("poll_oneoff", &[TOP - 48, PATH, 2, RESULT]), FAULT);
    assert_eq!(program.call("fd_readdir", &[3, TOP - 100, 100, 0, RESULT]), SUCCESS);
    assert_eq!(program.call("random_get", &[TOP - 5, 5]), SUCCESS);
    assert_eq!(program.call("random_get", &[2, u64::from(u32::MAX)]), FAULT);
}
