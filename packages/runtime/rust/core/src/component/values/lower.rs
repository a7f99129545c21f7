//! From an image into a component.

use alloc::format;
use core::any::Any;
use core::iter;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::slice;

use twinwall_abi::ErrorCode;
use wasmtime::ValRaw;
use wasmtime::component::__internal::wasmtime_environ::component::{MAX_FLAT_PARAMS, StringEncoding};
use wasmtime::component::__internal::{
    CanonicalAbiInfo, ComponentTypes, InstanceType, InterfaceType, LowerContext,
};
use wasmtime::component::{ComponentNamedList, ComponentType, Lower, ResourceDynamic};

use super::shape::{Scalar, Shape, layout, parts, refers};
use crate::failure::Failure;
use crate::guest::Guest;
use crate::platform::Platform;

/// The arguments of an exported function: an image that the host laid out for its parameters.
pub(crate) struct Arguments<'i, P> {
    image: &'i [u8],
    platform: PhantomData<fn() -> P>,
}

impl<'i, P> Arguments<'i, P> {
    pub(crate) fn new(image: &'i [u8]) -> Self {
        Self { image, platform: PhantomData }
    }
}

/// The host's answer to an imported function: an image that lies where the host placed it.
pub(crate) struct Answer<P>(Arguments<'static, P>);

impl<P> Answer<P> {
    /// # Safety
    /// The bytes must stay as they are until the answer has been lowered.
    pub(crate) unsafe fn new(image: &[u8]) -> Self {
        // SAFETY: the caller's promise.
        Self(Arguments::new(unsafe { slice::from_raw_parts(image.as_ptr(), image.len()) }))
    }
}

/// Slots in which an exported function's parameters are passed at most; more go by memory.
type Slots = [ValRaw; MAX_FLAT_PARAMS];

// SAFETY: `Lower` is a sequence of `ValRaw`. Size and alignment are not relied on: functions of this type are entered with
// the flat form only, which this type lays out by the component's own types, in memory where they ask for that. Every type
// is accepted, because every type is handled.
unsafe impl<P: Platform> ComponentType for Arguments<'_, P> {
    type Lower = Slots;
    const ABI: CanonicalAbiInfo =
        CanonicalAbiInfo { flat_count: Some(MAX_FLAT_PARAMS as u8), ..CanonicalAbiInfo::SCALAR8 };
    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: it stands for the tuple of all parameters.
unsafe impl<P: Platform> ComponentNamedList for Arguments<'_, P> {}

// SAFETY: as many slots are written as the parameters' types have, or the one of the pointer to them.
unsafe impl<P: Platform> Lower for Arguments<'_, P> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<Slots>,
    ) -> wasmtime::Result<()> {
        // SAFETY: an array of uninitialised values is itself initialised.
        let slots = unsafe { &mut *dst.as_mut_ptr().cast::<[MaybeUninit<ValRaw>; MAX_FLAT_PARAMS]>() };
        let types: &ComponentTypes = cx.types;
        let abi = types.canonical_abi(&ty);
        let mut lowering = Lowering::<T, P>::new(cx, self.image);
        if abi.flat_count(MAX_FLAT_PARAMS).is_some() {
            return lowering.flat(ty, 0, &mut slots.iter_mut());
        }
        let (size, align) = layout(abi);
        let place = lowering.block(ty, 0, 1, size, align)?;
        slots[0].write(ValRaw::u64(place as u64));
        Ok(())
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
    ) -> wasmtime::Result<()> {
        let (size, _) = layout(cx.types.canonical_abi(&ty));
        Lowering::<T, P>::new(cx, self.image).fill(ty, 0, 1, size, offset)
    }
}

