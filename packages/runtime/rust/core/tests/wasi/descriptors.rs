use crate::harness::{BUFFER, END, PATH, Program, RESULT};
use crate::numbers::{BADF, FAULT, MFILE, NAMETOOLONG, READ_RIGHTS, SUCCESS};

#[test]
fn numbers_are_reused_from_the_lowest() {
    let mut program = Program::new();
    assert_eq!((program.open("hello.txt"), program.open("hello.txt")), (4, 5));
    assert_eq!(program.call("fd_close", &[4]), SUCCESS);
    assert_eq!(program.call("fd_close", &[4]), BADF);
    assert_eq!(program.call("fd_close", &[0]), SUCCESS);
    assert_eq!((program.open("hello.txt"), program.open("hello.txt")), (0, 4));
    assert_eq!(program.call("fd_close", &[u64::from(u32::MAX)]), BADF);
}

#[test]
fn the_table_is_bounded() {
    let mut program = Program::new();
    for fd in 4..1024 {
        assert_eq!(program.open("hello.txt"), fd);
    }
    assert_eq!(program.open_with("hello.txt", 0, READ_RIGHTS), Err(MFILE));
    assert_eq!(program.call("fd_close", &[500]), SUCCESS);
    assert_eq!(program.open("hello.txt"), 500);
}

#[test]
fn renumbering_moves_an_open_descriptor_onto_another() {
    let mut program = Program::new();
    let (first, second) = (program.open("hello.txt"), program.open("data/numbers.txt"));
    assert_eq!(program.read_fd(second, 3), Ok(b"012".to_vec()));
    assert_eq!(program.call("fd_renumber", &[second, first]), SUCCESS);
    assert_eq!(program.read_fd(first, 3), Ok(b"345".to_vec()));
    assert_eq!(program.read_fd(second, 3), Err(BADF));
    assert_eq!(program.call("fd_renumber", &[first, first]), SUCCESS);
    assert_eq!(program.call("fd_renumber", &[first, 600]), BADF);
    assert_eq!(program.call("fd_renumber", &[600, first]), BADF);
    assert_eq!(program.read_fd(first, 1), Ok(b"6".to_vec()));
    assert_eq!(program.call("fd_renumber", &[first, 0]), SUCCESS);
    assert_eq!(program.read_fd(0, 1), Ok(b"7".to_vec()));
}

#[test]
fn the_root_is_the_only_preopened_directory() {
    let mut program = Program::new();
    assert_eq!(program.call("fd_prestat_get", &[3, RESULT]), SUCCESS);
    assert_eq!(program.read(RESULT, 8), [0, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(program.call("fd_prestat_dir_name", &[3, BUFFER, 1]), SUCCESS);
    assert_eq!(program.read(BUFFER, 1), b"/");
    assert_eq!(program.call("fd_prestat_dir_name", &[3, BUFFER, 100]), SUCCESS);
    assert_eq!(program.call("fd_prestat_dir_name", &[3, BUFFER, 0]), NAMETOOLONG);
    assert_eq!(program.call("fd_prestat_dir_name", &[3, END, 1]), FAULT);
    let directory = program.open("data");
    for fd in [0, 1, 2, 4, directory] {
        assert_eq!(program.call("fd_prestat_get", &[fd, RESULT]), BADF);
        assert_eq!(program.call("fd_prestat_dir_name", &[fd, PATH, 10]), BADF);
    }
}
