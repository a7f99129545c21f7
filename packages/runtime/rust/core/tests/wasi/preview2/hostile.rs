//! A component that calls anything with anything must not bring the runtime down.

use super::component::{Component, ERROR, INSUFFICIENT_MEMORY, Image};
use super::functions::FUNCTIONS;
use crate::failure::Failure;
use crate::hostile::Random;
use crate::wasi::{Exit, preview2};

const MISTYPED: &str = "the component imports a function of WASI with another type than WASI 0.2 gives it";

/// Fills the tuple with numbers that may be handles, places in the image, or neither.
fn arguments(random: &mut Random, parameters: usize) -> Vec<u8> {
    let mut image: Vec<u8> = (0..parameters).map(|_| (random.next() >> 11) as u8).collect();
    for word in image.as_chunks_mut::<4>().0 {
        *word = (random.argument() as u32).to_le_bytes();
    }
    image.extend_from_slice(&b"data/numbers.txt"[..(random.next() % 17) as usize]);
    image
}

#[test]
fn any_arguments_are_survived() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut component = Component::new();
    component.reset(&["tool", "a"], &["A=1"], &[b'x'; 100]);
    let mut successes = 0;
    for _ in 0..100_000_u32 {
        let (interface, name, parameters, result) = FUNCTIONS[random.next() as usize % FUNCTIONS.len()];
        let (run, ..) = preview2::known(interface, name).expect("a known function");
        let image = arguments(&mut random, parameters);
        match preview2::call(run, &mut component.host, &image) {
            Ok(reply) => {
                assert!(reply.len() >= result, "{name}");
                successes += 1;
            }
            Err(error) => assert!(error.is::<Failure>() || error.is::<Exit>(), "{name}: {error:#}"),
        }
        let dropped = random.argument() as u32;
        component.drop_resource(dropped);
    }
    assert!(successes > 10_000, "{successes} calls did something");
}

#[test]
fn resources_are_limited_in_number_and_places_are_used_again() {
    let mut component = Component::new();
    let name = "wasi:cli/stdout get-stdout";
    let handles: Vec<u32> = (0..4096).map(|_| component.get(name)).collect();
    let refused = |component: &mut Component| {
        component.try_call(name, |image| image).err().expect("it unwinds").to_string()
    };
    assert_eq!(refused(&mut component), "the component holds 4096 resources of WASI, the most it may");
    component.drop_resource(handles[17]);
    component.drop_resource(handles[17]);
    assert_eq!(component.get(name), handles[17]);
    assert!(refused(&mut component).contains("4096"));
}

#[test]
fn a_program_is_told_that_it_has_too_many_files() {
    let mut component = Component::new();
    let root = component.root();
    let mut last = root;
    while let Ok(file) = component.open_with(root, b"hello.txt", 0, 1) {
        last = file;
    }
    assert_eq!(last, 3999);
    assert_eq!(component.open_with(root, b"hello.txt", 0, 1), Err(INSUFFICIENT_MEMORY));
    for (name, handle) in [("read-via-stream", last), ("read-directory", root)] {
        let name = format!("wasi:filesystem/types [method]descriptor.{name}");
        let reply = component.call(&name, |image| image.u32(0, handle));
        assert_eq!((reply.u8_at(0), reply.u8_at(4)), (ERROR, INSUFFICIENT_MEMORY), "{name}");
    }
    component.get("wasi:cli/stderr get-stderr");
    component.drop_resource(last);
    assert_eq!(component.open_with(root, b"hello.txt", 0, 1), Ok(last));
}

#[test]
fn a_handle_of_another_kind_is_no_use() {
    let mut component = Component::new();
    let (out, directory) = (component.get("wasi:cli/stdout get-stdout"), component.root());
    let mut refused = |name: &str, handle: u32| {
        let outcome = component.try_call(name, |image: Image| image.u32(0, handle));
        assert_eq!(outcome.err().expect("it unwinds").to_string(), MISTYPED, "{name} {handle}");
    };
    for handle in [out, 77, u32::MAX] {
        refused("wasi:filesystem/types [method]descriptor.stat", handle);
        refused("wasi:io/streams [method]input-stream.read", handle);
        refused("wasi:filesystem/types [method]directory-entry-stream.read-directory-entry", handle);
    }
    refused("wasi:io/streams [method]output-stream.write", directory);
}

#[test]
fn lists_that_leave_the_image_are_no_lists() {
    let mut component = Component::new();
    let out = component.get("wasi:cli/stdout get-stdout");
    for (pointer, length) in [(12, 1), (0, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
        let outcome = component.try_call("wasi:io/streams [method]output-stream.write", |image| {
            image.u32(0, out).u32(4, pointer).u32(8, length)
        });
        assert_eq!(outcome.err().expect("it unwinds").to_string(), MISTYPED, "{pointer} {length}");
        let outcome = component.try_call("wasi:io/poll poll", |image| image.u32(0, pointer).u32(4, length));
        assert!(outcome.is_err());
    }
    assert!(component.host.stdout.is_empty());
}
