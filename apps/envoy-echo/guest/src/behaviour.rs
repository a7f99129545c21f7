//! What the guest does besides echoing. Nothing of it runs unless `twinwall_init` asked for it.

use crate::buffer::Single;
use crate::host;
use core::cell::Cell;

/// Index of the counter of bytes in the option `counters`.
const BYTES_COUNTER: u32 = 0;

#[derive(Clone, Copy)]
struct Behaviour {
    count: bool,
    greet: bool,
    trap: bool,
}

static CHOSEN: Single<Cell<bool>> = Single(Cell::new(false));
static BEHAVIOUR: Single<Cell<Behaviour>> =
    Single(Cell::new(Behaviour { count: false, greet: false, trap: false }));
/// Kept as long as the machine keeps its state: with `state: "connection"` until the connection
/// closes, with `state: "call"` not even until the next chunk.
static GREETED: Single<Cell<bool>> = Single(Cell::new(false));

/// Takes the words of the option `init`. A word that it does not know stops the machine, so that
/// the configuration is refused.
pub fn choose(text: &[u8]) {
    let mut behaviour = BEHAVIOUR.0.get();
    for word in text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
        match word {
            b"count" => behaviour.count = true,
            b"greet" => behaviour.greet = true,
            b"trap" => behaviour.trap = true,
            _ => core::arch::wasm32::unreachable(),
        }
        CHOSEN.0.set(true);
    }
    BEHAVIOUR.0.set(behaviour);
}

/// Whether there is anything to do besides echoing.
pub fn chosen() -> bool {
    CHOSEN.0.get()
}

/// `chunk` is a byte of flags and the data.
pub fn on_chunk(chunk: &[u8]) {
    let Behaviour { count, greet, trap } = BEHAVIOUR.0.get();
    let data = chunk.get(1..).unwrap_or_default();
    if trap && data.starts_with(b"trap") {
        core::arch::wasm32::unreachable();
    }
    if count {
        host::count(BYTES_COUNTER, data.len() as u64);
    }
    if greet && !GREETED.0.replace(true) {
        host::log(&[b"hello ", host::connection("source.address")]);
    }
}
