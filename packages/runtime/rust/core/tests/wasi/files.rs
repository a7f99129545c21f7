use crate::harness::{BUFFER, END, Program, RESULT, VECTORS};
use crate::numbers::{BADF, FAULT, FD_READ, FD_SEEK, FD_TELL, INVAL, NOTCAPABLE, ROFS, SPIPE, SUCCESS};

fn seek(program: &mut Program, fd: u64, offset: i64, whence: u64) -> Result<u64, u32> {
    match program.call("fd_seek", &[fd, offset.cast_unsigned(), whence, RESULT]) {
        SUCCESS => Ok(program.u64_at(RESULT)),
        errno => Err(errno),
    }
}

#[test]
fn seeks_from_start_position_and_end() {
    let mut program = Program::new();
    let fd = program.open("data/numbers.txt");
    assert_eq!(seek(&mut program, fd, 4, 0), Ok(4));
    assert_eq!(seek(&mut program, fd, -1, 1), Ok(3));
    assert_eq!(program.read_fd(fd, 2), Ok(b"34".to_vec()));
    assert_eq!(program.call("fd_tell", &[fd, RESULT]), SUCCESS);
    assert_eq!(program.u64_at(RESULT), 5);
    assert_eq!(seek(&mut program, fd, -3, 2), Ok(7));
    assert_eq!(program.read_fd(fd, 9), Ok(b"789".to_vec()));
    assert_eq!(seek(&mut program, fd, 100, 2), Ok(110));
    assert_eq!(program.read_fd(fd, 9), Ok(vec![]));
}

#[test]
fn refuses_positions_that_do_not_exist() {
    let mut program = Program::new();
    let fd = program.open("data/numbers.txt");
    assert_eq!(seek(&mut program, fd, 3, 0), Ok(3));
    assert_eq!(seek(&mut program, fd, -4, 1), Err(INVAL));
    assert_eq!(seek(&mut program, fd, -1, 0), Err(INVAL));
    assert_eq!(seek(&mut program, fd, -11, 2), Err(INVAL));
    assert_eq!(seek(&mut program, fd, i64::MAX, 1), Err(INVAL));
    assert_eq!(seek(&mut program, fd, 0, 3), Err(INVAL));
    assert_eq!(program.call("fd_seek", &[fd, 0, 0, END - 7]), FAULT);
    assert_eq!(seek(&mut program, fd, 0, 1), Ok(3), "nothing of that moved it");
    assert_eq!(seek(&mut program, 3, 0, 1), Err(BADF));
    assert_eq!(seek(&mut program, 77, 0, 1), Err(BADF));
}

#[test]
fn rights_can_be_given_up_and_not_taken_back() {
    let mut program = Program::new();
    let fd = program.open("data/numbers.txt");
    let set = |program: &mut Program, rights| program.call("fd_fdstat_set_rights", &[fd, rights, 0]);
    assert_eq!(set(&mut program, FD_READ | FD_TELL), SUCCESS);
    assert_eq!(seek(&mut program, fd, 1, 0), Err(NOTCAPABLE));
    assert_eq!(seek(&mut program, fd, 0, 1), Ok(0), "the right to tell is enough");
    program.vectors(&[(BUFFER, 4)]);
    assert_eq!(program.call("fd_pread", &[fd, VECTORS, 1, 0, RESULT]), NOTCAPABLE);
    assert_eq!(set(&mut program, FD_READ | FD_SEEK), NOTCAPABLE);
    assert_eq!(program.call("fd_fdstat_set_rights", &[fd, 0, FD_READ]), NOTCAPABLE);
    assert_eq!(program.read_fd(fd, 2), Ok(b"01".to_vec()));
    assert_eq!(set(&mut program, 0), SUCCESS);
    assert_eq!(program.read_fd(fd, 2), Err(BADF));
    assert_eq!(program.call("fd_tell", &[fd, RESULT]), NOTCAPABLE);
    assert_eq!(program.call("fd_filestat_get", &[fd, RESULT]), NOTCAPABLE);
}

#[test]
fn flags_are_kept() {
    let mut program = Program::new();
    let fd = program.open("data/numbers.txt");
    for fd in [fd, 0, 1] {
        assert_eq!(program.call("fd_fdstat_set_flags", &[fd, 4]), SUCCESS);
        assert_eq!(program.call("fd_fdstat_get", &[fd, RESULT]), SUCCESS);
        assert_eq!(program.read(RESULT + 2, 2), [4, 0]);
    }
    assert_eq!(program.call("fd_fdstat_set_flags", &[fd, 32]), INVAL);
    assert_eq!(program.call("fd_fdstat_set_flags", &[44, 0]), BADF);
}

#[test]
fn advice_and_syncing_are_accepted() {
    let mut program = Program::new();
    let fd = program.open("data/numbers.txt");
    assert_eq!(program.call("fd_advise", &[fd, 0, 10, 5]), SUCCESS);
    assert_eq!(program.call("fd_advise", &[fd, 0, 10, 6]), INVAL);
    assert_eq!(program.call("fd_advise", &[fd, u64::MAX, 10, 0]), INVAL);
    assert_eq!(program.call("fd_advise", &[1, 0, 0, 0]), SPIPE);
    for name in ["fd_sync", "fd_datasync"] {
        assert_eq!(program.call(name, &[1]), SUCCESS);
        assert_eq!(program.call(name, &[3]), SUCCESS);
        assert_eq!(program.call(name, &[0]), INVAL);
        assert_eq!(program.call(name, &[50]), BADF);
    }
    assert_eq!(program.call("fd_sync", &[fd]), SUCCESS);
}

#[test]
fn open_files_cannot_be_changed() {
    let mut program = Program::new();
    let fd = program.open("data/numbers.txt");
    assert_eq!(program.call("fd_allocate", &[fd, 0, 100]), NOTCAPABLE);
    assert_eq!(program.call("fd_filestat_set_size", &[fd, 0]), NOTCAPABLE);
    assert_eq!(program.call("fd_allocate", &[3, 0, 100]), BADF);
    assert_eq!(program.call("fd_filestat_set_size", &[3, 0]), BADF);
    assert_eq!(program.call("fd_filestat_set_times", &[fd, 1, 1, 5]), ROFS);
    assert_eq!(program.call("fd_filestat_set_times", &[3, 1, 1, 10]), ROFS);
    assert_eq!(program.call("fd_filestat_set_times", &[fd, 1, 1, 3]), INVAL);
    assert_eq!(program.call("fd_filestat_set_times", &[fd, 1, 1, 16]), INVAL);
    assert_eq!(program.call("fd_filestat_set_times", &[1, 1, 1, 5]), NOTCAPABLE);
}
