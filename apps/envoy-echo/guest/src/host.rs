//! The host functions that a connection guest can call, as far as this one does.

use crate::buffer;

/// Level of a line of the log, as its first byte says it.
const INFO: u8 = 2;

mod imports {
    #[link(wasm_import_module = "twinwall")]
    unsafe extern "C" {
        pub fn log(pointer: u32, length: u32);
        pub safe fn count(counter: u32, delta: u64);
        pub fn connection(pointer: u32, length: u32) -> u64;
    }
}

/// Adds `delta` to the counter that the configuration lists at `counter`. The host does so after the
/// call, so it costs no exit of the machine.
pub fn count(counter: u32, delta: u64) {
    imports::count(counter, delta);
}

/// What is known about the connection under this name; empty when nothing is. Costs an exit.
pub fn connection(fact: &str) -> &'static [u8] {
    let (pointer, length) = place(fact.as_bytes());
    // SAFETY: `fact` lies there and outlives the call.
    buffer::answer(|| unsafe { imports::connection(pointer, length) })
}

/// A line for the host's log, from pieces of text. What does not fit is left out.
pub fn log(pieces: &[&[u8]]) {
    let mut line = [0; 320];
    line[0] = INFO;
    let mut end = 1;
    for byte in pieces.iter().copied().flatten() {
        let Some(place) = line.get_mut(end) else { break };
        *place = *byte;
        end += 1;
    }
    let (pointer, length) = place(&line[..end]);
    // SAFETY: `line` lies there and outlives the call.
    unsafe { imports::log(pointer, length) };
}

fn place(bytes: &[u8]) -> (u32, u32) {
    (bytes.as_ptr().expose_provenance() as u32, bytes.len() as u32)
}
