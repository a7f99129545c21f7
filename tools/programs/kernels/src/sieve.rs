//! Strided writes: the sieve of Eratosthenes.

/// How many primes there are below `size`.
pub fn run(size: u32) -> i64 {
    let size = size as usize;
    let mut composite = vec![false; size];
    let mut count = 0;
    for number in 2..size {
        if composite[number] {
            continue;
        }
        count += 1;
        // Multiples by smaller numbers are crossed out already; with 32-bit addresses the square can overflow.
        let Some(square) = number.checked_mul(number) else { continue };
        for multiple in (square..size).step_by(number) {
            composite[multiple] = true;
        }
    }
    count
}
