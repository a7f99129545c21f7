use crate::harness::{BUFFER, END, PATH, Program, RESULT, VECTORS};
use crate::numbers::{BADF, FAULT, INVAL, ISDIR, SPIPE, SUCCESS, UNKNOWN};

#[test]
fn stdin_gives_its_bytes_once() {
    let mut program = Program::new();
    program.reset(&[], &[], b"some input");
    program.vectors(&[(BUFFER, 3), (0, 0), (BUFFER + 100, 4)]);
    assert_eq!(program.call("fd_read", &[0, VECTORS, 3, RESULT]), SUCCESS);
    assert_eq!(program.u32_at(RESULT), 7);
    assert_eq!(program.read(BUFFER, 3), b"som");
    assert_eq!(program.read(BUFFER + 100, 4), b"e in");
    assert_eq!(program.read_fd(0, 100), Ok(b"put".to_vec()));
    assert_eq!(program.read_fd(0, 100), Ok(vec![]));
}

#[test]
fn writes_go_to_their_stream_in_order() {
    let mut program = Program::new();
    program.write(BUFFER, b"hello, world");
    program.vectors(&[(BUFFER, 5), (BUFFER, 0), (BUFFER + 5, 7)]);
    assert_eq!(program.call("fd_write", &[1, VECTORS, 3, RESULT]), SUCCESS);
    assert_eq!(program.u32_at(RESULT), 12);
    assert_eq!(program.call("fd_write", &[2, VECTORS, 1, RESULT]), SUCCESS);
    assert_eq!(program.host().stdout, b"hello, world");
    assert_eq!(program.host().stderr, b"hello");
}

#[test]
fn a_bad_vector_moves_nothing() {
    let mut program = Program::new();
    program.reset(&[], &[], b"input");
    program.vectors(&[(BUFFER, 2), (END - 1, 2)]);
    assert_eq!(program.call("fd_read", &[0, VECTORS, 2, RESULT]), FAULT);
    assert_eq!(program.call("fd_write", &[1, VECTORS, 2, RESULT]), FAULT);
    assert_eq!(program.call("fd_write", &[1, END - 4, 1, RESULT]), FAULT);
    assert_eq!(program.call("fd_write", &[1, VECTORS, 1, END - 3]), FAULT);
    assert_eq!(program.host().stdout, b"");
    assert_eq!(program.read_fd(0, 10), Ok(b"input".to_vec()));
}

#[test]
fn an_empty_buffer_may_lie_anywhere() {
    let mut program = Program::new();
    program.vectors(&[(u64::from(u32::MAX), 0)]);
    assert_eq!(program.call("fd_write", &[1, VECTORS, 1, RESULT]), SUCCESS);
    assert_eq!(program.u32_at(RESULT), 0);
    assert_eq!(program.call("fd_write", &[1, END + 1, 0, RESULT]), SUCCESS);
}

#[test]
fn many_vectors_are_a_short_write() {
    let mut program = Program::new();
    program.write(BUFFER, b"x");
    let vector = [(BUFFER as u32).to_le_bytes(), 1_u32.to_le_bytes()].concat();
    program.write(BUFFER + 8, &vector.repeat(2000));
    assert_eq!(program.call("fd_write", &[1, BUFFER + 8, 2000, RESULT]), SUCCESS);
    assert_eq!(program.u32_at(RESULT), 1024);
    assert_eq!(program.host().stdout.len(), 1024);
}

#[test]
fn reading_into_the_vectors_themselves_is_survived() {
    let mut program = Program::new();
    program.reset(&[], &[], &[0xff; 64]);
    program.vectors(&[(VECTORS, 16), (BUFFER, 16)]);
    assert_eq!(program.call("fd_read", &[0, VECTORS, 2, RESULT]), FAULT);
}

