//! `#[init]`.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::LitStr;
use syn::spanned::Spanned;

use crate::function::{call_on_input, exported, parse};
use crate::name;
use crate::shape;

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    name::no_arguments(arguments)?;
    let function = parse(item)?;
    shape::check(&function.sig)?;
    let types = shape::parameter_types(&function.sig.inputs)?;
    if types.len() > 1 {
        let message = "an init function has one parameter, the data that `Sandbox.create` was given, or none";
        return Err(syn::Error::new_spanned(&function.sig.inputs, message));
    }
    let call = call_on_input(&function.sig.ident, types.first().copied());
    let span = shape::returned(&function.sig.output).map_or_else(|| function.sig.ident.span(), Spanned::span);
    let done = quote_spanned! { span=> ::twinwall::__private::Done::into_done };
    let name = LitStr::new("twinwall_init", function.sig.ident.span());
    let export = exported(
        &name,
        &quote! {
            extern "C" fn __twinwall_export(pointer: *const u8, length: usize) {
                // SAFETY: only the sandbox calls it, with bytes that it placed, and that stay until it returns.
                unsafe {
                    ::twinwall::__private::init(pointer, length, |input| #done(#call))
                }
            }
        },
    );
    Ok(quote! { #function #export })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_data_or_nothing() {
        let expanded = |item: &str| expand(TokenStream::new(), item.parse().expect("tokens"));
        for item in ["fn start() {}", "fn start(data: &[u8]) -> Result<(), Failure> { Ok(()) }"] {
            let text = expanded(item).expect("no error").to_string();
            assert!(text.contains("export_name = \"twinwall_init\""), "{text}");
        }
        let error = expanded("fn start(data: &[u8], more: u32) {}").expect_err("an error").to_string();
        assert!(error.starts_with("an init function has one parameter"), "{error}");
    }

    #[test]
    fn takes_no_arguments() {
        let arguments = "name = \"start\"".parse().expect("tokens");
        let error = expand(arguments, quote! { fn start() {} }).expect_err("an error").to_string();
        assert_eq!(error, "this attribute takes no arguments");
    }
}
