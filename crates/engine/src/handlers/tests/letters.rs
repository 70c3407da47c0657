//! Dead letters: what waits behind them, and what people can do about them.

use super::toy::*;
use crate::handlers::*;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const BY: (&str, &str) = ("staff/7", "typing error");

#[test]
fn a_letter_parks_its_key_and_all_others_go_on() {
    let outside = Outside::unwilling("a");
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a", "b", "a", "a", "c"]);
    bench.settle();
    bench.hear(&["a"]);
    bench.settle();
    assert_eq!(outside.calls(), ["say/1", "say/2", "say/5"]);
    assert_eq!(bench.states(), [("say/1".to_owned(), LetterState::Parked)]);
    let standing = bench.stepper.desk().standing();
    assert_eq!((standing.behind_letters, standing.waiting, standing.done), (3, 0, 6));
}

#[test]
fn an_edited_letter_is_another_request_with_another_key_and_keeps_its_history() {
    let outside = Outside::unwilling("a");
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a", "a"]);
    bench.settle();
    bench.stepper.desk().edit("say/1", "as edited".into(), BY, bench.now).unwrap();
    let preview = bench.stepper.desk().preview("say/1", bench.now).unwrap();
    assert_eq!((preview.request.body, preview.uncertain), ("as edited".into(), true));
    assert_eq!(preview.if_dropped.len(), 1);
    bench.stepper.desk().retry("say/1", "staff/7", bench.now).unwrap();
    bench.settle();
    assert_eq!(outside.calls(), ["say/1", "say/1.1?", "say/2"]);
    assert_eq!(bench.states(), [("say/2".to_owned(), LetterState::Parked)]);
    bench.stepper.desk().save().unwrap();
    let settled = bench.stepper.desk().settled_letters(10).unwrap();
    assert_eq!((settled.len(), settled[0].state), (1, LetterState::Delivered));
    assert_eq!(settled[0].notes[1].before, Some("as asked".into()));
    assert_eq!(settled[0].notes[1].what, "edited: typing error");
}

#[test]
fn a_dropped_letter_tells_its_story_and_its_key_goes_on() {
    let outside = Outside::new("say", "post", |call| match call.idempotency_key {
        "say/1" => no(),
        _ => Ok(vec![report(&call.request.key)]),
    });
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a", "a"]);
    bench.settle();
    bench.stepper.desk().drop_letter("say/1", BY, bench.now).unwrap();
    let again = bench.stepper.desk().drop_letter("say/1", BY, bench.now);
    assert_eq!(again, Err(LetterError::Busy("say/1".to_owned())));
    bench.settle();
    assert_eq!((bench.given_up(), bench.states().len()), (1, 0));
    assert_eq!(outside.calls(), ["say/1", "say/2"]);
    let gone = bench.stepper.desk().retry("say/1", "staff/7", bench.now);
    assert_eq!(gone, Err(LetterError::Unknown("say/1".to_owned())));
}

#[test]
fn nobody_decides_for_a_day_and_the_story_is_told_while_the_letter_stays() {
    let outside = Outside::unwilling("a");
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a"]);
    bench.settle();
    assert_eq!(bench.stepper.desk().next_due(), Some(bench.now + DAY));
    bench.later(DAY);
    assert_eq!(bench.given_up(), 1);
    assert_eq!(bench.states(), [("say/1".to_owned(), LetterState::Told)]);
    bench.stepper.desk().edit("say/1", "late".into(), BY, bench.now).unwrap();
    bench.stepper.desk().retry("say/1", "staff/7", bench.now).unwrap();
    bench.settle();
    assert_eq!((bench.heard(&report("a")), bench.states().len()), (1, 0), "a yes that comes late");
}

#[test]
fn a_handler_without_a_deadline_waits_for_people() {
    let outside = Outside::patient("say", "post", None, |_| no());
    let mut bench = Bench::new(vec![outside]);
    bench.hear(&["a"]);
    bench.later(DAY * 100);
    assert_eq!((bench.given_up(), bench.stepper.desk().next_due()), (0, None));
}

#[test]
fn an_outcome_that_is_refused_becomes_a_letter() {
    let outside = Outside::new("say", "post", |_| Ok(vec![report("unheard")]));
    let mut bench = Bench::new(vec![outside]);
    bench.hear(&["a"]);
    bench.settle();
    let letters = bench.stepper.desk().letters();
    assert_eq!(letters[0].reason, "the outcome was not accepted: nobody wants to hear this");
}

#[test]
fn what_waits_behind_a_letter_is_bounded_and_more_become_letters_in_order() {
    let outside = Outside::unwilling("a");
    let limits = HandlerLimits { behind_letter: 2, ..HandlerLimits::default() };
    let mut bench = Bench::with(vec![outside.clone()], limits);
    bench.hear(&["a"]);
    bench.settle();
    bench.hear(&["a", "a", "a", "a"]);
    let states = bench.states();
    let ids: Vec<_> = states.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(ids, ["say/1", "say/4", "say/5"]);
    let early = bench.stepper.desk().retry("say/4", "staff/7", bench.now);
    assert_eq!(early, Err(LetterError::NotFirst { first: "say/1".to_owned() }));
    bench.stepper.desk().drop_letter("say/1", BY, bench.now).unwrap();
    bench.settle();
    assert_eq!(outside.calls(), ["say/1", "say/2"], "3 waits behind the next letter, 2");
}

#[test]
fn too_many_letters_and_no_more_facts_are_read() {
    let limits = HandlerLimits { letters: 2, ..HandlerLimits::default() };
    let mut bench = Bench::with(vec![Outside::new("say", "post", |_| no())], limits);
    bench.hear(&["a", "b"]);
    bench.settle();
    assert_eq!(bench.stepper.hear(&[asked(3, "c")]), 0);
    assert_eq!(bench.alarms.all().last().map(|alarm| alarm.kind), Some("letters_full"));
    bench.later(DAY);
    assert_eq!(bench.stepper.hear(&[asked(3, "c")]), 1, "their stories were told");
}
