//! Why tests could not be converted.

use std::io;

use thiserror::Error;

/// Why tests could not be converted.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// a script cannot be parsed
    #[error("{0}")]
    Parse(String),
    /// a directive is not understood
    #[error("{file}:{line}: {what}")]
    Script {
        /// The script.
        file: String,
        /// The directive's line; 0 is the whole.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// a file cannot be read or written
    #[error("{0}")]
    File(#[from] io::Error),
}
