//! The simulation finds what is planted, and nothing where nothing is.

use server::simulate::{Bug, play};

/// Seeds among which each planted mistake is found; most are found by the first few.
const SEEDS: u64 = 60;

/// The first seed that finds it; without it the same seed is sound.
fn is_found(bug: Bug) {
    let found = (1..=SEEDS).find(|seed| play(*seed, Some(bug)).failure.is_some());
    let seed = found.unwrap_or_else(|| panic!("{bug:?} is not found"));
    let sound = play(seed, None);
    assert!(sound.failure.is_none(), "seed {seed}: {:?}", sound.failure);
}

#[test]
fn nothing_is_broken_where_nothing_is_planted() {
    for seed in 1..=6 {
        let played = play(seed, None);
        assert!(played.failure.is_none(), "seed {seed}: {:?}", played.failure);
        assert!(played.facts > 100, "seed {seed} is not idle");
    }
}

#[test]
fn the_same_seed_leaves_the_same_journal() {
    let (one, other) = (play(7, None), play(7, None));
    assert_eq!((one.facts, one.sum, one.crashes), (other.facts, other.sum, other.crashes));
    assert_ne!(one.sum, play(8, None).sum, "another seed leaves another one");
}

#[test]
fn a_stock_released_twice_is_found() {
    is_found(Bug::ReleaseTwice);
}

#[test]
fn an_answer_before_the_commit_is_found() {
    is_found(Bug::AnswerBeforeCommit);
}

#[test]
fn a_forgotten_timer_is_found() {
    is_found(Bug::ForgottenTimer);
}

#[test]
fn a_state_evicted_before_its_checkpoint_is_found() {
    is_found(Bug::EvictedEarly);
}

#[test]
fn an_ask_lost_in_recovery_is_found() {
    is_found(Bug::LostAsk);
}

#[test]
fn an_outcome_taken_for_two_is_found() {
    is_found(Bug::RedeliveredOutcome);
}

#[test]
fn a_parcel_handed_over_without_capture_is_found() {
    is_found(Bug::HandOverUnpaid);
}

#[test]
fn a_label_that_nobody_made_void_is_found() {
    is_found(Bug::LabelNotVoided);
}
