//! Holds this crate to the test vectors that the TypeScript side reads too.
#![allow(clippy::unwrap_used, reason = "a vector that cannot be read fails the test")]

use std::fs;

use serde_json::Value;
use twinwall_abi::batch::Items;
use twinwall_abi::connection::{Chunk, Passed, chunk_flags};
use twinwall_abi::outbox::Entries;
use twinwall_abi::{
    Answer, CallKind, ErrorCode, ExternKind, FunctionShape, GateOperation, ImageHeader, MachineKind,
    RecordKind, Report, Request, Seed, TrapCode, ValueType, mailbox, tables, values,
};

fn vectors(name: &str) -> Value {
    let path = format!("{}/../vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// 64-bit numbers are decimal strings in the vectors, since JSON's numbers are not exact.
fn long(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| value.as_str().unwrap().parse().unwrap())
}

/// Compares an enumeration with its vector, name by name and in number.
macro_rules! same_numbers {
    ($vectors:expr, $name:literal, $enumeration:ty) => {
        let expected = $vectors[$name].as_object().unwrap();
        assert_eq!(expected.len(), <$enumeration>::ENUM_VALUES.len(), $name);
        for value in <$enumeration>::ENUM_VALUES {
            assert_eq!(
                expected[value.variant_name().unwrap()].as_u64(),
                Some(u64::from(value.0)),
                "{value:?}"
            );
        }
    };
}

#[test]
fn enumerations() {
    let vectors = vectors("codes");
    same_numbers!(vectors, "traps", TrapCode);
    same_numbers!(vectors, "gateOperations", GateOperation);
    same_numbers!(vectors, "callKinds", CallKind);
    same_numbers!(vectors, "recordKinds", RecordKind);
    same_numbers!(vectors, "valueTypes", ValueType);
    same_numbers!(vectors, "externKinds", ExternKind);
    same_numbers!(vectors, "machines", MachineKind);
    same_numbers!(vectors, "functionShapes", FunctionShape);
}

#[test]
fn error_codes() {
    let vectors = vectors("codes");
    let errors = vectors["errors"].as_object().unwrap();
    // `None` is no error.
    assert_eq!(errors.len() + 1, ErrorCode::ENUM_VALUES.len());
    for code in ErrorCode::ENUM_VALUES.iter().filter(|code| **code != ErrorCode::None) {
        let mut name = String::from("E");
        for letter in code.variant_name().unwrap().chars() {
            if letter.is_uppercase() {
                name.push('_');
            }
            name.extend(letter.to_uppercase());
        }
        assert_eq!(errors[&name].as_u64(), Some(u64::from(code.0)), "{name}");
    }
}

/// Builds a struct from a vector's values and compares its bytes, then reads each field back.
macro_rules! same_struct {
    ($vector:expr, $kind:ident, $($field:ident $set:ident $name:literal $type:ty),+ $(,)?) => {{
        let values = &$vector["values"];
        let mut built = $kind::default();
        $(built.$set(number::<$type>(&values[$name]));)+
        if let Some(seed) = values.get("seed").and_then(Value::as_str) {
            set_seed(&mut built.0, &hex(seed));
        }
        assert_eq!(built.0.to_vec(), hex(text($vector, "bytes")), stringify!($kind));
        $(assert_eq!(built.$field(), number::<$type>(&values[$name]), $name);)+
    }};
}

fn number<T: TryFrom<i128>>(value: &Value) -> T
where
    T::Error: std::fmt::Debug,
{
    let wide = value.as_i64().map_or_else(|| i128::from(long(value)), i128::from);
    T::try_from(wide).unwrap()
}

fn set_seed(bytes: &mut [u8], seed: &[u8]) {
    let mut request = Request(bytes.try_into().unwrap());
    request.set_seed(&Seed(seed.try_into().unwrap()));
    bytes.copy_from_slice(&request.0);
}

#[test]
fn structs() {
    let vectors = vectors("structs");
    let offsets = &vectors["offsets"];
    assert_eq!(offsets["request"], mailbox::REQUEST_OFFSET);
    assert_eq!(offsets["answer"], mailbox::ANSWER_OFFSET);
    assert_eq!(offsets["report"], mailbox::REPORT_OFFSET);
    for vector in list(&vectors, "structs") {
        match text(vector, "struct") {
            "Request" => request(vector),
            "Answer" => same_struct!(vector, Answer,
                status set_status "status" u32, reserved set_reserved "reserved" u32,
                address set_address "address" u64, length set_length "length" u64),
            "Report" => report(vector),
            "ImageHeader" => same_struct!(vector, ImageHeader,
                magic set_magic "magic" u32, version set_version "version" u32, resume set_resume "resume" u64,
                stack_bytes set_stack_bytes "stackBytes" u64, heap_bytes set_heap_bytes "heapBytes" u64,
                input_bytes set_input_bytes "inputBytes" u64, output_bytes set_output_bytes "outputBytes" u64,
                outbox_bytes set_outbox_bytes "outboxBytes" u64),
            other => panic!("struct {other} is unknown"),
        }
    }
}

fn request(vector: &Value) {
    same_struct!(vector, Request,
        magic set_magic "magic" u32, version set_version "version" u32,
        request_id set_request_id "requestId" u64, kind set_kind "kind" u16, flags set_flags "flags" u16,
        function_index set_function_index "function" u32,
        input_address set_input_address "inputAddress" u64, input_length set_input_length "inputLength" u64,
        output_address set_output_address "outputAddress" u64,
        output_capacity set_output_capacity "outputCapacity" u64,
        output_limit set_output_limit "outputLimit" u64,
        outbox_address set_outbox_address "outboxAddress" u64,
        outbox_capacity set_outbox_capacity "outboxCapacity" u64,
        fuel set_fuel "fuel" u64, wall_clock set_wall_clock "wallClock" u64,
        tick_scale set_tick_scale "tickScale" u64, ticks set_ticks "ticks" u64);
}

fn report(vector: &Value) {
    same_struct!(vector, Report,
        operation set_operation "operation" u32, status set_status "status" u16, detail set_detail "detail" i32,
        function_index set_function_index "function" u32, request_id set_request_id "requestId" u64,
        output_address set_output_address "outputAddress" u64,
        output_length set_output_length "outputLength" u64,
        message_length set_message_length "messageLength" u64,
        grow_address set_grow_address "growAddress" u64, grow_length set_grow_length "growLength" u64,
        outbox_length set_outbox_length "outboxLength" u64, fuel_used set_fuel_used "fuelUsed" u64,
        memory_bytes set_memory_bytes "memoryBytes" u64, entered_at set_entered_at "enteredAt" u64,
        left_at set_left_at "leftAt" u64);
}

#[test]
fn batches() {
    let vectors = vectors("batches");
    for vector in list(&vectors, "good") {
        let bytes = hex(text(vector, "bytes"));
        let items: Vec<Vec<u8>> = Items::new(&bytes).unwrap().map(|item| item.unwrap().to_vec()).collect();
        let expected: Vec<Vec<u8>> =
            list(vector, "items").iter().map(|item| hex(item.as_str().unwrap())).collect();
        assert_eq!(items, expected);
    }
    for vector in list(&vectors, "bad") {
        let bytes = hex(text(vector, "bytes"));
        let refused = Items::new(&bytes).is_err() || Items::new(&bytes).unwrap().any(|item| item.is_err());
        assert!(refused, "{}", text(vector, "why"));
    }
}

#[test]
fn connections() {
    let vectors = vectors("connection");
    for vector in list(&vectors, "chunks") {
        let (bytes, data) = (hex(text(vector, "bytes")), hex(text(vector, "data")));
        let towards_client = vector["towardsClient"].as_bool().unwrap();
        let end_of_stream = vector["endOfStream"].as_bool().unwrap();
        assert_eq!(Chunk::read(&bytes), Ok(Chunk { towards_client, end_of_stream, data: &data }));
        assert_eq!(chunk_flags(towards_client, end_of_stream), bytes[0]);
    }
    for vector in list(&vectors, "passed") {
        let (bytes, data) = (hex(text(vector, "bytes")), hex(text(vector, "data")));
        let close = vector["close"].as_bool().unwrap();
        assert_eq!(Passed::read(&bytes), Ok(Passed { close, data: &data }));
    }
    for vector in list(&vectors, "badChunks") {
        assert!(Chunk::read(&hex(text(vector, "bytes"))).is_err(), "{}", text(vector, "why"));
    }
    for vector in list(&vectors, "badPassed") {
        assert!(Passed::read(&hex(text(vector, "bytes"))).is_err(), "{}", text(vector, "why"));
    }
}

#[test]
fn records() {
    let vectors = vectors("records");
    for vector in list(&vectors, "good") {
        let bytes = hex(text(vector, "bytes"));
        let entries: Vec<_> = Entries::new(&bytes).map(Result::unwrap).collect();
        let expected = list(vector, "records");
        assert_eq!(entries.len(), expected.len());
        for (entry, record) in entries.iter().zip(expected) {
            assert_eq!(u64::from(entry.kind.0), long(&record["kind"]));
            assert_eq!(u64::from(entry.function), long(&record["function"]));
            assert_eq!(entry.data, hex(text(record, "data")));
        }
    }
    for vector in list(&vectors, "bad") {
        let bytes = hex(text(vector, "bytes"));
        assert!(Entries::new(&bytes).any(|entry| entry.is_err()), "{}", text(vector, "why"));
    }
}

#[test]
fn slots() {
    for vector in list(&vectors("slots"), "slots") {
        let bits = u64::from_le_bytes(hex(text(vector, "bytes")).try_into().unwrap());
        let value = &vector["value"];
        match text(vector, "kind") {
            "i32" => assert_eq!(i64::from(bits as u32 as i32), value.as_i64().unwrap()),
            "i64" => assert_eq!((bits as i64).to_string(), value.as_str().unwrap()),
            "f32" => assert_eq!(f32::from_bits(bits as u32).to_bits(), (float(value) as f32).to_bits()),
            "f64" => assert_eq!(bits, float(value).to_bits()),
            other => panic!("kind {other} is unknown"),
        }
    }
}

fn float(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| match value.as_str().unwrap() {
        "Infinity" => f64::INFINITY,
        "-Infinity" => f64::NEG_INFINITY,
        other => other.parse().unwrap(),
    })
}

