//! What a type means for copying: which of its bytes are pointers, handles or discriminants.

use wasmtime::component::__internal::wasmtime_environ::component::{
    CanonicalAbiInfo, RecordField, TypeEnum, TypeOption, TypeResult, TypeVariant, VariantInfo,
};
use wasmtime::component::__internal::{ComponentTypes, InterfaceType};

use crate::failure::Failure;

/// How the bytes of a type are read.
pub(super) enum Shape<'t> {
    /// A number, a boolean or a character.
    Scalar(Scalar),
    /// Bits, in words.
    Flags(Words),
    String,
    /// Pointer and length of elements.
    List(InterfaceType),
    Record(&'t [RecordField]),
    Tuple(&'t [InterfaceType]),
    /// A discriminant and, for some of them, a payload.
    Cases(Cases<'t>),
    /// A resource.
    Handle,
}

/// How a flat value becomes bytes in memory and back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Bool,
    Unsigned(usize),
    /// Widened by its sign.
    Signed(usize),
}

/// The words that flags are kept in.
#[derive(Clone, Copy)]
pub(super) struct Words {
    pub(super) count: usize,
    /// Bytes of each.
    pub(super) bytes: usize,
}

impl Words {
    /// Those of so many flags.
    fn of(flags: usize) -> Self {
        match flags {
            0 => Self { count: 0, bytes: 0 },
            1..=8 => Self { count: 1, bytes: 1 },
            9..=16 => Self { count: 1, bytes: 2 },
            _ => Self { count: flags.div_ceil(32), bytes: 4 },
        }
    }
}

/// The cases of a variant, an enum, an option or a result.
pub(super) enum Cases<'t> {
    Variant(&'t TypeVariant),
    Enum(&'t TypeEnum),
    Option(&'t TypeOption),
    Result(&'t TypeResult),
}

impl<'t> Shape<'t> {
    /// The shape of a type. Types that the compiler refuses are an error.
    #[inline]
    pub(super) fn of(types: &'t ComponentTypes, ty: InterfaceType) -> Result<Self, Failure> {
        Ok(match ty {
            InterfaceType::Bool => Self::Scalar(Scalar::Bool),
            InterfaceType::U8 => Self::Scalar(Scalar::Unsigned(1)),
            InterfaceType::U16 => Self::Scalar(Scalar::Unsigned(2)),
            InterfaceType::U32 | InterfaceType::Char | InterfaceType::Float32 => {
                Self::Scalar(Scalar::Unsigned(4))
            }
            InterfaceType::U64 | InterfaceType::Float64 | InterfaceType::S64 => {
                Self::Scalar(Scalar::Unsigned(8))
            }
            InterfaceType::S8 => Self::Scalar(Scalar::Signed(1)),
            InterfaceType::S16 => Self::Scalar(Scalar::Signed(2)),
            InterfaceType::S32 => Self::Scalar(Scalar::Signed(4)),
            InterfaceType::String => Self::String,
            InterfaceType::List(index) => Self::List(types[index].element),
            InterfaceType::Record(index) => Self::Record(&types[index].fields),
            InterfaceType::Tuple(index) => Self::Tuple(&types[index].types),
            InterfaceType::Flags(index) => Self::Flags(Words::of(types[index].names.len())),
            InterfaceType::Variant(index) => Self::Cases(Cases::Variant(&types[index])),
            InterfaceType::Enum(index) => Self::Cases(Cases::Enum(&types[index])),
            InterfaceType::Option(index) => Self::Cases(Cases::Option(&types[index])),
            InterfaceType::Result(index) => Self::Cases(Cases::Result(&types[index])),
            InterfaceType::Own(_) | InterfaceType::Borrow(_) => Self::Handle,
            _ => return Err(Failure::internal("a type of this kind has no values")),
        })
    }
}

impl Cases<'_> {
    fn info(&self) -> &VariantInfo {
        match self {
            Self::Variant(variant) => &variant.info,
            Self::Enum(names) => &names.info,
            Self::Option(option) => &option.info,
            Self::Result(result) => &result.info,
        }
    }

    /// Bytes of the discriminant.
    #[inline]
    pub(super) fn discriminant_bytes(&self) -> usize {
        self.info().size.byte_size() as usize
    }

    /// Where the payload starts.
    #[inline]
    pub(super) fn payload_offset(&self) -> usize {
        self.info().payload_offset32 as usize
    }

    /// The payload's type of a case; `None` when there is no such case.
    #[inline]
    pub(super) fn payload(&self, discriminant: u32) -> Option<Option<InterfaceType>> {
        match (self, discriminant) {
            (Self::Variant(variant), case) => {
                variant.cases.get_index(case as usize).map(|(_, payload)| *payload)
            }
            (Self::Enum(names), case) => ((case as usize) < names.names.len()).then_some(None),
            (Self::Option(_), 0) => Some(None),
            (Self::Option(option), 1) => Some(Some(option.ty)),
            (Self::Result(result), 0) => Some(result.ok),
            (Self::Result(result), 1) => Some(result.err),
            _ => None,
        }
    }

    fn any_payload(&self, mut test: impl FnMut(InterfaceType) -> bool) -> bool {
        match self {
            Self::Variant(variant) => variant.cases.values().flatten().any(|ty| test(*ty)),
            Self::Enum(_) => false,
            Self::Option(option) => test(option.ty),
            Self::Result(result) => [result.ok, result.err].into_iter().flatten().any(test),
        }
    }
}

/// Whether values of a type refer to something outside their own bytes, or hold a discriminant in front of such a value.
pub(super) fn refers(types: &ComponentTypes, ty: InterfaceType) -> bool {
    match Shape::of(types, ty) {
        Ok(Shape::Scalar(_) | Shape::Flags(_)) => false,
        Ok(Shape::String | Shape::List(_) | Shape::Handle) | Err(_) => true,
        Ok(Shape::Record(fields)) => fields.iter().any(|field| refers(types, field.ty)),
        Ok(Shape::Tuple(items)) => items.iter().any(|ty| refers(types, *ty)),
        Ok(Shape::Cases(cases)) => cases.any_payload(|ty| refers(types, ty)),
    }
}

/// Types and offsets of the parts of a record or tuple, in order.
#[inline]
pub(super) fn parts<'t>(
    types: &'t ComponentTypes,
    list: impl Iterator<Item = InterfaceType> + 't,
) -> impl Iterator<Item = (InterfaceType, usize)> + 't {
    let mut end = 0;
    list.map(move |ty| (ty, types.canonical_abi(&ty).next_field32_size(&mut end)))
}

/// Size and alignment of a type in bytes.
#[inline]
pub(super) fn layout(abi: &CanonicalAbiInfo) -> (usize, usize) {
    (abi.size32 as usize, abi.align32 as usize)
}
