//! The bytes of a snapshot, and how they are put back.

use std::ops::Range;

/// Granularity at which zeros are told from data.
const PAGE: usize = 4096;

/// Contents of all writable memory of a ready image. Most of a small guest is zero, and writing zeros needs no
/// source: that halves the memory that a restore goes through.
#[derive(Debug)]
pub(crate) struct Contents {
    bytes: Vec<u8>,
    /// Runs of whole pages, in order, that together are everything; whether each holds data.
    runs: Vec<(Range<usize>, bool)>,
}

impl Contents {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut runs: Vec<(Range<usize>, bool)> = Vec::new();
        for (index, page) in bytes.chunks(PAGE).enumerate() {
            let start = index * PAGE;
            let holds_data = page.iter().any(|&byte| byte != 0);
            match runs.last_mut() {
                Some((run, same)) if *same == holds_data => run.end = start + page.len(),
                _ => runs.push((start..start + page.len(), holds_data)),
            }
        }
        Self { bytes, runs }
    }

    /// All bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes `target`, which is as long, equal to the contents.
    pub(crate) fn write_to(&self, target: &mut [u8]) {
        for (run, holds_data) in &self.runs {
            let target = &mut target[run.clone()];
            if *holds_data {
                target.copy_from_slice(&self.bytes[run.clone()]);
            } else {
                target.fill(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Contents;

    #[test]
    fn puts_back_data_and_zeros() {
        let mut bytes = vec![0; 9 * 4096 + 100];
        for page in [1, 2, 5, 9] {
            bytes[page * 4096 + page] = 7;
        }
        let contents = Contents::new(bytes.clone());
        let mut target = vec![0xff; bytes.len()];
        contents.write_to(&mut target);
        assert_eq!(target, bytes);
        assert_eq!(contents.bytes(), bytes);
        assert_eq!(contents.runs.len(), 6);
    }
}