#[test]
fn boot_configurations() {
    for vector in list(&vectors("boot"), "configurations") {
        let bytes = hex(text(vector, "bytes"));
        let found = tables::boot_configuration(&bytes).unwrap();
        assert_eq!(found.module_address(), long(&vector["moduleAddress"]));
        assert_eq!(found.module_length(), long(&vector["moduleLength"]));
        assert_eq!(found.files_address(), long(&vector["filesAddress"]));
        assert_eq!(found.memory_limit(), long(&vector["memoryLimit"]));
        assert_eq!(Some(found.fuel()), vector["fuel"].as_bool());
        assert_eq!(Some(found.command()), vector["command"].as_bool());
        assert_eq!(found.init().map_or(&[][..], |init| init.bytes()), hex(text(vector, "init")));
        files(&found, list(vector, "files"));
        host_functions(&found, list(vector, "hostFunctions"));
        assert_eq!(found.component(), vector.get("componentExports").is_some());
        if found.component() {
            component_exports(&found, list(vector, "componentExports"));
        }
    }
}

fn files(found: &tables::BootConfiguration<'_>, expected: &[Value]) {
    let files = found.files().unwrap_or_default();
    assert_eq!(files.len(), expected.len());
    for (file, expected) in files.iter().zip(expected) {
        assert_eq!(file.path(), text(expected, "path"));
        assert_eq!(file.offset(), long(&expected["offset"]));
        assert_eq!(file.length(), long(&expected["length"]));
    }
}

