//! WIT, and what it says of a world, as values that cross the binding.

use twinwall_abi::ErrorCode;
use twinwall_compiler::{Description, StringEncoding, WitError, describe};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{memory, panic};

/// Files of WIT, to be read together.
#[wasm_bindgen]
pub struct WitFiles {
    files: Vec<(String, String)>,
}

#[wasm_bindgen]
impl WitFiles {
    /// None yet. `memory_bytes` bounds what this instance may have allocated at any one time.
    #[wasm_bindgen(constructor)]
    pub fn new(memory_bytes: usize) -> Self {
        panic::keep_note();
        memory::set_limit(memory_bytes);
        Self { files: Vec::new() }
    }

    /// Adds a file. Packages that others use lie below `deps/`.
    pub fn add(&mut self, path: String, text: String) {
        self.files.push((path, text));
    }

    /// Describes a world, of which only a package with several needs the name. `utf16` is how its guests keep text.
    pub fn describe(&self, world: Option<String>, utf16: bool) -> Described {
        let encoding = if utf16 { StringEncoding::Utf16 } else { StringEncoding::Utf8 };
        describe(&self.files, world.as_deref(), encoding).into()
    }
}

/// A description of a world, or an error code and message.
#[wasm_bindgen]
pub struct Described {
    description: Description,
    code: ErrorCode,
    message: String,
}

#[wasm_bindgen]
impl Described {
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

    /// Gives the table of the world away. Empty on failure and when called again.
    pub fn take_world(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.description.world)
    }

    /// Gives the custom section away. Empty on failure and when called again.
    pub fn take_section(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.description.section)
    }
}

impl From<Result<Description, WitError>> for Described {
    fn from(result: Result<Description, WitError>) -> Self {
        match result {
            Ok(description) => Self { description, code: ErrorCode::None, message: String::new() },
            Err(error) => {
                Self { description: Description::default(), code: error.code(), message: error.to_string() }
            }
        }
    }
}
