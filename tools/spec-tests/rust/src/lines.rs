//! Lines of a text.

use wast::token::Span;

/// Where the lines of a text begin; a script has thousands of directives, and none should count from the top.
pub(crate) struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    pub(crate) fn new(text: &str) -> Self {
        let breaks =
            text.bytes().enumerate().filter(|&(_, byte)| byte == b'\n').map(|(offset, _)| offset + 1);
        Self { starts: std::iter::once(0).chain(breaks).collect() }
    }

    /// The line of a place, counted from 1.
    pub(crate) fn of(&self, place: Span) -> usize {
        self.starts.partition_point(|&start| start <= place.offset())
    }
}
