//! Constants of a test script as instructions, and expectations as comparisons that run inside WebAssembly.

use wasm_encoder::{Function, HeapType, ValType};
use wast::core::{
    AbstractHeapType, HeapType as TextHeapType, NanPattern, V128Const, V128Pattern, WastArgCore, WastRetCore,
};
use wast::token::{F32, F64};
use wast::{WastArg, WastRet};

use crate::skip::Reason;

/// What a result must be. Numbers are compared as bits, so that signs of zeros and payloads of NaNs count.
pub(crate) enum Expectation {
    /// `(bits & mask) == value`; of an i32 or f32.
    Bits32 { mask: u32, value: u32 },
    /// The same of an i64 or f64.
    Bits64 { mask: u64, value: u64 },
    /// The same of a v128, lane 0 in the lowest bits.
    Bits128 { mask: u128, value: u128 },
    /// A null reference.
    Null,
    /// Any reference but null.
    NotNull,
    /// One of several.
    Either(Vec<Self>),
}

const QUIET_32: u32 = 0x7fc0_0000;
const QUIET_64: u64 = 0x7ff8_0000_0000_0000;

/// Pushes an argument.
pub(crate) fn push_argument(function: &mut Function, argument: &WastArg<'_>) -> Result<(), Reason> {
    let WastArg::Core(argument) = argument else { return Err(Reason::HostReference) };
    let mut code = function.instructions();
    match argument {
        WastArgCore::I32(value) => code.i32_const(*value),
        WastArgCore::I64(value) => code.i64_const(*value),
        WastArgCore::F32(value) => code.f32_const(wasm_encoder::Ieee32::new(value.bits)),
        WastArgCore::F64(value) => code.f64_const(wasm_encoder::Ieee64::new(value.bits)),
        WastArgCore::V128(value) => code.v128_const(vector(value)),
        WastArgCore::RefNull(heap) => code.ref_null(null_type(heap).ok_or(Reason::HostReference)?),
        WastArgCore::RefExtern(_) | WastArgCore::RefHost(_) => return Err(Reason::HostReference),
    };
    Ok(())
}

fn null_type(heap: &TextHeapType<'_>) -> Option<HeapType> {
    match heap {
        TextHeapType::Abstract { ty: AbstractHeapType::Func, .. } => Some(HeapType::FUNC),
        TextHeapType::Abstract { ty: AbstractHeapType::Extern, .. } => Some(HeapType::EXTERN),
        _ => None,
    }
}

/// The type of an argument; of a null reference, whichever reference.
pub(crate) fn fits(argument: &WastArg<'_>, ty: ValType) -> bool {
    let WastArg::Core(argument) = argument else { return false };
    match argument {
        WastArgCore::I32(_) => ty == ValType::I32,
        WastArgCore::I64(_) => ty == ValType::I64,
        WastArgCore::F32(_) => ty == ValType::F32,
        WastArgCore::F64(_) => ty == ValType::F64,
        WastArgCore::V128(_) => ty == ValType::V128,
        WastArgCore::RefNull(_) | WastArgCore::RefExtern(_) | WastArgCore::RefHost(_) => {
            matches!(ty, ValType::Ref(_))
        }
    }
}

/// Reads what a result must be.
pub(crate) fn expectation(result: &WastRet<'_>) -> Result<Expectation, Reason> {
    match result {
        WastRet::Core(result) => core_expectation(result),
        _ => Err(Reason::HostReference),
    }
}

fn core_expectation(result: &WastRetCore<'_>) -> Result<Expectation, Reason> {
    Ok(match result {
        WastRetCore::I32(value) => Expectation::Bits32 { mask: u32::MAX, value: value.cast_unsigned() },
        WastRetCore::I64(value) => Expectation::Bits64 { mask: u64::MAX, value: value.cast_unsigned() },
        WastRetCore::F32(pattern) => {
            let (mask, value) = float_32(pattern);
            Expectation::Bits32 { mask, value }
        }
        WastRetCore::F64(pattern) => {
            let (mask, value) = float_64(pattern);
            Expectation::Bits64 { mask, value }
        }
        WastRetCore::V128(pattern) => {
            let (mask, value) = vector_pattern(pattern);
            Expectation::Bits128 { mask, value }
        }
        WastRetCore::RefNull(_) => Expectation::Null,
        WastRetCore::RefFunc(None) | WastRetCore::RefExtern(None) => Expectation::NotNull,
        WastRetCore::Either(cases) => {
            Expectation::Either(cases.iter().map(core_expectation).collect::<Result<_, _>>()?)
        }
        _ => return Err(Reason::HostReference),
    })
}

