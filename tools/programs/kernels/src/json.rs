//! Allocation and parsing: JSON read into a tree, summed, and written again.

use serde_json::{Value, json};

use crate::fold_bytes;
use crate::random::Random;

/// A checksum of an array of `size` objects after reading, changing and writing it.
pub fn run(size: u32) -> i64 {
    let text = document(size);
    let Ok(Value::Array(mut items)) = serde_json::from_str(&text) else { return -1 };
    let total: f64 = items.iter().filter_map(|item| item["price"].as_f64()).sum();
    items.push(json!({ "total": total, "count": items.len() }));
    fold_bytes(Value::Array(items).to_string().as_bytes()) as i64
}

fn document(size: u32) -> String {
    let mut random = Random::new(3);
    let items: Vec<String> = (0..size)
        .map(|id| {
            let (whole, part) = (random.below(1000), random.below(4) * 25);
            let name = random.text(20).replace('\n', "\\n");
            format!(
                r#"{{"id":{id},"name":"{name}","price":{whole}.{part:02},"tags":["a\u00e9","b"],"on":{}}}"#,
                id % 3 == 0
            )
        })
        .collect();
    format!("[{}]", items.join(",\n"))
}
