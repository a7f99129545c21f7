use serde_json::{Value, json};

use super::{Options, OptionsError};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../vectors/in-process-options.json")).expect("the vectors")
}

fn list<'a>(vectors: &'a Value, name: &str) -> &'a [Value] {
    vectors[name].as_array().expect("a list")
}

/// What the vectors say of options.
fn settings(options: &Options) -> Value {
    let lower = |value: &dyn std::fmt::Debug| format!("{value:?}").to_lowercase();
    let limits = options.limits;
    json!({
        "machine": lower(&options.machine), "state": lower(&options.state), "placement": lower(&options.placement),
        "directions": lower(&options.directions), "terminal": options.terminal, "counters": options.counters,
        "init": options.init, "warm": options.warm, "machines": options.machines, "memory": limits.memory_bytes,
        "deadlineUs": limits.deadline / 1000, "fuel": (limits.fuel != u64::MAX).then_some(limits.fuel),
        "resultBytes": limits.output_bytes, "hostCalls": limits.host_calls, "logBytes": limits.outbox_bytes,
        "hostBytes": limits.host_bytes, "cpuTimeUs": (limits.cpu_time != u64::MAX).then_some(limits.cpu_time / 1000),
    })
}

#[test]
fn reads_what_the_vectors_have() {
    for vector in list(&vectors(), "good") {
        let options = Options::parse(vector["options"].to_string().as_bytes());
        let options = options.unwrap_or_else(|error| panic!("{}: {error}", vector["options"]));
        assert_eq!(settings(&options), vector["settings"], "{}", vector["options"]);
        if let Some(hash) = vector["options"]["sha256"].as_str() {
            let found: String = options.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(found, hash.to_lowercase());
        }
    }
}

#[test]
fn refuses_what_the_vectors_have_by_name() {
    for vector in list(&vectors(), "bad") {
        let refused = Options::parse(vector["options"].to_string().as_bytes());
        let text = refused.expect_err(&vector["why"].to_string()).to_string();
        let name = vector["name"].as_str().expect("a name");
        assert!(text.starts_with("E_OPTION: ") && text.contains(name), "{}: {text}", vector["why"]);
    }
}

#[test]
fn refuses_what_is_no_json() {
    for text in ["", "{", "[1", "{\"module\": \"/m\",}", "\u{0}"] {
        assert!(matches!(Options::parse(text.as_bytes()), Err(OptionsError::Json(_))), "{text}");
    }
    assert!(Options::parse(&[b'"', 0xff, b'"']).is_err());
}