/// A canonical NaN has no payload but the quiet bit, and either sign; an arithmetic one has the quiet bit at least.
fn float_32(pattern: &NanPattern<F32>) -> (u32, u32) {
    match pattern {
        NanPattern::CanonicalNan => (u32::MAX >> 1, QUIET_32),
        NanPattern::ArithmeticNan => (QUIET_32, QUIET_32),
        NanPattern::Value(value) => (u32::MAX, value.bits),
    }
}

fn float_64(pattern: &NanPattern<F64>) -> (u64, u64) {
    match pattern {
        NanPattern::CanonicalNan => (u64::MAX >> 1, QUIET_64),
        NanPattern::ArithmeticNan => (QUIET_64, QUIET_64),
        NanPattern::Value(value) => (u64::MAX, value.bits),
    }
}

fn vector_pattern(pattern: &V128Pattern) -> (u128, u128) {
    match pattern {
        V128Pattern::I8x16(lanes) => exactly(vector(&V128Const::I8x16(*lanes))),
        V128Pattern::I16x8(lanes) => exactly(vector(&V128Const::I16x8(*lanes))),
        V128Pattern::I32x4(lanes) => exactly(vector(&V128Const::I32x4(*lanes))),
        V128Pattern::I64x2(lanes) => exactly(vector(&V128Const::I64x2(*lanes))),
        V128Pattern::F32x4(lanes) => lanes.iter().rev().fold((0, 0), |(mask, value), lane| {
            let (lane_mask, lane_value) = float_32(lane);
            (mask << 32 | u128::from(lane_mask), value << 32 | u128::from(lane_value))
        }),
        V128Pattern::F64x2(lanes) => lanes.iter().rev().fold((0, 0), |(mask, value), lane| {
            let (lane_mask, lane_value) = float_64(lane);
            (mask << 64 | u128::from(lane_mask), value << 64 | u128::from(lane_value))
        }),
    }
}

fn exactly(value: i128) -> (u128, u128) {
    (u128::MAX, value.cast_unsigned())
}

fn vector(value: &V128Const) -> i128 {
    i128::from_le_bytes(value.to_le_bytes())
}

impl Expectation {
    /// Whether a result of type `ty` can be compared with it at all.
    pub(crate) fn fits(&self, ty: ValType) -> bool {
        match self {
            Self::Bits32 { .. } => matches!(ty, ValType::I32 | ValType::F32),
            Self::Bits64 { .. } => matches!(ty, ValType::I64 | ValType::F64),
            Self::Bits128 { .. } => ty == ValType::V128,
            Self::Null | Self::NotNull => matches!(ty, ValType::Ref(_)),
            Self::Either(cases) => cases.iter().all(|case| case.fits(ty)),
        }
    }

    /// Pushes 1 when the local of type `ty` is as expected, else 0.
    pub(crate) fn push_comparison(&self, function: &mut Function, local: u32, ty: ValType) {
        match self {
            Self::Bits32 { mask, value } => push_bits_32(function, local, ty, *mask, *value),
            Self::Bits64 { mask, value } => push_bits_64(function, local, ty, *mask, *value),
            Self::Bits128 { mask, value } => push_bits_128(function, local, *mask, *value),
            Self::Null => {
                function.instructions().local_get(local).ref_is_null();
            }
            Self::NotNull => {
                function.instructions().local_get(local).ref_is_null().i32_eqz();
            }
            Self::Either(cases) => {
                function.instructions().i32_const(0);
                for case in cases {
                    case.push_comparison(function, local, ty);
                    function.instructions().i32_or();
                }
            }
        }
    }
}

fn push_bits_32(function: &mut Function, local: u32, ty: ValType, mask: u32, value: u32) {
    let mut code = function.instructions();
    code.local_get(local);
    if ty == ValType::F32 {
        code.i32_reinterpret_f32();
    }
    if mask != u32::MAX {
        code.i32_const(mask.cast_signed()).i32_and();
    }
    code.i32_const(value.cast_signed()).i32_eq();
}

fn push_bits_64(function: &mut Function, local: u32, ty: ValType, mask: u64, value: u64) {
    let mut code = function.instructions();
    code.local_get(local);
    if ty == ValType::F64 {
        code.i64_reinterpret_f64();
    }
    if mask != u64::MAX {
        code.i64_const(mask.cast_signed()).i64_and();
    }
    code.i64_const(value.cast_signed()).i64_eq();
}

fn push_bits_128(function: &mut Function, local: u32, mask: u128, value: u128) {
    let mut code = function.instructions();
    code.local_get(local);
    if mask != u128::MAX {
        code.v128_const(mask.cast_signed()).v128_and();
    }
    code.v128_const(value.cast_signed()).v128_xor().v128_any_true().i32_eqz();
}
