//! Holds this crate to the test vectors that the TypeScript side reads too.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use std::fs;
use std::time::Duration;

use serde_json::Value;
use twinwall_host::{parse_duration, parse_size};

fn quantities() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../abi/vectors/quantities.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Vectors that are text; numbers have no unit and never come here.
fn texts<'a>(vectors: &'a Value, name: &str) -> Vec<(&'a str, &'a Value)> {
    let list = vectors[name].as_array().unwrap();
    list.iter().filter_map(|vector| Some((vector["text"].as_str()?, vector))).collect()
}

#[test]
fn sizes() {
    let vectors = quantities();
    for (text, vector) in texts(&vectors, "sizes") {
        assert_eq!(parse_size(text), Ok(vector["bytes"].as_u64().unwrap()), "{text}");
    }
    for text in vectors["badSizes"].as_array().unwrap().iter().filter_map(Value::as_str) {
        assert!(parse_size(text).is_err(), "{text}");
    }
}

#[test]
fn times() {
    let vectors = quantities();
    for (text, vector) in texts(&vectors, "times") {
        let expected = Duration::from_micros(vector["microseconds"].as_u64().unwrap());
        assert_eq!(parse_duration(text), Ok(expected), "{text}");
    }
    for text in vectors["badTimes"].as_array().unwrap().iter().filter_map(Value::as_str) {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}
