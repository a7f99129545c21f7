//! Floating point in registers: the Mandelbrot set.

const LIMIT: u32 = 100;

/// The sum of the iterations over a picture of `size` x `size` points.
pub fn run(size: u32) -> i64 {
    let step = 2.5 / f64::from(size);
    let mut total = 0;
    for row in 0..size {
        for column in 0..size {
            total += iterations(f64::from(column) * step - 2.0, f64::from(row) * step - 1.25);
        }
    }
    i64::from(total)
}

fn iterations(real: f64, imaginary: f64) -> u32 {
    let (mut x, mut y) = (0.0, 0.0);
    for count in 0..LIMIT {
        let (xx, yy) = (x * x, y * y);
        if xx + yy > 4.0 {
            return count;
        }
        y = 2.0 * x * y + imaginary;
        x = xx - yy + real;
    }
    LIMIT
}
