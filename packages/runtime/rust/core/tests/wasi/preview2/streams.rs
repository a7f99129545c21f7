use super::component::{Component, ERROR, OK};

const TRANSFER: usize = 64 << 10;

fn stream(kind: &str, name: &str) -> String {
    format!("wasi:io/streams [method]{kind}-stream.{name}")
}

/// Reads at most so many bytes; `None` at the end.
fn read(component: &mut Component, name: &str, stream_handle: u32, length: u64) -> Option<Vec<u8>> {
    let reply = component.call(&stream("input", name), |image| image.u32(0, stream_handle).u64(8, length));
    match reply.u8_at(0) {
        OK => Some(reply.bytes_at(4).to_vec()),
        _ => {
            assert_eq!(reply.u8_at(4), 1, "closed");
            None
        }
    }
}

/// What a function returns that counts bytes; `None` at the end.
fn counted(component: &mut Component, name: &str, handles: [u32; 2], length: u64) -> Option<u64> {
    let reply = component.call(name, |image| image.u32(0, handles[0]).u32(4, handles[1]).u64(8, length));
    match reply.u8_at(0) {
        OK => Some(reply.u64_at(8)),
        _ => {
            assert_eq!(reply.u8_at(8), 1, "closed");
            None
        }
    }
}

#[test]
fn stdin_is_read_to_its_end() {
    let mut component = Component::new();
    component.reset(&[], &[], b"0123456789");
    let first = component.get("wasi:cli/stdin get-stdin");
    let second = component.get("wasi:cli/stdin get-stdin");
    assert_eq!(read(&mut component, "read", first, 0), Some(vec![]));
    assert_eq!(read(&mut component, "read", first, 3), Some(b"012".to_vec()));
    assert_eq!(read(&mut component, "blocking-read", second, 2), Some(b"34".to_vec()), "it is one stream");
    assert_eq!(counted(&mut component, &stream("input", "skip"), [first, 0], 2), Some(2));
    assert_eq!(read(&mut component, "read", first, u64::MAX), Some(b"789".to_vec()));
    assert_eq!(read(&mut component, "read", first, 1), None);
    assert_eq!(counted(&mut component, &stream("input", "blocking-skip"), [first, 0], 2), None);
    component.reset(&[], &[], b"next");
    assert_eq!(read(&mut component, "read", first, 100), Some(b"next".to_vec()), "of the next run");
}

#[test]
fn one_read_moves_a_bounded_number_of_bytes() {
    let mut component = Component::new();
    component.reset(&[], &[], &vec![b'x'; TRANSFER + 1]);
    let stdin = component.get("wasi:cli/stdin get-stdin");
    assert_eq!(read(&mut component, "read", stdin, u64::MAX).map(|bytes| bytes.len()), Some(TRANSFER));
    assert_eq!(read(&mut component, "read", stdin, u64::MAX), Some(vec![b'x']));
}

#[test]
fn output_arrives_at_once() {
    let mut component = Component::new();
    let out = component.get("wasi:cli/stdout get-stdout");
    let err = component.get("wasi:cli/stderr get-stderr");
    let allowed = component.call(&stream("output", "check-write"), |image| image.u32(0, out));
    assert_eq!((allowed.u8_at(0), allowed.u64_at(8)), (OK, TRANSFER as u64));
    for (name, handle, text) in [
        ("write", out, "one "),
        ("blocking-write-and-flush", err, "error"),
        ("write", out, ""),
        ("write", out, "two"),
    ] {
        let reply =
            component.call(&stream("output", name), |image| image.u32(0, handle).bytes(4, text.as_bytes()));
        assert_eq!(reply.u8_at(0), OK);
    }
    for name in ["flush", "blocking-flush"] {
        assert_eq!(component.call(&stream("output", name), |image| image.u32(0, out)).u8_at(0), OK);
    }
    assert_eq!((&*component.host.stdout, &*component.host.stderr), (&b"one two"[..], &b"error"[..]));
}

