//! How many bytes the values of a type have.

use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

/// Bytes of a function's parameters, as a tuple, and of its result.
pub(super) fn sizes(function: &ComponentFunc) -> Option<(usize, usize)> {
    let (parameters, _) = sequence(function.params().map(|(_, ty)| ty))?;
    let result = match function.results().next() {
        Some(ty) => layout(&ty)?.0,
        None => 0,
    };
    Some((parameters, result))
}

/// Size and alignment of a type. Of types with more than 256 cases or flags: `None`.
pub(super) fn layout(ty: &Type) -> Option<(usize, usize)> {
    Some(match ty {
        Type::Bool | Type::S8 | Type::U8 => (1, 1),
        Type::S16 | Type::U16 => (2, 2),
        Type::S32 | Type::U32 | Type::Char | Type::Float32 | Type::Own(_) | Type::Borrow(_) => (4, 4),
        Type::S64 | Type::U64 | Type::Float64 => (8, 8),
        Type::String | Type::List(_) => (8, 4),
        Type::Record(record) => sequence(record.fields().map(|field| field.ty))?,
        Type::Tuple(tuple) => sequence(tuple.types())?,
        Type::Enum(cases) => (cases.names().len() <= 256).then_some((1, 1))?,
        Type::Flags(flags) => (flags.names().len() <= 8).then_some((1, 1))?,
        Type::Option(option) => cases([Some(option.ty())].into_iter())?,
        Type::Result(result) => cases([result.ok(), result.err()].into_iter())?,
        Type::Variant(variant) => {
            let list = variant.cases();
            (list.len() <= 256).then_some(())?;
            cases(list.map(|case| case.ty))?
        }
        _ => return None,
    })
}

fn sequence(types: impl Iterator<Item = Type>) -> Option<(usize, usize)> {
    let (mut end, mut most) = (0_usize, 1);
    for ty in types {
        let (size, align) = layout(&ty)?;
        end = end.next_multiple_of(align) + size;
        most = most.max(align);
    }
    Some((end.next_multiple_of(most), most))
}

/// A discriminant of one byte, and behind it the largest payload.
fn cases(payloads: impl Iterator<Item = Option<Type>>) -> Option<(usize, usize)> {
    let (mut largest, mut most) = (0, 1);
    for ty in payloads.flatten() {
        let (size, align) = layout(&ty)?;
        largest = largest.max(size);
        most = most.max(align);
    }
    Some(((most + largest).next_multiple_of(most), most))
}
