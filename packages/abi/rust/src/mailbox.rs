//! Offsets within the mailbox header page.

/// [`crate::Request`], written by the host.
pub const REQUEST_OFFSET: usize = 0;

/// [`crate::Answer`], written by the host.
pub const ANSWER_OFFSET: usize = 256;

/// [`crate::Report`], written by the guest.
pub const REPORT_OFFSET: usize = 512;

/// Bytes of the header.
pub const HEADER_BYTES: usize = 4096;
