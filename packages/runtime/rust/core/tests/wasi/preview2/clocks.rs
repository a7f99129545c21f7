use super::component::{Component, Image};
use crate::harness::EPOCH;

const SUBSCRIBE_DURATION: &str = "wasi:clocks/monotonic-clock subscribe-duration";
const SUBSCRIBE_INSTANT: &str = "wasi:clocks/monotonic-clock subscribe-instant";
const READY: &str = "wasi:io/poll [method]pollable.ready";
const POLL: &str = "wasi:io/poll poll";

fn poll(component: &mut Component, handles: &[u32]) -> Vec<u32> {
    let reply = component.call(POLL, |image| list(image, handles));
    let at = |index| reply.u32_at(0) as usize + 4 * index;
    (0..reply.u32_at(4) as usize).map(|index| reply.u32_at(at(index))).collect()
}

fn list(image: Image, handles: &[u32]) -> Image {
    let bytes: Vec<u8> = handles.iter().flat_map(|handle| handle.to_le_bytes()).collect();
    image.bytes(0, &bytes).u32(4, handles.len() as u32)
}

#[test]
fn clocks_tell_the_time() {
    let mut component = Component::new();
    component.host.monotonic = 41;
    assert_eq!(component.call("wasi:clocks/monotonic-clock now", |image| image).u64_at(0), 42);
    component.host.monotonic = 5_000_000_006;
    let wall = component.call("wasi:clocks/wall-clock now", |image| image);
    assert_eq!((wall.u64_at(0), wall.u32_at(8)), (EPOCH / 1_000_000_000 + 5, 7));
    assert_eq!(component.call("wasi:clocks/monotonic-clock resolution", |image| image).u64_at(0), 1);
    let resolution = component.call("wasi:clocks/wall-clock resolution", |image| image);
    assert_eq!((resolution.u64_at(0), resolution.u32_at(8)), (0, 1));
}

#[test]
fn pollables_are_due_at_their_time() {
    let mut component = Component::new();
    component.host.monotonic = 1000;
    let soon = component.call(SUBSCRIBE_DURATION, |image| image.u64(0, 500)).u32_at(0);
    let never = component.call(SUBSCRIBE_DURATION, |image| image.u64(0, u64::MAX)).u32_at(0);
    let past = component.call(SUBSCRIBE_INSTANT, |image| image.u64(0, 3)).u32_at(0);
    let ready =
        |component: &mut Component, handle| component.call(READY, |image| image.u32(0, handle)).u8_at(0);
    assert_eq!([soon, never, past].map(|handle| ready(&mut component, handle)), [0, 0, 1]);
    // One that is ready already keeps the others from being waited for.
    assert_eq!(poll(&mut component, &[soon, past, never]), [1]);
    assert!(component.host.monotonic < 1500);
    assert_eq!(poll(&mut component, &[never, soon, soon]), [1, 2]);
    assert!((1500..2000).contains(&component.host.monotonic));
    component.call("wasi:io/poll [method]pollable.block", |image| image.u32(0, soon));
    assert!((1500..2000).contains(&component.host.monotonic));
    component.call("wasi:io/poll [method]pollable.block", |image| image.u32(0, never));
    assert!(component.host.monotonic >= u64::MAX / 2, "it is waited for until the end of time");
}

#[test]
fn streams_are_always_ready() {
    let mut component = Component::new();
    let (input, output) =
        (component.get("wasi:cli/stdin get-stdin"), component.get("wasi:cli/stdout get-stdout"));
    let subscribe = |component: &mut Component, kind: &str, handle| {
        let name = format!("wasi:io/streams [method]{kind}-stream.subscribe");
        component.call(&name, |image| image.u32(0, handle)).u32_at(0)
    };
    let pollables = [subscribe(&mut component, "input", input), subscribe(&mut component, "output", output)];
    assert_eq!(poll(&mut component, &pollables), [0, 1]);
    assert!(component.host.monotonic < 100);
}

#[test]
fn nothing_to_wait_for_ends_the_call() {
    let mut component = Component::new();
    let error = component.try_call(POLL, |image| image).err().expect("it unwinds");
    assert_eq!(error.to_string(), "poll was called without anything to wait for");
}

#[test]
fn random_bytes_are_as_many_as_asked_for() {
    let mut component = Component::new();
    for (name, call) in [("random get-random", 1), ("insecure get-insecure-random", 2)] {
        let reply = component.call(&format!("wasi:random/{name}-bytes"), |image| image.u64(0, 100));
        assert_eq!(reply.bytes_at(0), [call; 100]);
    }
    assert_eq!(
        component.call("wasi:random/random get-random-u64", |image| image).u64_at(0),
        0x0303_0303_0303_0303
    );
    let seed = component.call("wasi:random/insecure-seed insecure-seed", |image| image);
    assert_ne!(seed.u64_at(0), seed.u64_at(8));
    for too_many in [(1 << 20) + 1, u64::MAX] {
        let name = "wasi:random/random get-random-bytes";
        let error = component.try_call(name, |image| image.u64(0, too_many)).err().expect("it unwinds");
        assert!(error.to_string().contains("more than one may ask for"), "{error}");
    }
}
