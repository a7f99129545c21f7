//! The memory functions of freestanding images, under other names, against what the standard library does.

#[path = "../src/freestanding/memory.rs"]
mod memory;

use std::cmp::Ordering;

unsafe extern "C" {
    fn twinwall_memcpy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8;
    fn twinwall_memmove(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8;
    fn twinwall_memset(to: *mut u8, byte: i32, bytes: usize) -> *mut u8;
    fn twinwall_memcmp(left: *const u8, right: *const u8, bytes: usize) -> i32;
    fn twinwall_bcmp(left: *const u8, right: *const u8, bytes: usize) -> i32;
}

/// Every length up to where all code paths begin, and some beyond.
fn lengths() -> impl Iterator<Item = usize> {
    (0..=330).chain([511, 512, 513, 1023, 1024, 1025, 2000, 4096, 9999])
}

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 31 % 255) as u8 + 1).collect()
}

#[test]
fn copies_exactly_the_bytes_asked_for() {
    for length in lengths() {
        for offset in [0, 1, 7, 13] {
            let from = pattern(length + offset);
            let mut to = vec![0; length + offset + 32];
            let start = to[offset..].as_mut_ptr();
            // SAFETY: both ranges lie within their vectors.
            let returned = unsafe { twinwall_memcpy(start, from[offset..].as_ptr(), length) };
            assert_eq!(returned, start);
            let mut expected = vec![0; to.len()];
            expected[offset..offset + length].copy_from_slice(&from[offset..]);
            assert!(to == expected, "{length} bytes at {offset}");
        }
    }
}

#[test]
fn moves_overlapping_blocks_both_ways() {
    for length in lengths() {
        for distance in [1, 3, 8, 15, 16, 17, 31, 33, 63, 64, 65, 100, 129, 257] {
            for (from, to) in [(0, distance), (distance, 0)] {
                let mut bytes = pattern(length + distance);
                let mut expected = bytes.clone();
                expected.copy_within(from..from + length, to);
                let base = bytes.as_mut_ptr();
                // SAFETY: both ranges lie within the vector.
                unsafe { twinwall_memmove(base.add(to), base.add(from), length) };
                assert!(bytes == expected, "{length} bytes from {from} to {to}");
            }
        }
    }
}

#[test]
fn sets_exactly_the_bytes_asked_for() {
    for length in lengths() {
        for byte in [0, 0x5a, 0xff, 0x1ff] {
            let mut bytes = vec![0x33; length + 40];
            let start = bytes[5..].as_mut_ptr();
            // SAFETY: the range lies within the vector.
            let returned = unsafe { twinwall_memset(start, byte, length) };
            assert_eq!(returned, start);
            let mut expected = vec![0x33; length + 40];
            expected[5..5 + length].fill(byte as u8);
            assert!(bytes == expected, "{length} bytes of {byte:#x}");
        }
    }
}

#[test]
fn compares_as_unsigned_bytes_from_the_first_on() {
    for length in lengths() {
        let left = pattern(length);
        for place in [0, 1, 6, 7, 8, 9, 100, length.wrapping_sub(1)] {
            for change in [1, 0x80, 0xff] {
                let mut right = left.clone();
                if let Some(byte) = right.get_mut(place) {
                    *byte ^= change;
                }
                if let Some(byte) = right.get_mut(place.wrapping_add(3)) {
                    *byte ^= 0x55;
                }
                // SAFETY: both vectors have so many bytes.
                let found = unsafe { twinwall_memcmp(left.as_ptr(), right.as_ptr(), length) };
                assert_eq!(found.cmp(&0), left.cmp(&right), "{length} bytes, changed at {place}");
                // SAFETY: as above.
                let same = unsafe { twinwall_bcmp(left.as_ptr(), right.as_ptr(), length) } == 0;
                assert_eq!(same, left.cmp(&right) == Ordering::Equal);
            }
        }
    }
}
