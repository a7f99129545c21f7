//! The world `guest` in Rust.

use std::cell::Cell;

use exports::twinwall::shapes::shapes::{Guest, GuestCounter, Item};
use twinwall::shapes::host;

wit_bindgen::generate!({ path: "../../wit", world: "guest" });

struct Shapes;

impl Guest for Shapes {
    type Counter = Counter;

    fn add(a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    fn echo(items: Vec<Item>) -> Vec<Item> {
        items
    }

    fn sum(numbers: Vec<f64>) -> f64 {
        numbers.iter().sum()
    }

    fn pair((number, text): (i64, String)) -> (String, i64) {
        (text, number)
    }

    fn nested(value: Option<Option<u32>>) -> Option<Option<u32>> {
        value
    }

    fn divide(a: i32, b: i32) -> Result<i32, String> {
        if b == 0 { Err("division by zero".into()) } else { Ok(a.wrapping_div(b)) }
    }

    fn find(key: String) -> Result<u32, String> {
        host::lookup(&key)
    }

    fn say(message: String) {
        host::log(&message);
    }
}

struct Counter(Cell<u32>);

impl GuestCounter for Counter {
    fn new(start: u32) -> Self {
        Self(Cell::new(start))
    }

    fn add(&self, amount: u32) -> u32 {
        self.0.set(self.0.get().wrapping_add(amount));
        self.0.get()
    }
}

export!(Shapes);
