//! Facts per second, from where the journal ended at each look.

use kernel::Position;
use serde::Serialize;
use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// The time over which the figure is taken.
pub(super) const WINDOW: Duration = Duration::from_secs(10);
/// The time that the curve shows.
const CURVE: Duration = Duration::from_secs(60);
/// Width and height of the curve.
const SIZE: (f64, f64) = (240.0, 40.0);

/// Where the journal ended, and when; the oldest first.
#[derive(Debug, Default)]
pub(super) struct Rate(VecDeque<(Instant, Position)>);

/// What a template shows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Shown {
    /// Facts per second.
    pub(super) now: String,
    /// The corners of the curve, as SVG has it.
    pub(super) points: String,
}

impl Rate {
    /// True when nobody has looked lately: then the journal itself has to tell where it was.
    pub(super) fn is_cold(&self) -> bool {
        self.0.back().is_none_or(|(last, _)| last.elapsed() > WINDOW)
    }

    /// Where the journal ended one [`WINDOW`] ago.
    pub(super) fn begin(&mut self, now: Instant, then: Position) {
        self.0.clear();
        if let Some(before) = now.checked_sub(WINDOW) {
            self.0.push_back((before, then));
        }
    }

    /// Where it ends now.
    pub(super) fn note(&mut self, now: Instant, tip: Position) {
        self.0.push_back((now, tip));
        while self.0.front().is_some_and(|(then, _)| now.duration_since(*then) > CURVE) {
            self.0.pop_front();
        }
    }

    pub(super) fn shown(&self) -> Shown {
        let Some(&(now, tip)) = self.0.back() else {
            return Shown { now: "0".to_owned(), points: String::new() };
        };
        let window = self.0.iter().find(|(then, _)| now.duration_since(*then) <= WINDOW);
        let rate = window.map_or(0.0, |&(then, before)| per_second((then, before), (now, tip)));
        let digits = if rate < 10.0 && rate > 0.0 { 1 } else { 0 };
        Shown { now: format!("{rate:.digits$}"), points: self.points(now) }
    }

    fn points(&self, now: Instant) -> String {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        let rates: Vec<(f64, f64)> = pairs
            .map(|(before, after)| {
                let age = now.duration_since(after.0).as_secs_f64() / CURVE.as_secs_f64();
                (SIZE.0 * (1.0 - age), per_second(*before, *after))
            })
            .collect();
        let most = rates.iter().map(|(_, rate)| *rate).fold(1.0, f64::max);
        let height = |rate: f64| SIZE.1 - 2.0 - (SIZE.1 - 4.0) * rate / most;
        let points = rates.iter().map(|&(x, rate)| format!("{x:.1},{:.1}", height(rate)));
        points.collect::<Vec<_>>().join(" ")
    }
}

fn per_second(before: (Instant, Position), after: (Instant, Position)) -> f64 {
    let time = after.0.duration_since(before.0).as_secs_f64();
    if time <= 0.0 { 0.0 } else { after.1.saturating_sub(before.1) as f64 / time }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let mut rate = Rate::default();
        assert!(rate.is_cold());
        let begin = Instant::now();
        for (seconds, tip) in [(0, 0), (20, 4000), (25, 4050), (30, 4100)] {
            rate.note(begin + Duration::from_secs(seconds), tip);
        }
        assert_eq!(rate.shown().now, "10");
        assert_eq!(rate.shown().points.split(' ').count(), 3);
        rate.note(begin + Duration::from_secs(300), 4100);
        assert_eq!(rate.shown().now, "0");
    }
}
