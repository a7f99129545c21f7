use crate::harness::{END, PATH, Program, RESULT};
use crate::numbers::{
    ALL_RIGHTS, BADF, DIRECTORY, EXIST, FAULT, FD_READ, FD_READDIR, FD_WRITE, ILSEQ, INVAL, ISDIR,
    NAMETOOLONG, NOENT, NOTCAPABLE, NOTDIR, O_CREAT, O_DIRECTORY, O_EXCL, O_TRUNC, PATH_OPEN, PERM,
    READ_RIGHTS, REGULAR_FILE, ROFS, SUCCESS,
};

#[test]
fn opens_files_and_directories() {
    let mut program = Program::new();
    for (path, kind) in [
        ("hello.txt", REGULAR_FILE),
        ("./data//deep/../numbers.txt", REGULAR_FILE),
        ("data/deep/er/leaf", REGULAR_FILE),
        (".", DIRECTORY),
        ("data", DIRECTORY),
        ("data/", DIRECTORY),
        ("data/deep/er/..///", DIRECTORY),
        ("data/..", DIRECTORY),
    ] {
        let fd = program.open(path);
        assert_eq!(program.call("fd_filestat_get", &[fd, RESULT]), SUCCESS);
        assert_eq!(program.read(RESULT + 16, 1), [kind], "{path}");
    }
}

#[test]
fn says_why_a_path_leads_nowhere() {
    let mut program = Program::new();
    for (path, errno) in [
        ("", NOENT),
        ("missing", NOENT),
        ("missing/file", NOENT),
        ("missing/../hello.txt", NOENT),
        ("hello.txt/", NOTDIR),
        ("hello.txt/.", NOTDIR),
        ("hello.txt/..", NOTDIR),
        ("hello.txt/below", NOTDIR),
        ("/hello.txt", PERM),
        ("..", PERM),
        ("../hello.txt", PERM),
        ("data/../../hello.txt", PERM),
        ("hello.txt\0", INVAL),
        (&"x".repeat(256), NAMETOOLONG),
        (&"x/".repeat(2049), NAMETOOLONG),
        (&"x".repeat(255), NOENT),
    ] {
        assert_eq!(program.open_with(path, 0, READ_RIGHTS), Err(errno), "{path}");
    }
}

#[test]
fn cannot_leave_an_opened_directory() {
    let mut program = Program::new();
    let data = program.open("data");
    assert_eq!(program.open_at(data, "../hello.txt", 0, READ_RIGHTS), Err(PERM));
    assert_eq!(program.open_at(data, "deep/../../hello.txt", 0, READ_RIGHTS), Err(PERM));
    assert_eq!(program.open_at(data, "..", 0, READ_RIGHTS), Err(PERM));
    let fd = program.open_at(data, "deep/../numbers.txt", 0, READ_RIGHTS).expect("a path inside");
    assert_eq!(program.read_fd(fd, 2), Ok(b"01".to_vec()));
}

#[test]
fn needs_a_directory_to_start_from() {
    let mut program = Program::new();
    let file = program.open("hello.txt");
    assert_eq!(program.open_at(file, "x", 0, READ_RIGHTS), Err(NOTDIR));
    assert_eq!(program.open_at(0, "x", 0, READ_RIGHTS), Err(NOTDIR));
    assert_eq!(program.open_at(99, "x", 0, READ_RIGHTS), Err(BADF));
}

#[test]
fn the_tree_is_a_read_only_file_system() {
    let mut program = Program::new();
    let write = READ_RIGHTS | FD_WRITE;
    for (path, oflags, rights, errno) in [
        ("hello.txt", 0, write, ROFS),
        ("hello.txt", 0, FD_WRITE, ROFS),
        ("hello.txt", O_TRUNC, READ_RIGHTS, ROFS),
        ("hello.txt", O_CREAT | O_EXCL, write, EXIST),
        ("new", O_CREAT, write, ROFS),
        ("new", O_CREAT, READ_RIGHTS, ROFS),
        ("missing/new", O_CREAT, write, NOENT),
        ("new", O_TRUNC, write, NOENT),
        ("new", O_CREAT | O_DIRECTORY, READ_RIGHTS, INVAL),
        ("data", 0, write, ISDIR),
        ("data", O_DIRECTORY, FD_READ | FD_WRITE, ISDIR),
        ("data", O_TRUNC, READ_RIGHTS, ISDIR),
        ("hello.txt", O_DIRECTORY, READ_RIGHTS, NOTDIR),
        ("hello.txt", 16, READ_RIGHTS, INVAL),
    ] {
        assert_eq!(program.open_with(path, oflags, rights), Err(errno), "{path} {oflags} {rights:#x}");
    }
    program.open_with("hello.txt", O_CREAT, READ_RIGHTS).expect("it exists");
    program.open_with("data", O_DIRECTORY, FD_READ).expect("it is a directory");
}

