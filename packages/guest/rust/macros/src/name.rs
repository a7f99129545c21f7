//! Names under which functions are exported and imported.

use proc_macro2::TokenStream;
use syn::parse::Parser;
use syn::{Ident, LitStr};

/// What the byte ABI of core modules, and WASI, give a meaning of their own.
const RESERVED_EXPORTS: [&str; 6] =
    ["memory", "twinwall_allocate", "twinwall_free", "twinwall_init", "_initialize", "_start"];

/// The one import that is no function of the host's.
const RESERVED_IMPORT: &str = "fail";

/// The name that an attribute's arguments ask for: `name = "…"`, or nothing.
pub(crate) fn from_arguments(arguments: TokenStream) -> syn::Result<Option<LitStr>> {
    let mut found = None;
    let parser = syn::meta::parser(|meta| {
        if !meta.path.is_ident("name") {
            return Err(meta.error("the only argument is `name = \"…\"`"));
        }
        found = Some(meta.value()?.parse::<LitStr>()?);
        Ok(())
    });
    parser.parse2(arguments)?;
    Ok(found)
}

/// Refuses arguments, which this attribute does not take.
pub(crate) fn no_arguments(arguments: TokenStream) -> syn::Result<()> {
    if arguments.is_empty() {
        return Ok(());
    }
    Err(syn::Error::new_spanned(arguments, "this attribute takes no arguments"))
}

/// The name of an export, checked.
pub(crate) fn of_export(chosen: Option<LitStr>, function: &Ident) -> syn::Result<LitStr> {
    let name = chosen.unwrap_or_else(|| own_name(function));
    let value = name.value();
    if value.is_empty() || value.contains('\0') {
        return Err(syn::Error::new_spanned(
            name,
            "the name of an export is not empty and has no zero character",
        ));
    }
    if RESERVED_EXPORTS.contains(&value.as_str()) {
        let message = format!("the export `{value}` has a meaning of its own; choose another name");
        return Err(syn::Error::new_spanned(name, message));
    }
    Ok(name)
}

/// The name of an import, checked.
pub(crate) fn of_import(chosen: Option<LitStr>, function: &Ident) -> syn::Result<LitStr> {
    let name = chosen.unwrap_or_else(|| own_name(function));
    if name.value() == RESERVED_IMPORT {
        let message = "`fail` is no function of the host's: return a `Failure`, or call `twinwall::fail`";
        return Err(syn::Error::new_spanned(name, message));
    }
    Ok(name)
}

/// `match` for `r#match`.
fn own_name(function: &Ident) -> LitStr {
    let name = function.to_string();
    LitStr::new(name.strip_prefix("r#").unwrap_or(&name), function.span())
}
