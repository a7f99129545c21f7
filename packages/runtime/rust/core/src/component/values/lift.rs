//! From a component into an image.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::slice;

use twinwall_abi::ErrorCode;
use wasmtime::ValRaw;
use wasmtime::component::__internal::wasmtime_environ::component::{MAX_FLAT_PARAMS, StringEncoding};
use wasmtime::component::__internal::{
    CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, LiftContext,
};
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, ResourceAny};

use super::shape::{Scalar, Shape, layout, parts, refers};
use crate::failure::Failure;

/// What came out of a component: the parameters of an imported function (`SLOTS` 0: as many as its type has), or the result
/// of an exported one (`SLOTS` 1).
pub(crate) struct Lifted<const SLOTS: usize> {
    /// The image, but for the handles.
    pub(crate) image: Vec<u8>,
    /// Resources, and where in the image their handles belong.
    pub(crate) resources: Vec<(usize, ResourceAny)>,
}

// SAFETY: `Lower` is a sequence of `ValRaw`, no longer than what wasmtime has. Size and alignment are not relied on: a value
// in memory is read by the component's own type, from where the bytes start that are handed over. Every type is accepted,
// because every type is handled.
unsafe impl<const SLOTS: usize> ComponentType for Lifted<SLOTS> {
    type Lower = [ValRaw; SLOTS];
    const ABI: CanonicalAbiInfo =
        CanonicalAbiInfo { size32: 0, align32: 1, size64: 0, align64: 1, flat_count: Some(SLOTS as u8) };
    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: it stands for the tuple of all parameters or results.
unsafe impl<const SLOTS: usize> ComponentNamedList for Lifted<SLOTS> {}

/// Most flat values of an imported function's parameters, and of an exported one's result: more go by memory.
const fn most_flat(slots: usize) -> usize {
    if slots == 0 { MAX_FLAT_PARAMS } else { slots }
}

// SAFETY: nothing is assumed of the bytes and slots but what wasmtime checked.
unsafe impl<const SLOTS: usize> Lift for Lifted<SLOTS> {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        src: &[ValRaw; SLOTS],
    ) -> wasmtime::Result<Self> {
        let types: &ComponentTypes = cx.types;
        let abi = types.canonical_abi(&ty);
        let count = abi.flat_count(most_flat(SLOTS));
        // SAFETY: wasmtime passes the slots of a function of this type: `count` values, or the one pointer to them. Where
        // the reference spans none of them that narrows nothing: accesses go by the pointer that it came from.
        let slots = unsafe { slice::from_raw_parts(src.as_ptr(), count.unwrap_or(1)) };
        let mut lifting = Lifting::new(cx);
        if count.is_some() {
            let (size, _) = layout(abi);
            lifting.reserve(size)?;
            lifting.image.resize(size, 0);
            lifting.flat(ty, 0, &mut slots.iter())?;
        } else {
            let (size, align) = layout(abi);
            let pointer = slots.first().map_or(0, ValRaw::get_u32) as usize;
            lifting.block(ty, pointer, 1, size, align)?;
        }
        Ok(lifting.end())
    }

    fn linear_lift_from_memory(
        cx: &mut LiftContext<'_>,
        ty: InterfaceType,
        bytes: &[u8],
    ) -> wasmtime::Result<Self> {
        // The bytes are none, but they begin where the value does, which wasmtime has checked.
        let pointer = (bytes.as_ptr() as usize).wrapping_sub(cx.memory().as_ptr() as usize);
        let (size, align) = layout(cx.types.canonical_abi(&ty));
        let mut lifting = Lifting::new(cx);
        lifting.block(ty, pointer, 1, size, align)?;
        Ok(lifting.end())
    }
}

/// One value on its way out of the component.
struct Lifting<'c, 'a, const SLOTS: usize> {
    cx: &'c mut LiftContext<'a>,
    types: &'a ComponentTypes,
    image: Vec<u8>,
    resources: Vec<(usize, ResourceAny)>,
}

impl<'c, 'a, const SLOTS: usize> Lifting<'c, 'a, SLOTS> {
    fn new(cx: &'c mut LiftContext<'a>) -> Self {
        let types: &'a ComponentTypes = cx.types;
        Self { cx, types, image: Vec::new(), resources: Vec::new() }
    }

    fn end(self) -> Lifted<SLOTS> {
        Lifted { image: self.image, resources: self.resources }
    }

