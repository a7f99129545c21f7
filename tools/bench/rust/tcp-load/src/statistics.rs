//! What a series of times comes to.

/// Nanoseconds.
#[derive(Debug, PartialEq)]
pub struct Summary {
    /// How many times.
    pub count: usize,
    /// Arithmetic mean.
    pub mean: f64,
    /// Standard deviation of the sample.
    pub deviation: f64,
    /// A quarter is below.
    pub p25: f64,
    /// Half is below.
    pub median: f64,
    /// Three quarters are below.
    pub p75: f64,
    /// All but a hundredth are below.
    pub p99: f64,
}

/// `None` for no times.
pub fn summarize(times: impl IntoIterator<Item = u64>) -> Option<Summary> {
    let mut ascending: Vec<u64> = times.into_iter().collect();
    ascending.sort_unstable();
    let count = ascending.len();
    if count == 0 {
        return None;
    }
    let mean = ascending.iter().map(|time| *time as f64).sum::<f64>() / count as f64;
    let squares = ascending.iter().map(|time| (*time as f64 - mean).powi(2)).sum::<f64>();
    Some(Summary {
        count,
        mean,
        deviation: (squares / count.saturating_sub(1).max(1) as f64).sqrt(),
        p25: quantile(&ascending, 0.25),
        median: quantile(&ascending, 0.5),
        p75: quantile(&ascending, 0.75),
        p99: quantile(&ascending, 0.99),
    })
}

/// Interpolated between its two neighbours. The list is sorted and not empty.
fn quantile(ascending: &[u64], fraction: f64) -> f64 {
    let position = (ascending.len() - 1) as f64 * fraction;
    let lower = ascending[position.floor() as usize] as f64;
    let upper = ascending[position.ceil() as usize] as f64;
    lower + (upper - lower) * position.fract()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_up_in_any_order() {
        let summary = summarize((1..=101).rev()).expect("some times");
        let Summary { count, mean, p25, median, p75, p99, deviation } = summary;
        assert_eq!((count, mean, p25, median, p75, p99), (101, 51.0, 26.0, 51.0, 76.0, 100.0));
        assert!((deviation - 29.300_170).abs() < 1e-6, "{deviation}");
    }

    #[test]
    fn interpolates_between_neighbours() {
        assert_eq!(summarize([10, 20]).map(|summary| summary.median), Some(15.0));
    }

    #[test]
    fn knows_one_and_none() {
        assert_eq!(summarize([]), None);
        let one = summarize([7]).map(|summary| (summary.median, summary.p99, summary.deviation));
        assert_eq!(one, Some((7.0, 7.0, 0.0)));
    }
}