#[test]
fn zeros_are_written_whole_or_not_at_all() {
    let mut component = Component::new();
    let out = component.get("wasi:cli/stdout get-stdout");
    for (name, length) in
        [("write-zeroes", 2500), ("blocking-write-zeroes-and-flush", 0), ("write-zeroes", 1)]
    {
        let reply = component.call(&stream("output", name), |image| image.u32(0, out).u64(8, length));
        assert_eq!(reply.u8_at(0), OK);
    }
    assert_eq!(component.host.stdout, [0; 2501]);
    for length in [TRANSFER as u64 + 1, u64::MAX] {
        let outcome =
            component.try_call(&stream("output", "write-zeroes"), |image| image.u32(0, out).u64(8, length));
        let message = outcome.err().expect("it unwinds").to_string();
        assert_eq!(message, format!("{length} zeros are more than `check-write` allows, 65536"));
    }
    assert_eq!(component.host.stdout.len(), 2501);
}

#[test]
fn a_stream_is_spliced_into_another() {
    let mut component = Component::new();
    component.reset(&[], &[], b"from stdin");
    let (input, out) =
        (component.get("wasi:cli/stdin get-stdin"), component.get("wasi:cli/stdout get-stdout"));
    assert_eq!(counted(&mut component, &stream("output", "splice"), [out, input], 5), Some(5));
    assert_eq!(counted(&mut component, &stream("output", "blocking-splice"), [out, input], 500), Some(5));
    assert_eq!(counted(&mut component, &stream("output", "splice"), [out, input], 1), None);
    assert_eq!(component.host.stdout, b"from stdin");
}

#[test]
fn output_that_the_host_refuses_ends_the_call() {
    let mut component = Component::new();
    component.reset(&[], &[], b"input");
    let (input, out) =
        (component.get("wasi:cli/stdin get-stdin"), component.get("wasi:cli/stdout get-stdout"));
    component.host.refuse_output = true;
    let write = component.try_call(&stream("output", "write"), |image| image.u32(0, out).bytes(4, b"x"));
    assert_eq!(write.err().expect("it unwinds").to_string(), "the log is full");
    let zeros = component.try_call(&stream("output", "write-zeroes"), |image| image.u32(0, out).u64(8, 1));
    assert!(zeros.is_err());
    let splice =
        component.try_call(&stream("output", "splice"), |image| image.u32(0, out).u32(4, input).u64(8, 1));
    assert!(splice.is_err());
}

#[test]
fn streams_over_files_start_where_they_are_asked_to() {
    let mut component = Component::new();
    let file = component.open("data/numbers.txt");
    let over = |component: &mut Component, position| {
        let name = "wasi:filesystem/types [method]descriptor.read-via-stream";
        let reply = component.call(name, |image| image.u32(0, file).u64(8, position));
        assert_eq!(reply.u8_at(0), OK);
        reply.u32_at(4)
    };
    let (from_start, from_six) = (over(&mut component, 0), over(&mut component, 6));
    assert_eq!(read(&mut component, "read", from_six, 3), Some(b"678".to_vec()));
    assert_eq!(read(&mut component, "read", from_start, 4), Some(b"0123".to_vec()));
    // A stream outlives the descriptor that it came from.
    component.drop_resource(file);
    assert_eq!(read(&mut component, "read", from_six, 3), Some(b"9".to_vec()));
    assert_eq!(read(&mut component, "read", from_six, 3), None);
}

#[test]
fn streams_behind_the_end_of_a_file_are_closed() {
    let mut component = Component::new();
    let file = component.open("hello.txt");
    for position in [13, 14, u64::MAX] {
        let name = "wasi:filesystem/types [method]descriptor.read-via-stream";
        let stream = component.call(name, |image| image.u32(0, file).u64(8, position)).u32_at(4);
        assert_eq!(read(&mut component, "read", stream, 1), None);
    }
    let directory = component.open("data");
    let reply = component
        .call("wasi:filesystem/types [method]descriptor.read-via-stream", |image| image.u32(0, directory));
    assert_eq!((reply.u8_at(0), reply.u8_at(4)), (ERROR, super::component::IS_DIRECTORY));
}
