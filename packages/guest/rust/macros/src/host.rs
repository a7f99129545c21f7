//! `#[host]`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Expr, ExprLit, ForeignItem, ForeignItemFn, Ident, ItemForeignMod, Lit, LitStr, Meta, Type,
};

use crate::function::raw_type;
use crate::name;
use crate::shape::{self, Shape};

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    name::no_arguments(arguments)?;
    let error = syn::Error::new_spanned(&item, "this attribute stands on an `extern \"C\"` block");
    let block: ItemForeignMod = syn::parse2(item).map_err(|_| error)?;
    if let Some(abi) = block.abi.name.as_ref().filter(|abi| abi.value() != "C") {
        return Err(syn::Error::new_spanned(abi, "functions of the sandbox's host are `extern \"C\"`"));
    }
    let functions = block.items.iter().map(|item| match item {
        ForeignItem::Fn(function) => import(function),
        other => Err(syn::Error::new_spanned(other, "the sandbox's host has nothing but functions")),
    });
    // All of its mistakes at once.
    let mut problem: Option<syn::Error> = None;
    let mut tokens = TokenStream::new();
    for function in functions {
        match (function, &mut problem) {
            (Ok(function), _) => tokens.extend(function),
            (Err(error), Some(all)) => all.combine(error),
            (Err(error), None) => problem = Some(error),
        }
    }
    problem.map_or(Ok(tokens), Err)
}

/// A safe function that calls the import.
fn import(function: &ForeignItemFn) -> syn::Result<TokenStream> {
    shape::check(&function.sig)?;
    let (chosen, attributes) = link_name(&function.attrs)?;
    let name = name::of_import(chosen, &function.sig.ident)?;
    let shape = Shape::of(&function.sig)?;
    let names = argument_names(function);
    let body = match &shape {
        Shape::Bytes(_) => bytes(function, names.first(), &name),
        Shape::Scalars(types) => scalars(function, types, &names, &name),
    };
    let (visibility, ident, output) = (&function.vis, &function.sig.ident, &function.sig.output);
    let lifetimes = &function.sig.generics;
    let types = shape::parameter_types(&function.sig.inputs)?;
    Ok(quote! {
        #(#attributes)*
        #visibility fn #ident #lifetimes(#(#names: #types),*) #output { #body }
    })
}

/// Takes `link_name` out of the attributes.
fn link_name(attributes: &[Attribute]) -> syn::Result<(Option<LitStr>, Vec<&Attribute>)> {
    let (chosen, kept): (Vec<_>, Vec<_>) =
        attributes.iter().partition(|attribute| attribute.path().is_ident("link_name"));
    let name = chosen.first().map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(name), .. }) => Ok(name.clone()),
            other => Err(syn::Error::new_spanned(other, "`link_name` is a string")),
        },
        other => Err(syn::Error::new_spanned(other, "`link_name` is a string")),
    });
    Ok((name.transpose()?, kept))
}

/// Names of the parameters; those without one get it.
fn argument_names(function: &ForeignItemFn) -> Vec<Ident> {
    let name = |(index, input): (usize, &syn::FnArg)| match input {
        syn::FnArg::Typed(typed) => match &*typed.pat {
            syn::Pat::Ident(pattern) => pattern.ident.clone(),
            _ => format_ident!("value_{index}"),
        },
        syn::FnArg::Receiver(_) => format_ident!("value_{index}"),
    };
    function.sig.inputs.iter().enumerate().map(name).collect()
}