// SAFETY: `Lower` is no slots at all, which fits into whatever wasmtime hands over for a result of any type. How many there
// are is known from the component's own type.
unsafe impl<P: Platform> ComponentType for Answer<P> {
    type Lower = [ValRaw; 0];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo { flat_count: Some(0), ..CanonicalAbiInfo::SCALAR8 };
    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: it stands for the tuple of all results.
unsafe impl<P: Platform> ComponentNamedList for Answer<P> {}

// SAFETY: as many slots are written as the result's type has.
unsafe impl<P: Platform> Lower for Answer<P> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        dst: &mut MaybeUninit<[ValRaw; 0]>,
    ) -> wasmtime::Result<()> {
        let count = cx.types.canonical_abi(&ty).flat_count(MAX_FLAT_PARAMS).unwrap_or(0);
        // SAFETY: wasmtime passes the slots of a function of this type, cut to its flat results: `count` of them. That the
        // reference spans none of them narrows nothing: accesses beyond it go by the pointer that it came from.
        let slots =
            unsafe { slice::from_raw_parts_mut(dst.as_mut_ptr().cast::<MaybeUninit<ValRaw>>(), count) };
        Lowering::<T, P>::new(cx, self.0.image).flat(ty, 0, &mut slots.iter_mut())
    }

    fn linear_lower_to_memory<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        offset: usize,
    ) -> wasmtime::Result<()> {
        self.0.linear_lower_to_memory(cx, ty, offset)
    }
}

/// One value on its way into the component.
struct Lowering<'c, 'a, 'i, T: 'static, P> {
    cx: &'c mut LowerContext<'a, T>,
    types: &'a ComponentTypes,
    image: &'i [u8],
    platform: PhantomData<fn() -> P>,
}

