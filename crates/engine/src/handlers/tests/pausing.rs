//! A paused handler makes no calls; what it is asked waits, in order, and nothing is lost.

use super::toy::*;
use crate::handlers::*;
use kernel::spec::NOW;
use std::{sync::Arc, time::Duration};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn status(bench: &mut Bench, name: &str) -> HandlerStatus {
    let statuses = bench.stepper.desk().statuses();
    statuses.into_iter().find(|status| status.name == name).expect("a handler")
}

fn pause(bench: &mut Bench) {
    assert!(bench.stepper.desk().pause("say").unwrap());
}

fn resume(bench: &mut Bench) {
    assert!(bench.stepper.desk().resume("say").unwrap());
    bench.settle();
}

#[test]
fn a_paused_handler_makes_no_calls_and_goes_on_in_order() {
    let outside = Outside::willing();
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a"]);
    bench.settle();
    bench.hear(&["b", "a"]);
    pause(&mut bench);
    bench.settle();
    bench.hear(&["a", "b", "c"]);
    bench.settle();
    assert_eq!(outside.calls(), ["say/1"]);
    let expected = HandlerStatus {
        name: "say",
        provider: "post",
        breaker: BreakerState::Closed,
        paused: true,
        waiting: 5,
        done: 1,
    };
    assert_eq!(status(&mut bench, "say"), expected);
    resume(&mut bench);
    assert_eq!(outside.calls()[1..4], ["say/2", "say/3", "say/6"], "the first of each key");
    assert_eq!(outside.calls()[4..], ["say/5", "say/4"]);
    let done = HandlerStatus { paused: false, waiting: 0, done: 6, ..expected };
    assert_eq!(status(&mut bench, "say"), done);
    let standing = bench.stepper.desk().standing();
    assert_eq!((standing.waiting, standing.behind_letters), (0, 0));
}

#[test]
fn others_go_on_even_with_the_same_provider_and_the_journal_moves_on() {
    let (say, sing) = (
        Outside::willing(),
        Outside::new("sing", "post", |call| Ok(vec![report(&call.request.key)])),
    );
    let mut bench = Bench::new(vec![say.clone(), sing.clone()]);
    pause(&mut bench);
    bench.hear(&["a", "b", "a"]);
    bench.settle();
    assert_eq!((say.calls().len(), sing.calls().len(), bench.done()), (0, 3, 3));
    assert_eq!((status(&mut bench, "say").done, status(&mut bench, "sing").done), (0, 3));
}

#[test]
fn a_pause_and_what_waits_survive_a_crash() {
    let outside = Outside::willing();
    let mut bench = Bench::new(vec![outside.clone()]);
    let keys = ["a", "b", "a", "a"];
    bench.hear(&keys[..2]);
    pause(&mut bench);
    bench.settle();
    bench.hear(&keys[2..3]);
    bench.stepper.desk().save().unwrap();
    bench.hear(&keys[3..]);
    let mut bench = bench.crash(&keys);
    bench.settle();
    assert_eq!((outside.calls().len(), status(&mut bench, "say").waiting), (0, 4));
    resume(&mut bench);
    assert_eq!(outside.calls().len(), 4);
    bench.stepper.desk().save().unwrap();
    let mut bench = bench.crash(&keys);
    bench.settle();
    assert_eq!((outside.calls().len(), status(&mut bench, "say").paused), (4, false));
    assert_eq!(bench.heard(&report("a")), 3);
}

#[test]
fn a_call_under_way_is_reported_and_the_next_of_its_key_waits() {
    let outside = Outside::willing();
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a", "a"]);
    let started = bench.stepper.desk().start(NOW).pop().unwrap();
    pause(&mut bench);
    bench.stepper.desk().finish(started.ticket, Ok(vec![report("a")]), NOW);
    bench.settle();
    assert_eq!(bench.heard(&report("a")), 1);
    assert_eq!((outside.calls().len(), status(&mut bench, "say").done), (0, 1));
    resume(&mut bench);
    assert_eq!(outside.calls(), ["say/2"]);
}

#[test]
fn nothing_is_given_up_for_its_age_while_its_handler_is_paused() {
    let outside = Outside::new("say", "post", |call| match call.attempt {
        1 => not_now(),
        _ => Ok(vec![report(&call.request.key)]),
    });
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a"]);
    bench.settle();
    pause(&mut bench);
    bench.later(DAY * 2);
    bench.later(DAY * 2);
    assert_eq!((bench.states(), bench.given_up(), outside.calls().len()), (vec![], 0, 1));
}

#[test]
fn a_letter_that_is_retried_waits_with_the_others() {
    let outside = Outside::unwilling("a");
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a", "a"]);
    bench.settle();
    pause(&mut bench);
    bench.stepper.desk().edit("say/1", "as edited".into(), ("staff/7", "typo"), NOW).unwrap();
    bench.stepper.desk().retry("say/1", "staff/7", NOW).unwrap();
    bench.settle();
    assert_eq!(outside.calls(), ["say/1"]);
    resume(&mut bench);
    assert_eq!(outside.calls()[1..], ["say/1.1?", "say/2"]);
}

#[test]
fn what_waits_for_a_paused_handler_is_bounded() {
    let limits = HandlerLimits { waiting: 3, behind_letters: 8, ..HandlerLimits::default() };
    let outside = Outside::willing();
    let mut bench = Bench::with(vec![outside.clone()], limits);
    pause(&mut bench);
    let mut heard = 0;
    for position in 1..100 {
        heard += bench.stepper.hear(&[asked(position, &position.to_string())]);
        bench.settle();
    }
    assert_eq!((heard, bench.done(), bench.states()), (7, 4, vec![]));
    resume(&mut bench);
    assert_eq!((outside.calls().len(), bench.done()), (7, 7));
    let standing = bench.stepper.desk().standing();
    assert_eq!((standing.waiting, standing.behind_letters), (0, 0));
}

#[test]
fn nobody_of_another_name_is_paused() {
    let handlers: Vec<Arc<Outside>> = vec![Outside::willing()];
    let mut bench = Bench::new(handlers);
    assert!(!bench.stepper.desk().pause("shout").unwrap());
    assert!(!bench.stepper.desk().resume("shout").unwrap());
}