fn bytes(function: &ForeignItemFn, argument: Option<&Ident>, name: &LitStr) -> TokenStream {
    let span = shape::returned(&function.sig.output).map_or_else(Span::call_site, Spanned::span);
    let argument = match argument {
        Some(argument) => {
            let span = function.sig.inputs.span();
            quote_spanned! { span=> ::core::convert::AsRef::<[u8]>::as_ref(&#argument) }
        }
        None => quote! { &[] },
    };
    let raw = raw(name, &quote! { (pointer: *const u8, length: usize) -> u64 }, &[]);
    let read = quote_spanned! { span=> ::twinwall::__private::Answer::read(answer) };
    quote! {
        #raw
        // SAFETY: the import has the shape of a function on bytes, and the sandbox places its answer.
        let answer = unsafe {
            ::twinwall::__private::call_host(#argument, |pointer, length| __twinwall_import(pointer, length))
        };
        ::twinwall::__private::expect_answer(#name, #read)
    }
}

fn scalars(function: &ForeignItemFn, types: &[&Type], names: &[Ident], name: &LitStr) -> TokenStream {
    let raw_types: Vec<_> = types.iter().map(|kind| raw_type(kind)).collect();
    let values = types.iter().zip(names).map(|(kind, value)| {
        quote_spanned! { kind.span()=> <#kind as ::twinwall::__private::Scalar>::into_raw(#value) }
    });
    let result = shape::returned(&function.sig.output);
    let raw_result = result.map(raw_type).map(|kind| quote! { -> #kind });
    let raw = raw(name, &quote! { (#(#names: #raw_types),*) #raw_result }, names);
    let call = quote! {
        // SAFETY: numbers alone pass, and the sandbox checks their types when it resolves the import.
        unsafe { __twinwall_import(#(#values),*) }
    };
    match result {
        Some(kind) => {
            let read = quote_spanned! { kind.span()=> <#kind as ::twinwall::__private::Scalar>::from_raw };
            quote! {
                #raw
                #read(#call)
            }
        }
        None => quote! {
            #raw
            #call
        },
    }
}

/// The import itself; elsewhere than in WebAssembly, a function that says so.
fn raw(name: &LitStr, signature: &TokenStream, unused: &[Ident]) -> TokenStream {
    let unused = if unused.is_empty() && !signature.to_string().contains("pointer") {
        quote! {}
    } else if unused.is_empty() {
        quote! { let _ = (pointer, length); }
    } else {
        quote! { #(let _ = #unused;)* }
    };
    quote! {
        #[cfg(target_family = "wasm")]
        #[link(wasm_import_module = "twinwall")]
        unsafe extern "C" {
            #[link_name = #name]
            fn __twinwall_import #signature;
        }
        #[cfg(not(target_family = "wasm"))]
        unsafe fn __twinwall_import #signature {
            #unused
            ::twinwall::__private::no_host(#name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(item: &str) -> syn::Result<String> {
        let tokens = expand(TokenStream::new(), item.parse().expect("tokens"))?;
        syn::parse2::<syn::File>(tokens.clone())?;
        Ok(tokens.to_string())
    }

    #[test]
    fn imports_become_safe_functions() {
        let text = expanded(
            "extern \"C\" { /// The time.\n pub fn now() -> u64; fn lookup(key: &[u8]) -> Vec<u8>; fn log(_: &str); }",
        )
        .expect("no error");
        assert!(text.contains("pub fn now () -> u64"), "{text}");
        assert!(text.contains("# [doc = \" The time.\"]"), "{text}");
        assert!(text.contains("fn lookup (key : & [u8]) -> Vec < u8 >"), "{text}");
        assert!(text.contains("fn log (value_0 : & str)"), "{text}");
    }

    #[test]
    fn the_name_of_the_import_can_be_chosen() {
        let text = expanded("extern { #[link_name = \"look-up\"] fn lookup(); }").expect("no error");
        assert!(text.contains("link_name = \"look-up\""), "{text}");
        assert_eq!(text.matches("link_name").count(), 1, "{text}");
    }

    #[test]
    fn what_cannot_be_imported_is_refused() {
        let cases = [
            ("fn f() {}", "this attribute stands on an `extern \"C\"` block"),
            ("extern \"system\" { fn f(); }", "functions of the sandbox's host are `extern \"C\"`"),
            ("extern \"C\" { static X: u32; }", "the sandbox's host has nothing but functions"),
            ("extern \"C\" { fn f(key: &[u8], more: u32); }", "a function on bytes has one parameter"),
            ("extern \"C\" { fn f(format: i32, ...); }", "a variable number of arguments"),
            ("extern \"C\" { fn fail(code: i32); }", "`fail` is no function of the host's"),
        ];
        for (item, message) in cases {
            let found = expanded(item).expect_err("an error").to_string();
            assert!(found.starts_with(message), "{item}: {found}");
        }
    }

    #[test]
    fn all_mistakes_of_a_block_are_named() {
        let error = expanded("extern \"C\" { static X: u32; fn fail(); }").expect_err("an error");
        assert_eq!(error.into_iter().count(), 2);
    }
}