impl<'c, 'a, 'i, T: 'static, P: Platform> Lowering<'c, 'a, 'i, T, P> {
    fn new(cx: &'c mut LowerContext<'a, T>, image: &'i [u8]) -> Self {
        let types = cx.types;
        Self { cx, types, image, platform: PhantomData }
    }

    /// Places `count` values, which lie at `source` one behind the other, in memory that the component allocates.
    fn block(
        &mut self,
        ty: InterfaceType,
        source: usize,
        count: usize,
        size: usize,
        align: usize,
    ) -> wasmtime::Result<usize> {
        let bytes = size.checked_mul(count).ok_or_else(malformed)?;
        let place = self.cx.realloc(0, 0, align as u32, bytes).map_err(no_room)?;
        self.fill(ty, source, count, size, place)?;
        Ok(place)
    }

    /// Copies `count` values to `place`, and what they refer to to wherever the component allocates it.
    fn fill(
        &mut self,
        ty: InterfaceType,
        source: usize,
        count: usize,
        size: usize,
        place: usize,
    ) -> wasmtime::Result<()> {
        let bytes = size.checked_mul(count).ok_or_else(malformed)?;
        let from =
            source.checked_add(bytes).and_then(|end| self.image.get(source..end)).ok_or_else(malformed)?;
        let to = place.checked_add(bytes).and_then(|end| self.cx.as_slice_mut().get_mut(place..end));
        to.ok_or_else(malformed)?.copy_from_slice(from);
        if refers(self.types, ty) {
            for index in 0..count {
                self.refer(ty, source + index * size, place + index * size)?;
            }
        }
        Ok(())
    }

    /// Sets the pointers and handles of a value that was copied to `place`.
    fn refer(&mut self, ty: InterfaceType, source: usize, place: usize) -> wasmtime::Result<()> {
        let types = self.types;
        match Shape::of(types, ty).map_err(wasmtime::Error::new)? {
            Shape::Scalar(_) | Shape::Flags(_) => Ok(()),
            Shape::String => {
                let (pointer, length) = self.string(source)?;
                self.set_pair(place, pointer, length);
                Ok(())
            }
            Shape::List(element) => {
                let (pointer, length) = self.list(element, source)?;
                self.set_pair(place, pointer, length);
                Ok(())
            }
            Shape::Record(fields) => parts(types, fields.iter().map(|field| field.ty))
                .try_for_each(|(ty, offset)| self.refer(ty, source + offset, place + offset)),
            Shape::Tuple(items) => parts(types, items.iter().copied())
                .try_for_each(|(ty, offset)| self.refer(ty, source + offset, place + offset)),
            Shape::Cases(cases) => {
                let discriminant = self.number(source, cases.discriminant_bytes())? as u32;
                let offset = cases.payload_offset();
                match cases.payload(discriminant).ok_or_else(malformed)? {
                    Some(ty) => self.refer(ty, source + offset, place + offset),
                    None => Ok(()),
                }
            }
            Shape::Handle => {
                let handle = self.handle(ty, source)?;
                *self.cx.get::<4>(place) = handle.to_le_bytes();
                Ok(())
            }
        }
    }

    /// Writes a value as flat slots.
    fn flat<'s>(
        &mut self,
        ty: InterfaceType,
        source: usize,
        slots: &mut impl Iterator<Item = &'s mut MaybeUninit<ValRaw>>,
    ) -> wasmtime::Result<()> {
        let types = self.types;
        match Shape::of(types, ty).map_err(wasmtime::Error::new)? {
            Shape::Scalar(scalar) => {
                let (Scalar::Unsigned(bytes) | Scalar::Signed(bytes)) = scalar else {
                    return put(slots, self.number(source, 1)?);
                };
                let number = self.number(source, bytes)?;
                put(slots, if scalar == Scalar::Signed(bytes) { widen(number, bytes) } else { number })
            }
            Shape::Flags(words) => {
                (0..words.count).try_for_each(|word| put(slots, self.number(source + 4 * word, words.bytes)?))
            }
            Shape::String => {
                let (pointer, length) = self.string(source)?;
                put(slots, pointer as u64)?;
                put(slots, length as u64)
            }
            Shape::List(element) => {
                let (pointer, length) = self.list(element, source)?;
                put(slots, pointer as u64)?;
                put(slots, length as u64)
            }
            Shape::Record(fields) => parts(types, fields.iter().map(|field| field.ty))
                .try_for_each(|(ty, offset)| self.flat(ty, source + offset, slots)),
            Shape::Tuple(items) => parts(types, items.iter().copied())
                .try_for_each(|(ty, offset)| self.flat(ty, source + offset, slots)),
            Shape::Cases(cases) => {
                let discriminant = self.number(source, cases.discriminant_bytes())? as u32;
                let payload = cases.payload(discriminant).ok_or_else(malformed)?;
                put(slots, u64::from(discriminant))?;
                let flat = |ty: &InterfaceType| types.canonical_abi(ty).flat_count(usize::MAX).unwrap_or(0);
                let used = payload.as_ref().map_or(0, flat);
                if let Some(payload) = payload {
                    self.flat(payload, source + cases.payload_offset(), slots)?;
                }
                // The other slots are those that longer cases have.
                iter::repeat_n((), flat(&ty).saturating_sub(1 + used)).try_for_each(|()| put(slots, 0))
            }
            Shape::Handle => {
                let handle = self.handle(ty, source)?;
                put(slots, u64::from(handle))
            }
        }
    }

    /// Copies the string that the pair at `source` names; returns its pointer and length for the component.
    fn string(&mut self, source: usize) -> wasmtime::Result<(usize, usize)> {
        let (pointer, length) = self.pair(source)?;
        let bytes = pointer.checked_add(length).and_then(|end| self.image.get(pointer..end));
        let bytes = bytes.ok_or_else(malformed)?;
        if self.cx.options().string_encoding == StringEncoding::Utf8 {
            let place = self.cx.realloc(0, 0, 1, length).map_err(no_room)?;
            self.cx.as_slice_mut()[place..][..length].copy_from_slice(bytes);
            return Ok((place, length));
        }
        let text = core::str::from_utf8(bytes).map_err(|_| malformed())?;
        let mut flat = MaybeUninit::<[ValRaw; 2]>::uninit();
        <str as Lower>::linear_lower_to_flat(text, self.cx, InterfaceType::String, &mut flat)
            .map_err(no_room)?;
        // SAFETY: lowering a string writes both values.
        let [pointer, length] = unsafe { flat.assume_init() };
        Ok((pointer.get_u64() as usize, length.get_u64() as usize))
    }

    /// Copies the list that the pair at `source` names; returns its pointer and length for the component.
    fn list(&mut self, element: InterfaceType, source: usize) -> wasmtime::Result<(usize, usize)> {
        let (pointer, length) = self.pair(source)?;
        let (size, align) = layout(self.types.canonical_abi(&element));
        Ok((self.block(element, pointer, length, size, align)?, length))
    }

    /// The component's own number for the resource whose handle lies at `source`.
    fn handle(&mut self, ty: InterfaceType, source: usize) -> wasmtime::Result<u32> {
        let handle = self.number(source, 4)? as u32;
        let (InterfaceType::Own(table) | InterfaceType::Borrow(table)) = ty else { return Err(malformed()) };
        let wanted = self.cx.resource_type(table);
        let handles = &mut guest::<T, P>(self.cx)?.handles;
        let mut slot = MaybeUninit::uninit();
        if let Some(kind) = handles.host_kind(wanted) {
            let resource = match ty {
                InterfaceType::Own(_) => ResourceDynamic::new_own(handle, kind),
                _ => ResourceDynamic::new_borrow(handle, kind),
            };
            resource.linear_lower_to_flat(self.cx, ty, &mut slot)?;
        } else {
            let resource = match ty {
                InterfaceType::Own(_) => handles.take(handle),
                _ => handles.get(handle),
            };
            let resource = resource.ok_or_else(|| wasmtime::Error::new(unknown_handle(handle)))?;
            resource.linear_lower_to_flat(self.cx, ty, &mut slot)?;
        }
        // SAFETY: lowering a handle writes its one value.
        Ok(unsafe { slot.assume_init() }.get_u32())
    }

    /// Pointer and length at `source`.
    fn pair(&self, source: usize) -> wasmtime::Result<(usize, usize)> {
        Ok((self.number(source, 4)? as usize, self.number(source + 4, 4)? as usize))
    }

    fn set_pair(&mut self, place: usize, pointer: usize, length: usize) {
        *self.cx.get::<4>(place) = (pointer as u32).to_le_bytes();
        *self.cx.get::<4>(place + 4) = (length as u32).to_le_bytes();
    }

    /// The number of so many bytes at `source`.
    #[inline]
    fn number(&self, source: usize, bytes: usize) -> wasmtime::Result<u64> {
        let from =
            source.checked_add(bytes).and_then(|end| self.image.get(source..end)).ok_or_else(malformed)?;
        let mut number = [0; 8];
        number[..bytes].copy_from_slice(from);
        Ok(u64::from_le_bytes(number))
    }
}