fn host_functions(found: &tables::BootConfiguration<'_>, expected: &[Value]) {
    let functions = found.host_functions().unwrap_or_default();
    assert_eq!(functions.len(), expected.len());
    let names = |types: tables::Vector<'_, ValueType>| -> Vec<String> {
        types.iter().map(|kind| kind.variant_name().unwrap().to_lowercase()).collect()
    };
    for (function, expected) in functions.iter().zip(expected) {
        assert_eq!(function.name(), text(expected, "name"));
        assert_eq!(function.shape().variant_name().unwrap().to_lowercase(), text(expected, "shape"));
        assert_eq!(function.interface_name(), expected["interfaceName"].as_str());
        assert_eq!(Some(function.deferred()), expected["deferred"].as_bool());
        assert_eq!(names(function.parameters().unwrap_or_default()), strings(list(expected, "parameters")));
        assert_eq!(names(function.results().unwrap_or_default()), strings(list(expected, "results")));
    }
}

fn component_exports(found: &tables::BootConfiguration<'_>, expected: &[Value]) {
    let exports = found.component_exports().unwrap_or_default();
    assert_eq!(exports.len(), expected.len());
    for (export, expected) in exports.iter().zip(expected) {
        assert_eq!(export.name(), text(expected, "name"));
        assert_eq!(export.interface_name(), expected["interfaceName"].as_str());
    }
}

fn strings(values: &[Value]) -> Vec<String> {
    values.iter().map(|value| String::from(value.as_str().unwrap())).collect()
}

#[test]
fn frames_of_values() {
    let vectors = vectors("values");
    for vector in list(&vectors["frames"], "good") {
        let frame = hex(text(vector, "frame"));
        assert_eq!(values::image(&frame).unwrap(), hex(text(vector, "image")), "{}", text(vector, "about"));
    }
    for vector in list(&vectors["frames"], "bad") {
        assert!(values::image(&hex(text(vector, "frame"))).is_err(), "{}", text(vector, "about"));
    }
    let ours = &vectors["frames"]["good"][0];
    let image = hex(text(ours, "image"));
    assert_eq!([&values::frame_head(image.len())[..], &image].concat(), hex(text(ours, "frame")));
}

#[test]
fn commands() {
    for vector in list(&vectors("commands"), "commands") {
        let bytes = hex(text(vector, "bytes"));
        let found = tables::command_input(&bytes).unwrap();
        let texts = |list: Option<tables::Vector<'_, tables::ForwardsUOffset<&str>>>| -> Vec<String> {
            list.unwrap_or_default().iter().map(String::from).collect()
        };
        assert_eq!(texts(found.arguments()), strings(list(vector, "arguments")));
        assert_eq!(texts(found.environment()), strings(list(vector, "environment")));
        assert_eq!(found.stdin().map_or(&[][..], |stdin| stdin.bytes()), hex(text(vector, "stdin")));
    }
}
