//! Files that are not images, or break the image contract.

use crate::error::LoadError;
use crate::image::Image;

#[test]
fn what_is_not_elf_is_refused() {
    for bytes in [&b""[..], b"\x7fELF", b"not an image at all", &[0; 4096]] {
        assert!(matches!(Image::load(bytes), Err(LoadError::Elf(_))), "{} bytes", bytes.len());
    }
}

#[test]
fn an_ordinary_program_is_refused() {
    let program = std::fs::read("/proc/self/exe").expect("this test's own program");
    assert!(matches!(Image::load(&program), Err(LoadError::Rule(_))));
}

/// Every truncation and a set of flipped bytes of a file that starts like an image gives an error or an image, never
/// a panic.
#[test]
fn damaged_files_do_not_panic() {
    let mut program = std::fs::read("/proc/self/exe").expect("this test's own program");
    program.truncate(1 << 16);
    let mut state = 0x9e37_79b9_u32;
    for round in 0..2_000 {
        let mut damaged = program.clone();
        for _ in 0..1 + round % 8 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let position = (state >> 8) as usize % 1024;
            damaged[position] = (state >> 3) as u8;
        }
        damaged.truncate((state >> 4) as usize % damaged.len());
        let _ = Image::load(&damaged);
    }
}

/// Buffers of the caller begin where they like: a damaged file is told apart from one that is not aligned.
#[test]
fn alignment_of_the_file_does_not_matter() {
    let program = std::fs::read("/proc/self/exe").expect("this test's own program");
    for shift in 0..8 {
        let mut shifted = vec![0; shift];
        shifted.extend_from_slice(&program);
        assert!(matches!(Image::load(&shifted[shift..]), Err(LoadError::Rule(_))), "shifted by {shift}");
    }
}