fn put<'s>(
    slots: &mut impl Iterator<Item = &'s mut MaybeUninit<ValRaw>>,
    number: u64,
) -> wasmtime::Result<()> {
    slots.next().ok_or_else(malformed)?.write(ValRaw::u64(number));
    Ok(())
}

/// Widens a signed number of so many bytes to an i32, or leaves it as it is when it is one.
fn widen(number: u64, bytes: usize) -> u64 {
    let shift = 32 - 8 * bytes as u32;
    u64::from((((number as u32) << shift) as i32 >> shift) as u32)
}

/// The guest behind a store of any type.
fn guest<'c, T: 'static, P: Platform>(cx: &'c mut LowerContext<'_, T>) -> wasmtime::Result<&'c mut Guest<P>> {
    let data: &mut dyn Any = cx.store.data_mut();
    data.downcast_mut().ok_or_else(|| wasmtime::Error::new(Failure::internal("the store is not a guest's")))
}

#[cold]
fn malformed() -> wasmtime::Error {
    wasmtime::Error::new(Failure::internal("the host laid a value out in another way than its type"))
}

#[cold]
fn unknown_handle(handle: u32) -> Failure {
    Failure::new(ErrorCode::Type, format!("there is no resource {handle} in this session"))
}

/// What went wrong in the component's allocator. Traps speak for themselves.
#[cold]
fn no_room(error: wasmtime::Error) -> wasmtime::Error {
    if error.is::<wasmtime::Trap>() || error.is::<Failure>() {
        return error;
    }
    let message = format!("the component's `cabi_realloc` gives no memory: {error:#}");
    wasmtime::Error::new(Failure::new(ErrorCode::Memory, message))
}
