//! Why WIT was not understood.

use std::fmt::Display;

use thiserror::Error;
use twinwall_abi::ErrorCode;

use super::packages::{MOST_BYTES, MOST_FILES};
use crate::CompileError;
use crate::error::one_line;

/// Why WIT was not understood. The message is one line.
#[derive(Debug, Error)]
pub enum WitError {
    /// nothing to read
    #[error("there is no WIT file")]
    NoFiles,
    /// more than anybody writes
    #[error(
        "{files} WIT files of {bytes} bytes in all; at most {MOST_FILES} of {MOST_BYTES} bytes are allowed"
    )]
    TooLarge {
        /// How many.
        files: usize,
        /// Their texts, in bytes.
        bytes: usize,
    },
    /// text that breaks the rules
    #[error("{path}:{line}:{column}: {message}")]
    Text {
        /// The file, as it was given.
        path: String,
        /// The first is 1.
        line: usize,
        /// In characters; the first is 1.
        column: usize,
        /// The rule.
        message: String,
    },
    /// a world that cannot be told, or is not there
    #[error("WIT: {0}")]
    Package(String),
    /// something of the component model that guests do not run
    #[error("WIT: not supported: {0}")]
    Unsupported(String),
}

/// Text of wit-parser's, which may go over several lines and quote the file, on one.
pub(super) fn sentence(text: &dyn Display) -> String {
    let text = text.to_string();
    one_line(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}

impl WitError {
    /// The public code of this error.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NoFiles => ErrorCode::Option,
            Self::TooLarge { .. } => ErrorCode::Limit,
            Self::Text { .. } | Self::Package(_) => ErrorCode::BadModule,
            Self::Unsupported(_) => ErrorCode::Unsupported,
        }
    }

    /// What is wrong with a world that reads well, but that no component can have.
    pub(super) fn from_validator(error: &wasmparser::Error) -> Self {
        let message = sentence(&error.message());
        if error.missing_wasm_feature().is_some() {
            Self::Unsupported(message)
        } else {
            Self::Package(message)
        }
    }
}

impl From<CompileError> for WitError {
    fn from(error: CompileError) -> Self {
        match error {
            CompileError::ComponentFeature(what) => Self::Unsupported(what),
            other => Self::Package(other.to_string()),
        }
    }
}
