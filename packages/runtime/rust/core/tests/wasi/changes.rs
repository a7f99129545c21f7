use crate::harness::{BUFFER, PATH, Program, RESULT, SECOND_PATH};
use crate::numbers::{
    BADF, DIRECTORY, EXIST, INVAL, ISDIR, NOENT, NOTDIR, NOTEMPTY, PERM, REGULAR_FILE, ROFS, SUCCESS,
};

#[test]
fn stats_paths() {
    let mut program = Program::new();
    for (path, kind, size) in [("hello.txt", REGULAR_FILE, 13), ("data", DIRECTORY, 0), (".", DIRECTORY, 0)] {
        program.write(PATH, path.as_bytes());
        program.write(RESULT, &[0xff; 64]);
        let arguments = [3, 1, PATH, path.len() as u64, RESULT];
        assert_eq!(program.call("path_filestat_get", &arguments), SUCCESS);
        assert_eq!(program.read(RESULT + 16, 8), [kind, 0, 0, 0, 0, 0, 0, 0], "{path}");
        assert_eq!(program.u64_at(RESULT + 24), 1);
        assert_eq!(program.u64_at(RESULT + 32), size);
        assert_eq!(program.read(RESULT + 40, 24), [0; 24]);
        let through_path = program.read(RESULT, 64);
        let fd = program.open(path);
        assert_eq!(program.call("fd_filestat_get", &[fd, RESULT]), SUCCESS);
        assert_eq!(program.read(RESULT, 64), through_path, "the same file either way");
    }
    program.write(PATH, b"none");
    assert_eq!(program.call("path_filestat_get", &[3, 0, PATH, 4, RESULT]), NOENT);
    assert_eq!(program.call("path_filestat_get", &[3, 2, PATH, 4, RESULT]), INVAL);
    assert_eq!(program.call("path_filestat_get", &[1, 0, PATH, 4, RESULT]), NOTDIR);
}

#[test]
fn creating_and_removing_fail_like_on_a_read_only_disk() {
    let mut program = Program::new();
    for (name, path, errno) in [
        ("path_create_directory", "new", ROFS),
        ("path_create_directory", "data", EXIST),
        ("path_create_directory", "missing/new", NOENT),
        ("path_create_directory", "hello.txt/new", NOTDIR),
        ("path_create_directory", "../new", PERM),
        ("path_remove_directory", "data/deep", NOTEMPTY),
        ("path_remove_directory", "hello.txt", NOTDIR),
        ("path_remove_directory", "new", NOENT),
        ("path_unlink_file", "hello.txt", ROFS),
        ("path_unlink_file", "data", ISDIR),
        ("path_unlink_file", "new", NOENT),
        ("path_unlink_file", "hello.txt/", NOTDIR),
    ] {
        assert_eq!(program.call_path(name, 3, path, &[]), errno, "{name} {path}");
        assert_eq!(program.call_path(name, 90, path, &[]), BADF, "{name} {path}");
    }
}

#[test]
fn links_and_renames_fail_like_on_a_read_only_disk() {
    let mut program = Program::new();
    for (old, new, link, rename) in [
        ("hello.txt", "new", ROFS, ROFS),
        ("hello.txt", "data/empty", EXIST, ROFS),
        ("missing", "new", NOENT, NOENT),
        ("hello.txt", "missing/new", NOENT, NOENT),
        ("hello.txt", "../new", PERM, PERM),
    ] {
        program.write(PATH, old.as_bytes());
        program.write(SECOND_PATH, new.as_bytes());
        let (old_length, new_length) = (old.len() as u64, new.len() as u64);
        let arguments = [3, 0, PATH, old_length, 3, SECOND_PATH, new_length];
        assert_eq!(program.call("path_link", &arguments), link, "{old} {new}");
        let arguments = [3, PATH, old_length, 3, SECOND_PATH, new_length];
        assert_eq!(program.call("path_rename", &arguments), rename, "{old} {new}");
    }
}

#[test]
fn there_are_no_symbolic_links() {
    let mut program = Program::new();
    program.write(SECOND_PATH, b"anything/at/all");
    let symlink = |program: &mut Program, path: &str| {
        program.write(PATH, path.as_bytes());
        program.call("path_symlink", &[SECOND_PATH, 15, 3, PATH, path.len() as u64])
    };
    assert_eq!(symlink(&mut program, "new"), ROFS);
    assert_eq!(symlink(&mut program, "data"), EXIST);
    assert_eq!(program.call_path("path_readlink", 3, "hello.txt", &[BUFFER, 10, RESULT]), INVAL);
    assert_eq!(program.call_path("path_readlink", 3, "missing", &[BUFFER, 10, RESULT]), NOENT);
}

#[test]
fn times_cannot_be_set() {
    let mut program = Program::new();
    program.write(PATH, b"hello.txt");
    let set = |program: &mut Program, length, flags| {
        program.call("path_filestat_set_times", &[3, 1, PATH, length, 7, 7, flags])
    };
    assert_eq!(set(&mut program, 9, 5), ROFS);
    assert_eq!(set(&mut program, 4, 5), NOENT);
    assert_eq!(set(&mut program, 9, 12), INVAL);
}
