//! The compiler as a native program: about twice as fast as the WebAssembly build, with the same bytes as result.
//!
//! `twinwall-compiler-native --machine kvm|soft [--fuel] [--module-bytes N] [--artifact-bytes N] [--memory-bytes N]
//! < MODULE > ARTIFACT`
//!
//! A module that is refused gives exit status 3 and one line `CODE MESSAGE` on standard error, where `CODE` is the
//! number of the error code in the guest ABI. Wrong usage gives status 2, a module that does not fit in memory 4.

mod memory;
mod options;

use std::io::{Read, Write};
use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}");
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(error)) => {
            eprintln!("{} {error}", error.code().0);
            ExitCode::from(3)
        }
        Err(error) if error.kind() == std::io::ErrorKind::OutOfMemory => ExitCode::from(4),
        Err(error) => {
            eprintln!("cannot read the module or write the artifact: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Compiles standard input to standard output. The outer error is the streams', the inner one the module's.
fn run(options: &Options) -> std::io::Result<Result<(), twinwall_compiler::CompileError>> {
    if let Some(bytes) = options.memory_bytes {
        memory::limit(bytes)?;
    }
    let mut module = Vec::new();
    // One byte more than allowed is enough for the compiler to refuse the module by its size.
    let most = u64::try_from(options.limits.module_bytes).unwrap_or(u64::MAX).saturating_add(1);
    std::io::stdin().lock().take(most).read_to_end(&mut module)?;
    match twinwall_compiler::compile(&module, options.profile, options.limits) {
        Ok(artifact) => {
            let mut output = std::io::stdout().lock();
            output.write_all(&artifact)?;
            output.flush()?;
            Ok(Ok(()))
        }
        Err(error) => Ok(Err(error)),
    }
}
