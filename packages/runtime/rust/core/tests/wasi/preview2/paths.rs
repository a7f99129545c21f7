use super::component::{
    Component, ERROR, EXIST, ILLEGAL_BYTE_SEQUENCE, INVALID, IS_DIRECTORY, NAME_TOO_LONG, NO_ENTRY,
    NOT_DIRECTORY, NOT_EMPTY, NOT_PERMITTED, READ_ONLY,
};

const CREATE: u8 = 1;
const DIRECTORY: u8 = 2;
const EXCLUSIVE: u8 = 4;
const TRUNCATE: u8 = 8;
const READ: u8 = 1;
const WRITE: u8 = 2;

/// The error of a function that has paths at these places, from the root.
fn failure(component: &mut Component, name: &str, paths: &[(usize, &[u8])]) -> u8 {
    let root = component.root();
    let reply = component.call(&format!("wasi:filesystem/types [method]descriptor.{name}"), |image| {
        let image = image.u32(0, root);
        paths.iter().fold(image, |image, (at, path)| image.bytes(*at, path))
    });
    assert_eq!(reply.u8_at(0), ERROR, "{name}");
    let payload = match name {
        "readlink-at" => 4,
        "stat-at" | "metadata-hash-at" => 8,
        _ => 1,
    };
    reply.u8_at(payload)
}

#[test]
fn paths_stay_below_their_directory() {
    let mut component = Component::new();
    let data = component.open("data");
    for (path, outcome) in [
        (&b"numbers.txt"[..], Ok(())),
        (b"./deep//er/../er/leaf", Ok(())),
        (b"deep/..", Ok(())),
        (b"deep/", Ok(())),
        (b"", Err(NO_ENTRY)),
        (b"none", Err(NO_ENTRY)),
        (b"none/none", Err(NO_ENTRY)),
        (b"empty/", Err(NOT_DIRECTORY)),
        (b"empty/x", Err(NOT_DIRECTORY)),
        (b"/hello.txt", Err(NOT_PERMITTED)),
        (b"..", Err(NOT_PERMITTED)),
        (b"../hello.txt", Err(NOT_PERMITTED)),
        (b"deep/../../data/empty", Err(NOT_PERMITTED)),
        (b"nul\0inside", Err(INVALID)),
        (b"\xff", Err(ILLEGAL_BYTE_SEQUENCE)),
        (&[b'x'; 256], Err(NAME_TOO_LONG)),
        (&[b'/'; 4097], Err(NAME_TOO_LONG)),
        (&[b'x'; 60_000], Err(NAME_TOO_LONG)),
    ] {
        let opened = component.open_with(data, path, 0, READ).map(drop);
        assert_eq!(opened, outcome, "{}", String::from_utf8_lossy(path));
    }
    let file = component.open("hello.txt");
    assert_eq!(component.open_with(file, b"x", 0, READ), Err(NOT_DIRECTORY));
}

#[test]
fn opening_creates_and_changes_nothing() {
    let mut component = Component::new();
    let root = component.root();
    for (path, open, flags, outcome) in [
        ("hello.txt", CREATE, READ, Ok(())),
        ("hello.txt", CREATE | EXCLUSIVE, READ, Err(EXIST)),
        ("hello.txt", DIRECTORY, READ, Err(NOT_DIRECTORY)),
        ("hello.txt", TRUNCATE, READ, Err(READ_ONLY)),
        ("hello.txt", 0, READ | WRITE, Err(READ_ONLY)),
        ("data", DIRECTORY, READ, Ok(())),
        ("data", 0, WRITE, Err(IS_DIRECTORY)),
        ("data", 0, 1 << 5, Err(READ_ONLY)),
        ("new", 0, READ, Err(NO_ENTRY)),
        ("new", CREATE, READ | WRITE, Err(READ_ONLY)),
        ("new", CREATE | DIRECTORY, READ, Err(INVALID)),
    ] {
        let opened = component.open_with(root, path.as_bytes(), open, flags).map(drop);
        assert_eq!(opened, outcome, "{path} {open} {flags}");
    }
}

#[test]
fn creating_and_removing_fail_like_on_a_read_only_disk() {
    let mut component = Component::new();
    for (name, path, code) in [
        ("create-directory-at", &b"new"[..], READ_ONLY),
        ("create-directory-at", b"data", EXIST),
        ("create-directory-at", b"missing/new", NO_ENTRY),
        ("create-directory-at", b"hello.txt/new", NOT_DIRECTORY),
        ("create-directory-at", b"../new", NOT_PERMITTED),
        ("remove-directory-at", b"data/deep", NOT_EMPTY),
        ("remove-directory-at", b"hello.txt", NOT_DIRECTORY),
        ("remove-directory-at", b"new", NO_ENTRY),
        ("unlink-file-at", b"hello.txt", READ_ONLY),
        ("unlink-file-at", b"data", IS_DIRECTORY),
        ("unlink-file-at", b"new", NO_ENTRY),
        ("unlink-file-at", b"hello.txt/", NOT_DIRECTORY),
        ("unlink-file-at", b"\xff", ILLEGAL_BYTE_SEQUENCE),
        ("readlink-at", b"hello.txt", INVALID),
        ("readlink-at", b"new", NO_ENTRY),
    ] {
        assert_eq!(
            failure(&mut component, name, &[(4, path)]),
            code,
            "{name} {}",
            String::from_utf8_lossy(path)
        );
    }
    for (name, path, code) in [
        ("stat-at", &b"new"[..], NO_ENTRY),
        ("stat-at", b"\xff", ILLEGAL_BYTE_SEQUENCE),
        ("metadata-hash-at", b"..", NOT_PERMITTED),
        ("set-times-at", b"hello.txt", READ_ONLY),
        ("set-times-at", b"new", NO_ENTRY),
    ] {
        assert_eq!(failure(&mut component, name, &[(8, path)]), code, "{name}");
    }
}

#[test]
fn links_and_renames_fail_like_on_a_read_only_disk() {
    let mut component = Component::new();
    let root = component.root();
    assert_eq!(root, 0, "a place that no handle is written to means the root");
    for (old, new, link, rename, symlink) in [
        (&b"hello.txt"[..], &b"new"[..], READ_ONLY, READ_ONLY, READ_ONLY),
        (b"hello.txt", b"data/empty", EXIST, READ_ONLY, EXIST),
        (b"missing", b"new", NO_ENTRY, NO_ENTRY, READ_ONLY),
        (b"hello.txt", b"missing/new", NO_ENTRY, NO_ENTRY, NO_ENTRY),
        (b"hello.txt", b"../new", NOT_PERMITTED, NOT_PERMITTED, NOT_PERMITTED),
        (b"", b"new", NO_ENTRY, NO_ENTRY, NO_ENTRY),
        (b"\xff", b"new", ILLEGAL_BYTE_SEQUENCE, ILLEGAL_BYTE_SEQUENCE, ILLEGAL_BYTE_SEQUENCE),
    ] {
        let text = String::from_utf8_lossy(old);
        assert_eq!(failure(&mut component, "link-at", &[(8, old), (20, new)]), link, "link {text}");
        assert_eq!(failure(&mut component, "rename-at", &[(4, old), (16, new)]), rename, "rename {text}");
        assert_eq!(failure(&mut component, "symlink-at", &[(4, old), (12, new)]), symlink, "symlink {text}");
    }
}
