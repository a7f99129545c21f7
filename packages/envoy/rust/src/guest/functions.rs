//! The functions of the host that a connection's guest may import.

use twinwall_host::{HostFunction, HostShape, ScalarType};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    /// A line for Envoy's log: a byte for the level, then text.
    Log,
    /// Adds to one of the guest's counters.
    Count,
    /// Asks for a fact about the connection, by name.
    Connection,
    /// Sends data in either direction.
    Write,
}

/// In the order of their numbers.
const ALL: [Function; 4] = [Function::Log, Function::Count, Function::Connection, Function::Write];

impl Function {
    /// The function of that number.
    pub(crate) fn from_number(number: u32) -> Option<Self> {
        ALL.get(number as usize).copied()
    }
}

/// How guests see them.
pub(crate) fn declarations() -> Vec<HostFunction> {
    ALL.into_iter().map(declaration).collect()
}

fn declaration(function: Function) -> HostFunction {
    let bytes = |name: &str, deferred| HostFunction { name: name.into(), shape: HostShape::Bytes, deferred };
    match function {
        Function::Log => bytes("log", true),
        Function::Count => HostFunction {
            name: "count".into(),
            shape: HostShape::Scalars {
                parameters: vec![ScalarType::I32, ScalarType::I64],
                results: Vec::new(),
            },
            deferred: true,
        },
        Function::Connection => bytes("connection", false),
        Function::Write => bytes("write", false),
    }
}