    /// Counts bytes of the image against what the host takes, before anything is allocated for them.
    fn reserve(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.cx.consume_fuel(bytes).map_err(|_| {
            let message = "the values have more bytes than the host takes";
            wasmtime::Error::new(Failure::new(ErrorCode::Limit, message))
        })
    }

    /// Appends `count` values that lie at `pointer`, and what they refer to.
    fn block(
        &mut self,
        ty: InterfaceType,
        pointer: usize,
        count: usize,
        size: usize,
        align: usize,
    ) -> wasmtime::Result<usize> {
        if !pointer.is_multiple_of(align) {
            return Err(bad(format!("the pointer {pointer:#x} is not a multiple of {align}")));
        }
        let bytes = size
            .checked_mul(count)
            .and_then(|bytes| self.cx.memory().get(pointer..pointer.checked_add(bytes)?))
            .ok_or_else(|| {
                bad(format!("{count} values of {size} bytes at {pointer:#x} lie outside memory"))
            })?;
        let at = self.image.len().next_multiple_of(align);
        self.reserve(at - self.image.len() + bytes.len())?;
        self.image.resize(at, 0);
        self.image.extend_from_slice(bytes);
        if refers(self.types, ty) {
            for index in 0..count {
                self.refer(ty, at + index * size)?;
            }
        }
        Ok(at)
    }

    /// Fetches what the value at `at` of the image refers to, and sets its pointers.
    fn refer(&mut self, ty: InterfaceType, at: usize) -> wasmtime::Result<()> {
        let types = self.types;
        match Shape::of(types, ty).map_err(wasmtime::Error::new)? {
            Shape::Scalar(_) | Shape::Flags(_) => Ok(()),
            Shape::String => {
                let (pointer, length) = (self.number(at, 4) as usize, self.number(at + 4, 4) as usize);
                self.string(pointer, length, at)
            }
            Shape::List(element) => {
                let (pointer, length) = (self.number(at, 4) as usize, self.number(at + 4, 4) as usize);
                self.list(element, pointer, length, at)
            }
            Shape::Record(fields) => parts(types, fields.iter().map(|field| field.ty))
                .try_for_each(|(ty, offset)| self.refer(ty, at + offset)),
            Shape::Tuple(items) => {
                parts(types, items.iter().copied()).try_for_each(|(ty, offset)| self.refer(ty, at + offset))
            }
            Shape::Cases(cases) => {
                let discriminant = self.number(at, cases.discriminant_bytes()) as u32;
                match cases.payload(discriminant).ok_or_else(|| no_case(discriminant))? {
                    Some(ty) => self.refer(ty, at + cases.payload_offset()),
                    None => Ok(()),
                }
            }
            Shape::Handle => {
                let handle = self.number(at, 4) as u32;
                self.handle(ty, handle, at)
            }
        }
    }

