//! Runs the wasm-bindgen generator at the version that the lock file fixes.
//!
//! npm carries no such generator and its output must match the `wasm-bindgen` crate exactly, so it is a program of
//! this workspace: `twinwall-tool-wasm-bindgen INPUT.wasm OUT_DIR NAME`.

use std::path::PathBuf;
use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, directory, name] = arguments.as_slice() else {
        eprintln!("usage: twinwall-tool-wasm-bindgen INPUT.wasm OUT_DIR NAME");
        return ExitCode::from(2);
    };
    match generate(&PathBuf::from(input), &PathBuf::from(directory), name) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-bindgen failed on {input}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes `NAME.js`, `NAME.d.ts` and `NAME_bg.wasm` to `directory`, as an ES module that is given its Wasm module.
fn generate(
    input: &std::path::Path,
    directory: &std::path::Path,
    name: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(input)
        .out_name(name)
        .web(true)?
        .typescript(true)
        // The caller hands in the module and a memory of bounded size: no path, no fetch.
        .omit_default_module_path(true)
        // A new instance for each compilation, so that nothing of one module reaches the next.
        .reset_state_function(true)
        // Names are a third of the file, and nothing reads them: a panic ends the instance, whatever it was called.
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(directory)?;
    Ok(())
}