#[test]
fn streams_have_one_direction_and_no_position() {
    let mut program = Program::new();
    program.vectors(&[(BUFFER, 4)]);
    assert_eq!(program.call("fd_write", &[0, VECTORS, 1, RESULT]), BADF);
    assert_eq!(program.call("fd_read", &[1, VECTORS, 1, RESULT]), BADF);
    assert_eq!(program.call("fd_read", &[9, VECTORS, 1, RESULT]), BADF);
    assert_eq!(program.call("fd_write", &[9, VECTORS, 1, RESULT]), BADF);
    assert_eq!(program.call("fd_read", &[3, VECTORS, 1, RESULT]), ISDIR);
    assert_eq!(program.call("fd_write", &[3, VECTORS, 1, RESULT]), BADF);
    assert_eq!(program.call("fd_pread", &[0, VECTORS, 1, 0, RESULT]), SPIPE);
    assert_eq!(program.call("fd_pwrite", &[1, VECTORS, 1, 0, RESULT]), SPIPE);
    assert_eq!(program.call("fd_seek", &[0, 0, 0, RESULT]), SPIPE);
    assert_eq!(program.call("fd_tell", &[2, RESULT]), SPIPE);
}

#[test]
fn streams_are_no_terminals() {
    let mut program = Program::new();
    for fd in 0..3 {
        assert_eq!(program.call("fd_fdstat_get", &[fd, RESULT]), SUCCESS);
        assert_eq!(program.read(RESULT, 1), [UNKNOWN]);
        assert_eq!(program.call("fd_filestat_get", &[fd, RESULT]), SUCCESS);
        assert_eq!(program.read(RESULT + 16, 1), [UNKNOWN]);
        assert_eq!(program.u64_at(RESULT + 8), fd + 1, "each stream is a file of its own");
    }
}

#[test]
fn an_error_of_the_host_unwinds_the_program() {
    let mut program = Program::new();
    program.host().refuse_output = true;
    program.vectors(&[(BUFFER, 4)]);
    let error = program.try_call("fd_write", &[1, VECTORS, 1, RESULT]).expect_err("the host refuses");
    assert_eq!(error.root_cause().to_string(), "the log is full");
}

#[test]
fn files_are_read_from_their_position() {
    let mut program = Program::new();
    let fd = program.open("data/numbers.txt");
    assert_eq!(program.read_fd(fd, 4), Ok(b"0123".to_vec()));
    program.vectors(&[(BUFFER, 3), (BUFFER + 3, 100)]);
    assert_eq!(program.call("fd_pread", &[fd, VECTORS, 2, 5, RESULT]), SUCCESS);
    assert_eq!(program.read(BUFFER, u64::from(program.u32_at(RESULT))), b"56789");
    assert_eq!(program.read_fd(fd, 100), Ok(b"456789".to_vec()));
    assert_eq!(program.read_fd(fd, 100), Ok(vec![]));
    assert_eq!(program.call("fd_pread", &[fd, VECTORS, 2, 11, RESULT]), SUCCESS);
    assert_eq!(program.u32_at(RESULT), 0);
    assert_eq!(program.call("fd_pread", &[fd, VECTORS, 2, u64::MAX, RESULT]), INVAL);
    assert_eq!(program.call("fd_write", &[fd, VECTORS, 1, RESULT]), BADF);
    assert_eq!(program.call("fd_pwrite", &[fd, VECTORS, 1, 0, RESULT]), BADF);
}

#[test]
fn two_descriptors_of_a_file_have_two_positions() {
    let mut program = Program::new();
    let (first, second) = (program.open("hello.txt"), program.open("hello.txt"));
    assert_eq!(program.read_fd(first, 5), Ok(b"hello".to_vec()));
    assert_eq!(program.read_fd(second, 2), Ok(b"he".to_vec()));
    assert_eq!(program.read_fd(first, 2), Ok(b", ".to_vec()));
    let path = program.read(PATH, 5);
    assert_eq!(path, b"hello", "reading touches nothing else");
}
