//! Asking again: how often, how much later, and when a provider is left alone.

use super::toy::*;
use crate::handlers::*;
use kernel::spec::NOW;
use std::{
    sync::Arc,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A breaker that never opens.
fn untroubled() -> HandlerLimits {
    HandlerLimits { breaker_failures: u32::MAX, ..HandlerLimits::default() }
}

#[test]
fn the_wait_doubles_from_a_second_to_an_hour_and_is_the_same_when_run_again() {
    let limits = HandlerLimits::default();
    for (attempt, seconds) in [(1, 1), (2, 2), (5, 16), (12, 2048), (13, 3600), (60, 3600)] {
        let whole = Duration::from_secs(seconds);
        for position in 1..50 {
            let wait = limits.wait("say", position, attempt);
            assert!(wait >= whole / 2 && wait <= whole, "{wait:?} of {whole:?}");
            assert_eq!(wait, limits.wait("say", position, attempt));
        }
    }
    assert_ne!(limits.wait("say", 1, 5), limits.wait("say", 2, 5), "not all at once");
}

#[test]
fn a_transient_failure_is_tried_again_with_the_same_key_until_people_are_asked() {
    let outside = Outside::new("say", "post", |_| not_now());
    let limits = HandlerLimits { attempts: 3, ..untroubled() };
    let mut bench = Bench::with(vec![outside.clone()], limits);
    bench.hear(&["a"]);
    bench.settle();
    let due = bench.stepper.desk().next_due().unwrap();
    assert!(due > NOW && due <= NOW + SECOND);
    bench.later(SECOND);
    assert_eq!(outside.calls(), ["say/1", "say/1"]);
    bench.later(SECOND * 2);
    let letters = bench.stepper.desk().letters();
    assert_eq!(letters[0].reason, "no line (tried 3 times)");
    assert_eq!((letters[0].errand.attempts, bench.done()), (3, 1));
    assert_eq!(bench.alarms.all().last().map(|alarm| alarm.kind), Some("dead_letter"));
}

#[test]
fn a_provider_that_fails_five_times_is_left_alone_and_one_probe_brings_it_back() {
    let down = Arc::new(AtomicBool::new(true));
    let line = down.clone();
    let outside = Outside::new("say", "post", move |call| {
        if line.load(Relaxed) { not_now() } else { Ok(vec![report(&call.request.key)]) }
    });
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a", "b", "c", "d", "e"]);
    bench.settle();
    assert_eq!(outside.calls().len(), 5);
    let until = NOW + SECOND * 30;
    assert_eq!(bench.stepper.desk().breakers(), [("post", BreakerState::Open { until })]);
    assert_eq!(bench.alarms.all().last().map(|alarm| alarm.kind), Some("provider_down"));
    bench.later(SECOND * 29);
    assert_eq!(outside.calls().len(), 5, "left alone");
    assert_eq!(bench.stepper.desk().next_due(), Some(until));
    bench.later(SECOND);
    assert_eq!(outside.calls().len(), 6, "one probe");
    bench.later(SECOND * 59);
    assert_eq!(outside.calls().len(), 6, "left alone for twice as long");
    down.store(false, Relaxed);
    bench.later(SECOND);
    assert_eq!(bench.stepper.desk().breakers(), [("post", BreakerState::Closed)]);
    bench.settle();
    assert_eq!(bench.done(), 5);
}

#[test]
fn a_provider_that_is_down_does_not_hinder_another() {
    let say = Outside::new("say", "post", |_| not_now());
    let sing = Outside::new("sing", "choir", |call| Ok(vec![report(&call.request.key)]));
    let mut bench = Bench::new(vec![say, sing.clone()]);
    bench.hear(&["a", "b", "c", "d", "e", "f", "g"]);
    bench.settle();
    bench.hear(&["h"]);
    bench.settle();
    assert_eq!(sing.calls().len(), 8);
}

#[test]
fn a_no_of_the_provider_is_no_reason_to_leave_it_alone() {
    let mut bench = Bench::new(vec![Outside::new("say", "post", |_| no())]);
    bench.hear(&["a", "b", "c", "d", "e", "f"]);
    bench.settle();
    assert_eq!(bench.stepper.desk().breakers(), [("post", BreakerState::Closed)]);
    assert_eq!(bench.states().len(), 6);
}

#[test]
fn beyond_the_time_for_which_a_provider_remembers_keys_it_is_asked_first() {
    let outside = Outside::patient("say", "post", None, |_| not_now());
    let limits = HandlerLimits { attempts: 2, ..untroubled() };
    let mut bench = Bench::with(vec![outside.clone()], limits);
    bench.hear(&["a"]);
    bench.settle();
    bench.later(DAY + SECOND);
    assert_eq!(outside.calls(), ["say/1", "say/1?"]);
}

#[test]
fn a_story_whose_provider_stays_away_for_a_day_is_told_that_it_is_given_up() {
    let outside = Outside::new("say", "post", |_| not_now());
    let mut bench = Bench::new(vec![outside]);
    bench.hear(&["a", "b", "c", "d", "e", "f"]);
    bench.settle();
    // Twice: what came to the front of its lane meanwhile is looked at a minute later.
    bench.later(DAY);
    bench.later(SECOND * 60);
    assert_eq!(bench.given_up(), 6);
    assert!(bench.states().iter().all(|(_, state)| *state == LetterState::Told));
    assert_eq!(bench.done(), 6);
}

#[test]
fn a_handler_that_panics_fails_that_request_alone() {
    let outside = Outside::new("say", "post", |call| {
        assert_ne!(call.request.key, "bad");
        Ok(vec![])
    });
    let mut bench = Bench::new(vec![outside]);
    bench.hear(&["bad"]);
    bench.settle();
    assert_eq!(bench.stepper.desk().letters()[0].reason, "the handler panicked");
}
