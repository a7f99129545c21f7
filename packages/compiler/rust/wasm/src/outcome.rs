//! The result of a compilation as a value that crosses the binding.

use twinwall_abi::ErrorCode;
use twinwall_compiler::CompileError;
use wasm_bindgen::prelude::wasm_bindgen;

/// An artifact, or an error code and message.
#[wasm_bindgen]
pub struct Outcome {
    artifact: Vec<u8>,
    code: ErrorCode,
    message: String,
}

#[wasm_bindgen]
impl Outcome {
    /// The number of the error code; 0 is success.
    #[wasm_bindgen(getter)]
    pub fn code(&self) -> u16 {
        self.code.0
    }

    /// The error message; empty on success.
    #[wasm_bindgen(getter)]
    pub fn message(&self) -> String {
        self.message.clone()
    }

    /// Gives the artifact away. Empty on failure and when called again.
    pub fn take_artifact(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.artifact)
    }
}

impl Outcome {
    pub(crate) fn unknown_machine(name: &str) -> Self {
        Self {
            artifact: Vec::new(),
            code: ErrorCode::Option,
            message: format!("unknown machine {name:?}; there are \"kvm\" and \"soft\""),
        }
    }
}

impl From<Result<Vec<u8>, CompileError>> for Outcome {
    fn from(result: Result<Vec<u8>, CompileError>) -> Self {
        match result {
            Ok(artifact) => Self { artifact, code: ErrorCode::None, message: String::new() },
            Err(error) => Self { artifact: Vec::new(), code: error.code(), message: error.to_string() },
        }
    }
}
