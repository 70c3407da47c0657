//! Order per key, everything else side by side, and never too much at once.

use super::toy::*;
use crate::handlers::*;

#[test]
fn requests_with_one_key_go_one_after_the_other_and_other_keys_do_not_wait() {
    let outside = Outside::willing();
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a", "a", "b", "a"]);
    let first = bench.stepper.step(bench.now);
    assert_eq!(outside.calls(), ["say/1", "say/3"]);
    assert_eq!(bench.done(), 0, "nothing was answered yet");
    first.into_iter().for_each(|report| bench.take(report));
    bench.settle();
    assert_eq!(outside.calls(), ["say/1", "say/3", "say/2", "say/4"]);
    assert_eq!(bench.done(), 4);
    assert_eq!(bench.heard(&report("a")), 3);
}

#[test]
fn what_is_done_never_passes_what_is_not() {
    let outside = Outside::new("say", "post", |call| match call.request.key.as_str() {
        "slow" if call.attempt < 3 => not_now(),
        key => Ok(vec![report(key)]),
    });
    let mut bench = Bench::new(vec![outside]);
    bench.hear(&["a", "slow", "b", "c"]);
    bench.settle();
    assert_eq!(bench.done(), 1);
    bench.later(std::time::Duration::from_secs(1));
    assert_eq!(bench.done(), 1);
    bench.later(std::time::Duration::from_secs(2));
    assert_eq!(bench.done(), 4);
}

#[test]
fn a_desk_that_is_full_says_how_far_it_heard_and_goes_on_later() {
    let limits = HandlerLimits { waiting: 3, ..HandlerLimits::default() };
    let mut bench = Bench::with(vec![Outside::willing()], limits);
    let facts: Vec<_> = (1..=5).map(|position| asked(position, "a")).collect();
    assert_eq!(bench.stepper.hear(&facts), 3);
    assert_eq!(bench.stepper.desk().standing().heard, 3);
    bench.settle();
    assert_eq!(bench.stepper.hear(&facts), 5);
    bench.settle();
    assert_eq!(bench.done(), 5);
    assert_eq!(bench.told.len(), 5);
}

#[test]
fn no_more_calls_are_under_way_than_allowed_in_all_and_per_provider() {
    let limits = HandlerLimits { in_flight: 3, in_flight_each: 2, ..HandlerLimits::default() };
    let words = |call: &Call<'_>| Ok(vec![report(&call.request.key)]);
    let say = Outside::new("say", "post", words);
    let sing = Outside::new("sing", "choir", words);
    let mut bench = Bench::with(vec![say, sing], limits);
    bench.hear(&["a", "b", "c"]);
    let started = bench.stepper.desk().start(bench.now);
    let names: Vec<_> = started.iter().map(|call| call.handler.name()).collect();
    assert_eq!(names, ["say", "say", "sing"]);
}

#[test]
fn a_handler_that_is_new_begins_at_the_end_of_the_journal() {
    let (say, alarms) = (Outside::willing(), std::sync::Arc::default());
    let store = Store::in_memory("test").unwrap();
    let handlers = vec![say.clone() as std::sync::Arc<dyn Handler<Toy>>];
    let mut stepper = Stepper::open(handlers, store, HandlerLimits::default(), 7, alarms).unwrap();
    stepper.hear(&[asked(7, "a"), asked(8, "b")]);
    stepper.step(kernel::spec::NOW);
    assert_eq!(say.calls(), ["say/8"]);
}

#[test]
fn a_report_names_the_provider_and_belongs_to_the_affair_of_the_fact() {
    let mut bench = Bench::new(vec![Outside::willing()]);
    bench.hear(&["a"]);
    let reports = bench.stepper.step(bench.now);
    let ask = &reports[0].asks[0];
    assert_eq!(ask.actor.as_str(), "provider/post");
    assert_eq!(ask.correlation, Some(kernel::CommandId::derive("test", "1")));
    assert_eq!(ask.id, kernel::CommandId::derive("handler/say", "1/0"));
}