    /// Reads a value from flat slots to `at` of the image, whose bytes are there and zero.
    fn flat<'s>(
        &mut self,
        ty: InterfaceType,
        at: usize,
        slots: &mut impl Iterator<Item = &'s ValRaw>,
    ) -> wasmtime::Result<()> {
        let types = self.types;
        match Shape::of(types, ty).map_err(wasmtime::Error::new)? {
            Shape::Scalar(Scalar::Bool) => {
                let set = next(slots)? as u32 != 0;
                self.set(at, 1, u64::from(set));
                Ok(())
            }
            Shape::Scalar(Scalar::Unsigned(bytes) | Scalar::Signed(bytes)) => {
                let number = next(slots)?;
                self.set(at, bytes, number);
                Ok(())
            }
            Shape::Flags(words) => {
                for word in 0..words.count {
                    let number = next(slots)?;
                    self.set(at + 4 * word, words.bytes, number);
                }
                Ok(())
            }
            Shape::String => {
                let (pointer, length) = (next(slots)? as u32 as usize, next(slots)? as u32 as usize);
                self.string(pointer, length, at)
            }
            Shape::List(element) => {
                let (pointer, length) = (next(slots)? as u32 as usize, next(slots)? as u32 as usize);
                self.list(element, pointer, length, at)
            }
            Shape::Record(fields) => parts(types, fields.iter().map(|field| field.ty))
                .try_for_each(|(ty, offset)| self.flat(ty, at + offset, slots)),
            Shape::Tuple(items) => parts(types, items.iter().copied())
                .try_for_each(|(ty, offset)| self.flat(ty, at + offset, slots)),
            Shape::Cases(cases) => {
                let discriminant = next(slots)? as u32;
                let payload = cases.payload(discriminant).ok_or_else(|| no_case(discriminant))?;
                self.set(at, cases.discriminant_bytes(), u64::from(discriminant));
                let flat = |ty: &InterfaceType| types.canonical_abi(ty).flat_count(usize::MAX).unwrap_or(0);
                let used = payload.as_ref().map_or(0, flat);
                if let Some(payload) = payload {
                    self.flat(payload, at + cases.payload_offset(), slots)?;
                }
                (0..flat(&ty).saturating_sub(1 + used)).try_for_each(|_| next(slots).map(drop))
            }
            Shape::Handle => {
                let handle = next(slots)? as u32;
                self.handle(ty, handle, at)
            }
        }
    }

    /// Appends a string; its pointer and length go to `at`.
    fn string(&mut self, pointer: usize, length: usize, at: usize) -> wasmtime::Result<()> {
        let piece = self.image.len();
        let bytes = if self.cx.options().string_encoding == StringEncoding::Utf8 {
            // Whether it is UTF-8 is for the host to see, which takes nobody's word for it.
            let bytes = pointer.checked_add(length).and_then(|end| self.cx.memory().get(pointer..end));
            let bytes = bytes.ok_or_else(|| {
                bad(format!("a string of {length} bytes at {pointer:#x} lies outside memory"))
            })?;
            self.reserve(bytes.len())?;
            self.image.extend_from_slice(bytes);
            bytes.len()
        } else {
            let flat = [ValRaw::u32(pointer as u32), ValRaw::u32(length as u32)];
            let text = String::linear_lift_from_flat(self.cx, InterfaceType::String, &flat)
                .map_err(|error| bad(format!("{error:#}")))?;
            self.reserve(text.len())?;
            self.image.extend_from_slice(text.as_bytes());
            text.len()
        };
        self.set(at, 4, if bytes == 0 { 0 } else { piece as u64 });
        self.set(at + 4, 4, bytes as u64);
        Ok(())
    }

    /// Appends a list; its pointer and length go to `at`.
    fn list(
        &mut self,
        element: InterfaceType,
        pointer: usize,
        length: usize,
        at: usize,
    ) -> wasmtime::Result<()> {
        let (size, align) = layout(self.types.canonical_abi(&element));
        let piece = if length == 0 { 0 } else { self.image.len().next_multiple_of(align) };
        self.set(at, 4, piece as u64);
        self.set(at + 4, 4, length as u64);
        if length > 0 {
            self.block(element, pointer, length, size, align)?;
        }
        Ok(())
    }

    /// Takes a resource over. What stands for it on the host is known when the component is left.
    fn handle(&mut self, ty: InterfaceType, handle: u32, at: usize) -> wasmtime::Result<()> {
        let resource = ResourceAny::linear_lift_from_flat(self.cx, ty, &ValRaw::u32(handle))
            .map_err(|error| bad(format!("{error:#}")))?;
        self.resources.push((at, resource));
        Ok(())
    }

    /// The number of so many bytes at `at`, which lies in the image.
    #[inline]
    fn number(&self, at: usize, bytes: usize) -> u64 {
        let mut number = [0; 8];
        number[..bytes].copy_from_slice(&self.image[at..at + bytes]);
        u64::from_le_bytes(number)
    }

    /// Writes the low bytes of a number to `at`, which lies in the image.
    #[inline]
    fn set(&mut self, at: usize, bytes: usize, number: u64) {
        self.image[at..at + bytes].copy_from_slice(&number.to_le_bytes()[..bytes]);
    }
}

fn next<'s>(slots: &mut impl Iterator<Item = &'s ValRaw>) -> wasmtime::Result<u64> {
    slots.next().map(ValRaw::get_u64).ok_or_else(|| {
        wasmtime::Error::new(Failure::internal("a type has more flat values than wasmtime says"))
    })
}

#[cold]
fn no_case(discriminant: u32) -> wasmtime::Error {
    bad(format!("there is no case {discriminant}"))
}

#[cold]
fn bad(message: String) -> wasmtime::Error {
    wasmtime::Error::new(Failure::new(
        ErrorCode::BadReply,
        format!("the component's values are malformed: {message}"),
    ))
}
