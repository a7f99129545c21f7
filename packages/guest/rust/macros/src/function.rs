//! `#[function]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, ItemFn, LitStr, Type};

use crate::name;
use crate::shape::{self, Shape};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let chosen = name::from_arguments(arguments)?;
    let function = parse(item)?;
    shape::check(&function.sig)?;
    let name = name::of_export(chosen, &function.sig.ident)?;
    let export = match Shape::of(&function.sig)? {
        Shape::Bytes(parameter) => bytes(&function, parameter, &name),
        Shape::Scalars(parameters) => scalars(&function, &parameters, &name),
    };
    Ok(quote! { #function #export })
}

/// The function that an attribute stands on.
pub(crate) fn parse(item: TokenStream) -> syn::Result<ItemFn> {
    let error = syn::Error::new_spanned(&item, "this attribute stands on a function");
    syn::parse2(item).map_err(|_| error)
}

/// The export of a function on bytes.
fn bytes(function: &ItemFn, parameter: Option<&Type>, name: &LitStr) -> TokenStream {
    let call = call_on_input(&function.sig.ident, parameter);
    let span = shape::returned(&function.sig.output).map_or_else(|| function.sig.ident.span(), Spanned::span);
    let reply = quote_spanned! { span=> ::twinwall::__private::Reply::into_reply };
    exported(
        name,
        &quote! {
            extern "C" fn __twinwall_export(pointer: *const u8, length: usize) -> u64 {
                // SAFETY: only the sandbox calls it, with bytes that it placed, and that stay until the next call.
                unsafe {
                    ::twinwall::__private::bytes(pointer, length, |input| #reply(#call))
                }
            }
        },
    )
}

/// The call of a function with what `input`, a slice, holds; within a function whose error is a `Failure`.
pub(crate) fn call_on_input(function: &Ident, parameter: Option<&Type>) -> TokenStream {
    match parameter {
        None => quote! {{
            let _ = input;
            #function()
        }},
        Some(kind) => {
            let read = quote_spanned! { kind.span()=> ::twinwall::__private::Input::read(input)? };
            quote! { #function(#read) }
        }
    }
}

/// The export of a function on scalars.
fn scalars(function: &ItemFn, parameters: &[&Type], name: &LitStr) -> TokenStream {
    let ident = &function.sig.ident;
    let names: Vec<Ident> = (0..parameters.len()).map(|index| format_ident!("value_{index}")).collect();
    let raw = parameters.iter().map(|kind| raw_type(kind));
    let values = parameters.iter().zip(&names).map(|(kind, value)| {
        quote_spanned! { kind.span()=> <#kind as ::twinwall::__private::Scalar>::from_raw(#value) }
    });
    let result = match shape::returned(&function.sig.output) {
        Some(kind) => quote! { #kind },
        None => quote! { () },
    };
    let raw_result = quote_spanned! { result.span()=> <#result as ::twinwall::__private::ScalarReply>::Raw };
    exported(
        name,
        &quote! {
            extern "C" fn __twinwall_export(#(#names: #raw),*) -> #raw_result {
                ::twinwall::__private::scalars(|| #ident(#(#values),*))
            }
        },
    )
}

/// What a scalar is at the wall.
pub(crate) fn raw_type(kind: &Type) -> TokenStream {
    quote_spanned! { kind.span()=> <#kind as ::twinwall::__private::Scalar>::Raw }
}

/// Gives `export` its name in the module. Elsewhere it is checked like any function, and never called.
pub(crate) fn exported(name: &LitStr, export: &TokenStream) -> TokenStream {
    quote! {
        const _: () = {
            #[cfg_attr(target_family = "wasm", unsafe(export_name = #name))]
            #[cfg_attr(not(target_family = "wasm"), allow(dead_code, reason = "only a sandbox calls it"))]
            #export
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(arguments: &str, item: &str) -> String {
        let arguments = arguments.parse().expect("tokens");
        expand(arguments, item.parse().expect("tokens")).expect_err("an error").to_string()
    }

    fn expanded(arguments: &str, item: &str) -> String {
        let arguments = arguments.parse().expect("tokens");
        let tokens = expand(arguments, item.parse().expect("tokens")).expect("no error");
        syn::parse2::<syn::File>(tokens.clone()).expect("items");
        tokens.to_string()
    }

    #[test]
    fn the_signature_decides_the_shape() {
        let on_bytes = [
            "fn f(input: &[u8]) -> Vec<u8> { todo!() }",
            "fn f<'a>(input: &'a str) -> &'a str { input }",
            "fn f(input: String) -> Result<String, Failure> { Ok(input) }",
            "fn f() -> Result<Vec<u8>, Failure> { todo!() }",
            "fn f() -> [u8; 4] { todo!() }",
            "fn f(input: &[u8]) {}",
        ];
        for item in on_bytes {
            assert!(expanded("", item).contains("__private :: bytes"), "{item}");
        }
        let on_scalars = [
            "fn f() {}",
            "fn f(a: i32, b: f64) -> bool { a > b }",
            "fn f() -> Result<u64, Failure> { todo!() }",
            "fn f(_: Alias) -> () {}",
        ];
        for item in on_scalars {
            assert!(expanded("", item).contains("__private :: scalars"), "{item}");
        }
    }

    #[test]
    fn the_name_of_the_export_can_be_chosen() {
        assert!(expanded("", "fn r#match() {}").contains("export_name = \"match\""));
        assert!(expanded("name = \"to-upper\"", "fn upper() {}").contains("export_name = \"to-upper\""));
    }

    #[test]
    fn what_cannot_be_exported_is_refused() {
        let cases = [
            ("", "fn f(a: &[u8], b: u32) {}", "a function on bytes has one parameter"),
            ("", "fn f(&self) {}", "a method cannot be exported"),
            ("", "fn f((a, b): (u32, u32)) {}", "give this parameter a name"),
            ("", "fn f<T>(a: T) {}", "a generic function cannot be passed"),
            ("", "fn f<const N: usize>() -> [u8; N] {}", "a generic function cannot be passed"),
            ("", "async fn f() {}", "an async function cannot be passed"),
            ("", "struct S;", "this attribute stands on a function"),
            ("", "fn memory() {}", "the export `memory` has a meaning of its own"),
            ("name = \"twinwall_free\"", "fn f() {}", "the export `twinwall_free` has a meaning of its own"),
            ("name = \"\"", "fn f() {}", "the name of an export is not empty"),
            ("nam = \"x\"", "fn f() {}", "the only argument is `name = \"…\"`"),
        ];
        for (arguments, item, message) in cases {
            let found = error(arguments, item);
            assert!(found.starts_with(message), "{item}: {found}");
        }
    }
}
