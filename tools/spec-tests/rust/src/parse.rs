//! Parses `.wast` files.

use wasmparser::{Validator, WasmFeatures};
use wast::parser::ParseBuffer;
use wast::{Wast, WastDirective};

use crate::error::Error;
use crate::suites::{File, SUPPORTED};

/// The modules of a file that are valid, but not where only what Twinwall supports is on.
pub(crate) fn modules_that_need_more(file: &File) -> Result<Vec<Vec<u8>>, Error> {
    let valid = |module: &[u8], features| Validator::new_with_features(features).validate_all(module).is_ok();
    with_script(file, |script| {
        let modules = script.directives.into_iter().filter_map(|directive| match directive {
            WastDirective::Module(mut module) | WastDirective::ModuleDefinition(mut module) => {
                module.encode().ok()
            }
            _ => None,
        });
        Ok(modules.filter(|module| valid(module, WasmFeatures::all()) && !valid(module, SUPPORTED)).collect())
    })
}

/// Parses a file; what is parsed points into buffers that live as long as `work` takes.
pub(crate) fn with_script<Output>(
    file: &File,
    work: impl FnOnce(Wast<'_>) -> Result<Output, Error>,
) -> Result<Output, Error> {
    let located = |mut error: wast::Error| {
        error.set_path(file.name.as_ref());
        error.set_text(&file.text);
        Error::Parse(error.to_string())
    };
    let mut lexer = wast::lexer::Lexer::new(&file.text);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(located)?;
    work(wast::parser::parse::<Wast<'_>>(&buffer).map_err(located)?)
}
