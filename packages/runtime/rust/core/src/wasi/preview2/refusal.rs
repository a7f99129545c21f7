//! Functions that are not supported: sockets, HTTP, and what later versions add.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use twinwall_abi::ErrorCode;
use wasmtime::component::Type;
use wasmtime::component::types::{ComponentFunc, ResultType};

use super::entry::Entry;
use super::layout::layout;
use crate::failure::Failure;
use crate::wasi::WasiHost;

/// Names of error cases that say it, the best first: those of sockets, of files, and of HTTP.
const ERRORS: [&str; 3] = ["not-supported", "unsupported", "HTTP-request-denied"];

/// What a function comes to that is not supported.
pub(crate) enum Refusal {
    /// It returns an error.
    Error(Box<[u8]>),
    /// It returns a resource that nothing can be done with.
    Resource,
    /// It has no way to say so: the call ends.
    End(String),
}

impl Refusal {
    /// What can be said by the type of a function.
    pub(crate) fn of(interface: &str, name: &str, function: &ComponentFunc) -> Self {
        match function.results().next() {
            Some(Type::Own(_)) => Self::Resource,
            Some(Type::Result(result)) => error_image(&result)
                .map_or_else(|| Self::end(interface, name), |image| Self::Error(image.into())),
            _ => Self::end(interface, name),
        }
    }

    fn end(interface: &str, name: &str) -> Self {
        Self::End(format!("the function `{name}` of {interface} is not supported"))
    }

    /// Returns the image of the function's result.
    pub(crate) fn answer<H: WasiHost>(&self, host: &mut H) -> wasmtime::Result<Vec<u8>> {
        match self {
            Self::Error(image) => Ok(image.to_vec()),
            Self::Resource => {
                host.wasi().resources.add(Entry::Nothing).map(|number| number.to_le_bytes().to_vec())
            }
            Self::End(message) => {
                Err(wasmtime::Error::new(Failure::new(ErrorCode::Unsupported, message.clone())))
            }
        }
    }
}

/// The error in a result, where its type has one that says it.
fn error_image(result: &ResultType) -> Option<Vec<u8>> {
    let (ok_size, ok_align) = result.ok().map_or(Some((0, 1)), |ty| layout(&ty))?;
    let (size, align, case) = match result.err() {
        None => (0, 1, None),
        Some(Type::Enum(cases)) => (1, 1, Some(position(cases.names())?)),
        Some(error @ Type::Variant(_)) => {
            let (size, align) = layout(&error)?;
            (size, align, Some(position(error.unwrap_variant().cases().map(|case| case.name))?))
        }
        Some(_) => return None,
    };
    let align = align.max(ok_align);
    let mut image = alloc::vec![0; align + ok_size.max(size).next_multiple_of(align)];
    *image.first_mut()? = 1;
    if let Some(case) = case {
        *image.get_mut(align)? = case;
    }
    Some(image)
}

/// Where in an enum or variant of at most 256 cases the best error is.
fn position<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> Option<u8> {
    let mut found = None;
    for (index, name) in names.enumerate() {
        let rank = ERRORS.iter().position(|error| *error == name);
        if let Some(rank) = rank
            && found.is_none_or(|(best, _)| rank < best)
        {
            found = Some((rank, index));
        }
    }
    found.and_then(|(_, index)| u8::try_from(index).ok())
}
