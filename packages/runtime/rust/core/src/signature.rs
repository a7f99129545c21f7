//! Function types as far as they cross the wall, and their text.

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt::Write;

use twinwall_abi::ValueType;
use wasmtime::{FuncType, ValRaw, ValType};

/// A type of number: what can cross the wall in an 8-byte slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Number {
    I32,
    I64,
    F32,
    F64,
}

impl Number {
    /// The same type, unless it is no number.
    pub(crate) fn of(value: &ValType) -> Option<Self> {
        match value {
            ValType::I32 => Some(Self::I32),
            ValType::I64 => Some(Self::I64),
            ValType::F32 => Some(Self::F32),
            ValType::F64 => Some(Self::F64),
            ValType::V128 | ValType::Ref(_) => None,
        }
    }

    /// The type that a declaration names, unless it is no number.
    pub(crate) fn declared(value: ValueType) -> Option<Self> {
        match value {
            ValueType::I32 => Some(Self::I32),
            ValueType::I64 => Some(Self::I64),
            ValueType::F32 => Some(Self::F32),
            ValueType::F64 => Some(Self::F64),
            _ => None,
        }
    }

    /// All types of a list, or `None` when one of them is no number.
    pub(crate) fn list(types: impl Iterator<Item = ValType>) -> Option<Box<[Self]>> {
        types.map(|value| Self::of(&value)).collect()
    }

    /// The value in a slot.
    #[inline]
    pub(crate) fn read_slot(self, slot: u64) -> ValRaw {
        match self {
            Self::I32 => ValRaw::u32(slot as u32),
            Self::I64 => ValRaw::u64(slot),
            Self::F32 => ValRaw::f32(slot as u32),
            Self::F64 => ValRaw::f64(slot),
        }
    }

    /// The slot of a value: i32 is sign-extended, f32 lies in the low half.
    #[inline]
    pub(crate) fn to_slot(self, value: ValRaw) -> u64 {
        match self {
            Self::I32 => i64::from(value.get_i32()).cast_unsigned(),
            Self::I64 => value.get_u64(),
            Self::F32 => u64::from(value.get_f32()),
            Self::F64 => value.get_f64(),
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// Parameters and results of a function that could be written down in advance.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) parameters: &'static [Number],
    pub(crate) results: &'static [Number],
}

/// A bytes function.
pub(crate) const BYTES: Shape = Shape { parameters: &[Number::I32, Number::I32], results: &[Number::I64] };

/// A function that takes bytes and returns nothing.
pub(crate) const SINK: Shape = Shape { parameters: &[Number::I32, Number::I32], results: &[] };

/// A function without parameters and results.
pub(crate) const PLAIN: Shape = Shape { parameters: &[], results: &[] };

/// `twinwall_allocate`.
pub(crate) const ALLOCATE: Shape = Shape { parameters: &[Number::I32], results: &[Number::I32] };

/// `fail`.
pub(crate) const FAIL: Shape = Shape { parameters: &[Number::I32, Number::I32, Number::I32], results: &[] };

impl Shape {
    /// Whether a function has exactly this type.
    pub(crate) fn is(&self, function: &FuncType) -> bool {
        same(self.parameters, function.params()) && same(self.results, function.results())
    }
}

/// Whether two lists of types are equal.
pub(crate) fn same(expected: &[Number], found: impl ExactSizeIterator<Item = ValType>) -> bool {
    found.len() == expected.len()
        && expected.iter().zip(found).all(|(expected, found)| Number::of(&found) == Some(*expected))
}

/// A function type as in the specification: `(i32, i32) -> i64`.
pub(crate) fn text(function: &FuncType) -> String {
    let name = |value: ValType| Number::of(&value).map_or("a non-number", Number::name);
    write(function.params().map(name), function.results().map(name))
}

/// The same for types that were written down.
pub(crate) fn numbers_text(parameters: &[Number], results: &[Number]) -> String {
    write(parameters.iter().map(|number| number.name()), results.iter().map(|number| number.name()))
}

fn write<'a>(
    parameters: impl Iterator<Item = &'a str>,
    results: impl ExactSizeIterator<Item = &'a str>,
) -> String {
    let mut text = String::from("(");
    join(&mut text, parameters);
    text.push_str(") -> ");
    if results.len() == 1 {
        join(&mut text, results);
    } else {
        text.push('(');
        join(&mut text, results);
        text.push(')');
    }
    text
}

fn join<'a>(text: &mut String, names: impl Iterator<Item = &'a str>) {
    for (index, name) in names.enumerate() {
        let separator = if index == 0 { "" } else { ", " };
        // Writing to a string does not fail.
        let _ = write!(text, "{separator}{name}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_keep_every_bit() {
        assert_eq!(Number::I32.to_slot(Number::I32.read_slot(0xffff_ffff)), u64::MAX);
        assert_eq!(Number::I32.to_slot(Number::I32.read_slot(0xdead_beef_0000_0007)), 7);
        assert_eq!(Number::F32.to_slot(Number::F32.read_slot(0xffff_ffff_7fc0_0001)), 0x7fc0_0001);
        assert_eq!(Number::F64.to_slot(Number::F64.read_slot(0x7ff8_0000_0000_0001)), 0x7ff8_0000_0000_0001);
        assert_eq!(Number::I64.to_slot(Number::I64.read_slot(u64::MAX - 1)), u64::MAX - 1);
    }

    #[test]
    fn types_are_written_as_in_the_specification() {
        assert_eq!(numbers_text(BYTES.parameters, BYTES.results), "(i32, i32) -> i64");
        assert_eq!(numbers_text(SINK.parameters, SINK.results), "(i32, i32) -> ()");
        assert_eq!(numbers_text(&[], &[Number::F32, Number::F64]), "() -> (f32, f64)");
    }
}
