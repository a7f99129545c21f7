//! Floating point over arrays: the product of two matrices.

use crate::random::Random;
use crate::{EMPTY, fold};

/// A checksum of the bits of the product of two random `size` x `size` matrices.
pub fn run(size: u32) -> i64 {
    let size = size as usize;
    let mut random = Random::new(4);
    let left: Vec<f64> = (0..size * size).map(|_| random.fraction()).collect();
    let right: Vec<f64> = (0..size * size).map(|_| random.fraction()).collect();
    let product = multiply(&left, &right, size);
    product.iter().fold(EMPTY, |checksum, value| fold(checksum, value.to_bits())) as i64
}

fn multiply(left: &[f64], right: &[f64], size: usize) -> Vec<f64> {
    let mut product = vec![0.0; size * size];
    for row in 0..size {
        for inner in 0..size {
            let factor = left[row * size + inner];
            let line = &right[inner * size..][..size];
            for (sum, value) in product[row * size..][..size].iter_mut().zip(line) {
                *sum += factor * value;
            }
        }
    }
    product
}
