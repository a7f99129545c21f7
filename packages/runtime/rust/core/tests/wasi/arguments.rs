use std::borrow::Cow;

use crate::harness::{BUFFER, END, FILES, Program, RESULT};
use crate::numbers::{FAULT, SUCCESS};
use crate::wasi::{RunError, WasiState};

/// The strings that a pair of functions gives, checked for their pointers.
fn strings(program: &mut Program, kind: &str) -> Vec<String> {
    assert_eq!(program.call(&format!("{kind}_sizes_get"), &[RESULT, RESULT + 4]), SUCCESS);
    let (count, length) = (u64::from(program.u32_at(RESULT)), u64::from(program.u32_at(RESULT + 4)));
    let bytes = BUFFER + 4 * count;
    assert_eq!(program.call(&format!("{kind}_get"), &[BUFFER, bytes]), SUCCESS);
    let all = program.read(bytes, length);
    let pointers: Vec<u64> = (0..count).map(|index| u64::from(program.u32_at(BUFFER + 4 * index))).collect();
    let read = |pointer: u64| {
        let rest = &all[(pointer - bytes) as usize..];
        let end = rest.iter().position(|byte| *byte == 0).expect("a terminator");
        String::from_utf8(rest[..end].to_vec()).expect("UTF-8")
    };
    let strings: Vec<String> = pointers.into_iter().map(read).collect();
    assert_eq!(strings.iter().map(|string| string.len() as u64 + 1).sum::<u64>(), length);
    strings
}

#[test]
fn gives_arguments_and_environment() {
    let mut program = Program::new();
    program.reset(&["tool", "", "größe"], &["A=1", "B=x=y"], b"");
    assert_eq!(strings(&mut program, "args"), ["tool", "", "größe"]);
    assert_eq!(strings(&mut program, "environ"), ["A=1", "B=x=y"]);
}

#[test]
fn has_none_before_the_first_run() {
    let mut program = Program::new();
    assert_eq!(strings(&mut program, "args"), [""; 0]);
    assert_eq!(strings(&mut program, "environ"), [""; 0]);
}

#[test]
fn a_new_run_replaces_everything() {
    let mut program = Program::new();
    program.reset(&["one", "two"], &["SECRET=1"], b"input");
    program.open("hello.txt");
    assert_eq!(program.read_fd(0, 2), Ok(b"in".to_vec()));
    assert_eq!(program.call("fd_close", &[1]), SUCCESS);
    program.reset(&["three"], &[], b"new");
    assert_eq!(strings(&mut program, "args"), ["three"]);
    assert_eq!(strings(&mut program, "environ"), [""; 0]);
    assert_eq!(program.read_fd(0, 10), Ok(b"new".to_vec()));
    assert_eq!(program.call("fd_sync", &[1]), SUCCESS);
    assert_eq!(program.open("hello.txt"), 4);
}

#[test]
fn fails_where_the_strings_do_not_fit_memory() {
    let mut program = Program::new();
    program.reset(&["tool", "argument"], &[], b"");
    assert_eq!(program.call("args_get", &[END - 7, BUFFER]), FAULT);
    assert_eq!(program.call("args_get", &[BUFFER, END - 13]), FAULT);
    assert_eq!(program.call("args_get", &[END - 8, BUFFER]), SUCCESS);
    assert_eq!(program.call("args_get", &[BUFFER, END - 14]), SUCCESS);
    assert_eq!(program.call("args_sizes_get", &[END, RESULT]), FAULT);
    assert_eq!(program.call("args_sizes_get", &[RESULT, u64::from(u32::MAX)]), FAULT);
}

#[test]
fn refuses_arguments_that_no_program_can_be_given() {
    let mut state = WasiState::new(FILES.iter().copied()).expect("a tree");
    let long = "x".repeat(16 << 20);
    assert_eq!(state.reset(["a\0b"], [], Cow::Borrowed(b"")), Err(RunError::Nul));
    assert_eq!(state.reset([], ["A=\0"], Cow::Borrowed(b"")), Err(RunError::Nul));
    assert_eq!(state.reset([long.as_str()], [], Cow::Borrowed(b"")), Err(RunError::TooLong));
    assert_eq!(state.reset(["fine"], ["A=1"], Cow::Borrowed(b"")), Ok(()));
}
