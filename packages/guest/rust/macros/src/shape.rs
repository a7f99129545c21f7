//! What a signature says: a function on bytes, or one on scalars.
//!
//! An attribute sees no types, only how they are written. Which types are meant is left to the traits of the crate; here
//! it is decided which traits those are.

use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{FnArg, GenericArgument, GenericParam, Pat, PathArguments, ReturnType, Signature, Token, Type};

const BYTES_PARAMETER: &str =
    "a function on bytes has one parameter, of type `&[u8]`, `&str`, `Vec<u8>` or `String`";

/// How a function passes its data.
pub(crate) enum Shape<'a> {
    /// Bytes in, or none, and bytes out.
    Bytes(Option<&'a Type>),
    /// Numbers in and out.
    Scalars(Vec<&'a Type>),
}

impl<'a> Shape<'a> {
    /// The shape of a checked signature.
    pub(crate) fn of(signature: &'a Signature) -> syn::Result<Self> {
        let types = parameter_types(&signature.inputs)?;
        let on_bytes = types.iter().any(|kind| is_bytes(kind))
            || (types.is_empty() && returned(&signature.output).is_some_and(is_bytes));
        if !on_bytes {
            return Ok(Self::Scalars(types));
        }
        match types.as_slice() {
            [] => Ok(Self::Bytes(None)),
            [only] => Ok(Self::Bytes(Some(*only))),
            _ => Err(syn::Error::new_spanned(&signature.inputs, BYTES_PARAMETER)),
        }
    }
}

/// Refuses what has no meaning for a function that the other side of the wall calls, or has.
pub(crate) fn check(signature: &Signature) -> syn::Result<()> {
    let refuse = |span, what: &str| {
        Err(syn::Error::new(span, format!("{what} cannot be passed to or from the sandbox's host")))
    };
    if let Some(token) = &signature.asyncness {
        return refuse(token.span(), "an async function");
    }
    if let Some(variadic) = &signature.variadic {
        return refuse(variadic.span(), "a variable number of arguments");
    }
    let generic =
        signature.generics.params.iter().find(|parameter| !matches!(parameter, GenericParam::Lifetime(_)));
    match generic {
        Some(parameter) => refuse(parameter.span(), "a generic function"),
        None => Ok(()),
    }
}

/// Types of the parameters; `self` is none.
pub(crate) fn parameter_types(inputs: &Punctuated<FnArg, Token![,]>) -> syn::Result<Vec<&Type>> {
    inputs
        .iter()
        .map(|input| match input {
            FnArg::Typed(typed) if matches!(*typed.pat, Pat::Ident(_) | Pat::Wild(_)) => Ok(&*typed.ty),
            FnArg::Typed(typed) => Err(syn::Error::new_spanned(&typed.pat, "give this parameter a name")),
            FnArg::Receiver(receiver) => {
                Err(syn::Error::new_spanned(receiver, "a method cannot be exported"))
            }
        })
        .collect()
}

/// The result's type; nothing is `None`, however it is written.
pub(crate) fn returned(output: &ReturnType) -> Option<&Type> {
    match output {
        ReturnType::Default => None,
        ReturnType::Type(_, kind) => match &**kind {
            Type::Tuple(tuple) if tuple.elems.is_empty() => None,
            kind => Some(kind),
        },
    }
}

/// Whether a type is written like one of bytes or text, or like a `Result` of one.
fn is_bytes(kind: &Type) -> bool {
    match kind {
        Type::Reference(_) | Type::Array(_) | Type::Slice(_) => true,
        Type::Paren(inner) => is_bytes(&inner.elem),
        Type::Group(inner) => is_bytes(&inner.elem),
        Type::Path(path) => path.path.segments.last().is_some_and(|last| match last.ident.to_string().as_str() {
            "Vec" | "String" | "Box" | "Cow" => true,
            "Result" => match &last.arguments {
                PathArguments::AngleBracketed(arguments) => {
                    matches!(arguments.args.first(), Some(GenericArgument::Type(inner)) if is_bytes(inner))
                }
                _ => false,
            },
            _ => false,
        }),
        _ => false,
    }
}
