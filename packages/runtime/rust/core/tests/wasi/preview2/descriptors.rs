use super::component::{Component, ERROR, IS_DIRECTORY, Image, NOT_DIRECTORY, OK, READ_ONLY};

const DIRECTORY: u8 = 3;
const REGULAR_FILE: u8 = 6;

fn descriptor(component: &mut Component, name: &str, handle: u32) -> Image {
    component.call(&format!("wasi:filesystem/types [method]descriptor.{name}"), |image| image.u32(0, handle))
}

fn read(component: &mut Component, file: u32, length: u64, offset: u64) -> (Vec<u8>, bool) {
    let name = "wasi:filesystem/types [method]descriptor.read";
    let reply = component.call(name, |image| image.u32(0, file).u64(8, length).u64(16, offset));
    assert_eq!(reply.u8_at(0), OK);
    (reply.bytes_at(4).to_vec(), reply.u8_at(12) != 0)
}

#[test]
fn files_are_read_from_anywhere() {
    let mut component = Component::new();
    let file = component.open("data/numbers.txt");
    assert_eq!(read(&mut component, file, 4, 0), (b"0123".to_vec(), false));
    assert_eq!(read(&mut component, file, 4, 6), (b"6789".to_vec(), true));
    assert_eq!(read(&mut component, file, u64::MAX, 8), (b"89".to_vec(), true));
    assert_eq!(read(&mut component, file, 0, 0), (vec![], false));
    for offset in [10, 11, u64::MAX] {
        assert_eq!(read(&mut component, file, u64::MAX, offset), (vec![], true));
    }
    let directory = component.open("data");
    let reply = descriptor(&mut component, "read", directory);
    assert_eq!((reply.u8_at(0), reply.u8_at(8)), (ERROR, 0));
    assert_eq!(reply.u8_at(4), IS_DIRECTORY);
}

#[test]
fn a_descriptor_says_what_it_is() {
    let mut component = Component::new();
    let root = component.root();
    for (path, kind, size) in [
        ("hello.txt", REGULAR_FILE, 13),
        ("data/empty", REGULAR_FILE, 0),
        ("data", DIRECTORY, 0),
        (".", DIRECTORY, 0),
    ] {
        let handle = component.open(path);
        let ty = descriptor(&mut component, "get-type", handle);
        assert_eq!((ty.u8_at(0), ty.u8_at(1)), (OK, kind), "{path}");
        let flags = descriptor(&mut component, "get-flags", handle);
        assert_eq!((flags.u8_at(0), flags.u8_at(1)), (OK, 1), "only to read");
        let stat = descriptor(&mut component, "stat", handle);
        assert_eq!((stat.u8_at(0), stat.u8_at(8)), (OK, kind), "{path}");
        assert_eq!((stat.u64_at(16), stat.u64_at(24)), (1, size), "links and bytes of {path}");
        assert_eq!([stat.u8_at(32), stat.u8_at(56), stat.u8_at(80)], [0; 3], "no times");
        let at = component.call("wasi:filesystem/types [method]descriptor.stat-at", |image| {
            image.u32(0, root).u8(4, 1).bytes(8, path.as_bytes())
        });
        assert_eq!(at.0, stat.0, "the same by its path");
        let hash = descriptor(&mut component, "metadata-hash", handle);
        let at = component.call("wasi:filesystem/types [method]descriptor.metadata-hash-at", |image| {
            image.u32(0, root).bytes(8, path.as_bytes())
        });
        assert_eq!(at.0, hash.0);
    }
}

#[test]
fn two_descriptors_of_one_file_are_the_same_object() {
    let mut component = Component::new();
    let (one, other) = (component.open("hello.txt"), component.open("data/../hello.txt"));
    let third = component.open("data/empty");
    let mut same = |left, right| {
        let name = "wasi:filesystem/types [method]descriptor.is-same-object";
        component.call(name, |image| image.u32(0, left).u32(4, right)).u8_at(0)
    };
    assert_eq!((same(one, one), same(one, other), same(one, third)), (1, 1, 0));
    let mut hash = |handle| descriptor(&mut component, "metadata-hash", handle).u64_at(8);
    assert_eq!(hash(one), hash(other));
    assert_ne!(hash(one), hash(third));
}

#[test]
fn directories_are_listed_by_name() {
    let mut component = Component::new();
    let list = |component: &mut Component, path: &str| {
        let directory = component.open(path);
        let reply = descriptor(component, "read-directory", directory);
        assert_eq!(reply.u8_at(0), OK);
        let listing = reply.u32_at(4);
        let mut entries = Vec::new();
        loop {
            let name = "wasi:filesystem/types [method]directory-entry-stream.read-directory-entry";
            let entry = component.call(name, |image| image.u32(0, listing));
            assert_eq!(entry.u8_at(0), OK);
            if entry.u8_at(4) == 0 {
                let again = component.call(name, |image| image.u32(0, listing));
                assert_eq!(again.u8_at(4), 0, "the end stays the end");
                return entries;
            }
            entries.push((entry.text_at(12).to_owned(), entry.u8_at(8)));
        }
    };
    let root = [("data".to_owned(), DIRECTORY), ("hello.txt".to_owned(), REGULAR_FILE)];
    assert_eq!(list(&mut component, "."), root);
    let data = [("deep", DIRECTORY), ("empty", REGULAR_FILE), ("numbers.txt", REGULAR_FILE)];
    assert_eq!(list(&mut component, "data"), data.map(|(name, kind)| (name.to_owned(), kind)));
    let file = component.open("hello.txt");
    let reply = descriptor(&mut component, "read-directory", file);
    assert_eq!((reply.u8_at(0), reply.u8_at(4)), (ERROR, NOT_DIRECTORY));
}

#[test]
fn nothing_is_written() {
    let mut component = Component::new();
    let file = component.open("hello.txt");
    for (name, payload) in
        [("write-via-stream", 4), ("append-via-stream", 4), ("write", 8), ("set-size", 1), ("set-times", 1)]
    {
        let reply = descriptor(&mut component, name, file);
        assert_eq!((reply.u8_at(0), reply.u8_at(payload)), (ERROR, READ_ONLY), "{name}");
    }
    for name in ["sync", "sync-data", "advise"] {
        assert_eq!(descriptor(&mut component, name, file).u8_at(0), OK, "{name}");
    }
}
