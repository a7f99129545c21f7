//! Host functions, as the guest gets to know them.

use twinwall_abi::ValueType;

/// A function that a guest may import as `twinwall` `NAME`. A [`Host`](crate::Host) is called with its position in
/// [`ProgramOptions::host_functions`](crate::ProgramOptions::host_functions).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostFunction {
    /// Name of the import.
    pub name: String,
    /// What it takes and gives.
    pub shape: HostShape,
    /// One-way: the guest goes on at once, and the call comes to [`Host::record`](crate::Host::record) at its next exit.
    pub deferred: bool,
}

/// What a host function takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostShape {
    /// Bytes, both ways.
    Bytes,
    /// Numbers: [`Host::call`](crate::Host::call) gets and returns 8 little-endian bytes for each.
    Scalars {
        /// Types of the parameters.
        parameters: Vec<ScalarType>,
        /// Types of the results.
        results: Vec<ScalarType>,
    },
}

/// A type of number. In its 8 bytes an i32 is sign-extended, an f32 lies in the low half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScalarType {
    /// 32-bit integer.
    I32,
    /// 64-bit integer.
    I64,
    /// 32-bit floating point.
    F32,
    /// 64-bit floating point.
    F64,
}

impl ScalarType {
    pub(crate) const fn value_type(self) -> ValueType {
        match self {
            Self::I32 => ValueType::I32,
            Self::I64 => ValueType::I64,
            Self::F32 => ValueType::F32,
            Self::F64 => ValueType::F64,
        }
    }
}
