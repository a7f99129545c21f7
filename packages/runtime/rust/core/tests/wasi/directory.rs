use crate::harness::{BUFFER, END, Program, RESULT};
use crate::numbers::{BADF, DIRECTORY, FAULT, NOTDIR, REGULAR_FILE, SUCCESS};

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    next: u64,
    inode: u64,
    kind: u8,
    name: String,
}

/// Reads entries from `cookie` with a buffer of `length`; whole entries only, and whether there is more.
fn page(program: &mut Program, fd: u64, length: u64, cookie: u64) -> (Vec<Entry>, bool) {
    assert_eq!(program.call("fd_readdir", &[fd, BUFFER, length, cookie, RESULT]), SUCCESS);
    let used = u64::from(program.u32_at(RESULT));
    let mut entries = Vec::new();
    let mut at = 0;
    while at + 24 <= used {
        let head = BUFFER + at;
        let name_length = u64::from(program.u32_at(head + 16));
        if at + 24 + name_length > used {
            break;
        }
        entries.push(Entry {
            next: program.u64_at(head),
            inode: program.u64_at(head + 8),
            kind: program.read(head + 20, 1)[0],
            name: String::from_utf8(program.read(head + 24, name_length)).expect("UTF-8"),
        });
        at += 24 + name_length;
    }
    (entries, used == length)
}

fn inode(program: &mut Program, fd: u64) -> u64 {
    assert_eq!(program.call("fd_filestat_get", &[fd, RESULT]), SUCCESS);
    program.u64_at(RESULT + 8)
}

#[test]
fn lists_dots_and_entries_with_types_and_inodes() {
    let mut program = Program::new();
    let data = program.open("data");
    let (entries, more) = page(&mut program, data, 4096, 0);
    assert!(!more);
    let shown: Vec<_> = entries.iter().map(|entry| (entry.next, entry.kind, entry.name.as_str())).collect();
    let expected = [
        (1, DIRECTORY, "."),
        (2, DIRECTORY, ".."),
        (3, DIRECTORY, "deep"),
        (4, REGULAR_FILE, "empty"),
        (5, REGULAR_FILE, "numbers.txt"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(entries[0].inode, inode(&mut program, data));
    assert_eq!(entries[1].inode, inode(&mut program, 3));
    let file = program.open("data/numbers.txt");
    assert_eq!(entries[4].inode, inode(&mut program, file));
}

#[test]
fn the_root_is_its_own_parent() {
    let mut program = Program::new();
    let (entries, _) = page(&mut program, 3, 4096, 0);
    let names: Vec<_> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, [".", "..", "data", "hello.txt"]);
    assert_eq!(entries[0].inode, entries[1].inode);
}

#[test]
fn cookies_continue_at_any_buffer_size() {
    let mut program = Program::new();
    let data = program.open("data");
    let (all, _) = page(&mut program, data, 4096, 0);
    // 35 bytes hold the longest entry and nothing else whole.
    for length in [35, 36, 48, 50, 77, 200] {
        let mut entries = Vec::new();
        loop {
            let (mut some, more) = page(&mut program, data, length, entries.len() as u64);
            entries.append(&mut some);
            if !more {
                break;
            }
        }
        assert_eq!(entries, all, "buffer of {length}");
    }
}

#[test]
fn a_short_buffer_is_filled_to_its_end() {
    let mut program = Program::new();
    for length in [0, 1, 23, 24, 25, 30] {
        assert_eq!(program.call("fd_readdir", &[3, BUFFER, length, 0, RESULT]), SUCCESS);
        assert_eq!(u64::from(program.u32_at(RESULT)), length);
    }
}

#[test]
fn a_cookie_behind_the_end_gives_nothing() {
    let mut program = Program::new();
    for cookie in [4, 5, 1 << 40, u64::MAX] {
        assert_eq!(page(&mut program, 3, 4096, cookie), (vec![], false));
    }
}

#[test]
fn only_directories_are_listed() {
    let mut program = Program::new();
    let file = program.open("hello.txt");
    assert_eq!(program.call("fd_readdir", &[file, BUFFER, 100, 0, RESULT]), NOTDIR);
    assert_eq!(program.call("fd_readdir", &[0, BUFFER, 100, 0, RESULT]), NOTDIR);
    assert_eq!(program.call("fd_readdir", &[30, BUFFER, 100, 0, RESULT]), BADF);
    assert_eq!(program.call("fd_readdir", &[3, END - 10, 11, 0, RESULT]), FAULT);
    assert_eq!(program.call("fd_readdir", &[3, BUFFER, 100, 0, END]), FAULT);
}
