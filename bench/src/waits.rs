//! How long somebody waited, and what is in the middle of several rounds.

use hdrhistogram::Histogram;
use std::time::Duration;

/// Longer waits count as this long.
const LONGEST_MICROS: u64 = 600_000_000;

/// Waits in microseconds, three digits exact.
#[derive(Clone, Debug)]
pub(crate) struct Waits(Histogram<u64>);

impl Waits {
    pub(crate) fn new() -> Waits {
        Waits(Histogram::new_with_max(LONGEST_MICROS, 3).expect("three digits are allowed"))
    }

    pub(crate) fn note(&mut self, wait: Duration) {
        self.0.saturating_record(u64::try_from(wait.as_micros()).unwrap_or(LONGEST_MICROS));
    }

    /// The wait that this share of all (0 to 1) did not exceed, in milliseconds.
    pub(crate) fn millis(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1000.0
    }

    pub(crate) fn longest_millis(&self) -> f64 {
        self.0.max() as f64 / 1000.0
    }
}

impl Default for Waits {
    fn default() -> Waits {
        Waits::new()
    }
}

/// The one in the middle, of an even number the mean of the two; 0 of none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_all_waits_is_found_to_three_digits() {
        let mut waits = Waits::new();
        for millis in 1..=1000 {
            waits.note(Duration::from_millis(millis));
        }
        let near = |share, expected: f64| (waits.millis(share) / expected - 1.0).abs() < 0.001;
        assert!(near(0.5, 500.0) && near(0.99, 990.0) && near(1.0, 1000.0));
    }

    #[test]
    fn a_wait_without_end_counts_as_the_longest() {
        let mut waits = Waits::new();
        waits.note(Duration::MAX);
        assert!(waits.longest_millis() >= 600_000.0);
    }

    #[test]
    fn the_median_is_the_one_in_the_middle() {
        assert_eq!(median([9.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median([]), 0.0);
    }
}