#[test]
fn a_directory_opens_again_with_the_rights_it_shows() {
    let mut program = Program::new();
    assert_eq!(program.call("fd_fdstat_get", &[3, RESULT]), SUCCESS);
    assert_eq!(program.read(RESULT, 1), [DIRECTORY]);
    let (base, inheriting) = (program.u64_at(RESULT + 8), program.u64_at(RESULT + 16));
    assert_eq!(inheriting & FD_WRITE, FD_WRITE, "or a C library would drop the right before it asks");
    program.write(PATH, b".");
    assert_eq!(program.call("path_open", &[3, 0, PATH, 1, 0, base, inheriting, 0, RESULT]), SUCCESS);
    let again = u64::from(program.u32_at(RESULT));
    assert_eq!(program.call("fd_fdstat_get", &[again, RESULT]), SUCCESS);
    assert_eq!((program.u64_at(RESULT + 8), program.u64_at(RESULT + 16)), (base, inheriting));
}

#[test]
fn rights_pass_on_only_what_was_inherited() {
    let mut program = Program::new();
    program.write(PATH, b"data");
    let narrow = [3, 0, PATH, 4, 0, PATH_OPEN | FD_READDIR, FD_READ, 0, RESULT];
    assert_eq!(program.call("path_open", &narrow), SUCCESS);
    let data = u64::from(program.u32_at(RESULT));
    let open = |program: &mut Program, rights| {
        program.write(PATH, b"empty");
        program.call("path_open", &[data, 0, PATH, 5, 0, rights, 0, 0, RESULT])
    };
    assert_eq!(open(&mut program, READ_RIGHTS), NOTCAPABLE);
    assert_eq!(open(&mut program, FD_READ), SUCCESS);
    assert_eq!(open(&mut program, FD_READ | 1 << 63), SUCCESS, "unknown rights are no reason to refuse");
    let stat = program.call_path("path_unlink_file", data, "empty", &[]);
    assert_eq!(stat, NOTCAPABLE);
    let file = program.open_with("hello.txt", 0, 0).expect("no rights are rights enough to open");
    assert_eq!(program.read_fd(file, 1), Err(BADF));
    assert_eq!(program.open_with("hello.txt", 0, ALL_RIGHTS), Err(ROFS));
}

#[test]
fn checks_pointers_and_flags_before_it_opens() {
    let mut program = Program::new();
    let open = |program: &mut Program, dirflags, path, length, fdflags, opened| {
        program.write(PATH, b"hello.txt");
        program.call("path_open", &[3, dirflags, path, length, 0, FD_READ, 0, fdflags, opened])
    };
    assert_eq!(open(&mut program, 0, END - 4, 9, 0, RESULT), FAULT);
    assert_eq!(open(&mut program, 0, PATH, 9, 0, END - 3), FAULT);
    assert_eq!(open(&mut program, 2, PATH, 9, 0, RESULT), INVAL);
    assert_eq!(open(&mut program, 0, PATH, 9, 32, RESULT), INVAL);
    assert_eq!(open(&mut program, 0, PATH, u64::from(u32::MAX), 0, RESULT), NAMETOOLONG);
    program.write(PATH + 100, &[b'a', 0xff]);
    assert_eq!(open(&mut program, 0, PATH + 100, 2, 0, RESULT), ILSEQ);
    assert_eq!(open(&mut program, 0, PATH, 9, 4, RESULT), SUCCESS);
    assert_eq!(program.u32_at(RESULT), 4, "no failure left a descriptor open");
}
