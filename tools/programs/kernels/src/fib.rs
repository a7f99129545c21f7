//! Recursive calls: the naive Fibonacci function.

/// The `size`-th Fibonacci number.
pub fn run(size: u32) -> i64 {
    fib(size) as i64
}

fn fib(n: u32) -> u64 {
    if n < 2 { u64::from(n) } else { fib(n - 1) + fib(n - 2) }
}
