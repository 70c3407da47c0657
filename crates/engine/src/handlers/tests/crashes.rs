//! The plug is pulled at every point: nothing is lost, and nothing is told twice.

use super::toy::*;
use crate::handlers::*;
use kernel::CommandId;
use std::{collections::BTreeMap, sync::Arc, time::Duration};

const KEYS: [&str; 6] = ["a", "b", "a", "c", "b", "a"];

/// Says yes, but not to the second, and not at once to the fourth.
fn moody() -> Vec<Arc<Outside>> {
    vec![Outside::new("say", "post", |call| match call.idempotency_key {
        "say/2" => no(),
        "say/4" if call.attempt == 1 => not_now(),
        key => Ok(vec![report(key), report("and so on")]),
    })]
}

/// What the crash takes besides the desk's memory.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Lost {
    /// The commands had arrived.
    Answers,
    /// The first command had arrived, the others had not.
    Commands,
}

/// Runs to the end; before the n-th thing happens the plug is pulled. Things are also saved now and
/// then. Says what the business was told, and whether the plug was pulled.
fn run(crash_at: usize, save_every: usize, lost: Lost) -> (BTreeMap<CommandId, Command>, bool) {
    let mut bench = Bench::new(moody());
    bench.hear(&KEYS);
    let (mut things, mut crashed) = (0, false);
    for _ in 0..60 {
        let reports = bench.stepper.step(bench.now);
        for report in reports {
            things += 1;
            if things % save_every == 0 {
                bench.stepper.desk().save().unwrap();
            }
            if things == crash_at {
                let arrive = if lost == Lost::Answers { report.asks.len() } else { 1 };
                report.asks.into_iter().take(arrive).for_each(|ask| {
                    bench.told.entry(ask.id).or_insert(ask.command);
                });
                bench = bench.crash(&KEYS);
                crashed = true;
                break;
            }
            bench.take(report);
        }
        if bench.states() == [("say/2".to_owned(), LetterState::Parked)] {
            things += 1;
            let by = ("staff/7", "hopeless");
            bench.stepper.desk().drop_letter("say/2", by, bench.now).unwrap();
            if things == crash_at {
                bench.stepper.desk().save().unwrap();
                bench = bench.crash(&KEYS);
                crashed = true;
            }
        }
        bench.now = bench.now + Duration::from_secs(1);
    }
    assert_eq!((bench.done(), bench.states().len()), (6, 0), "crash at {crash_at}");
    (bench.told, crashed)
}

#[test]
fn whatever_happens_the_business_is_told_the_same_things_once() {
    let (undisturbed, _) = run(usize::MAX, usize::MAX, Lost::Answers);
    assert_eq!(undisturbed.len(), 11, "five outcomes of two commands, and one that is given up");
    let every = [1, 2, 3, usize::MAX];
    let every = every.into_iter().flat_map(|n| [(n, Lost::Answers), (n, Lost::Commands)]);
    for (save_every, lost) in every {
        let mut crash_at = 1;
        loop {
            let (told, crashed) = run(crash_at, save_every, lost);
            assert_eq!(told, undisturbed, "crash at {crash_at}, saved every {save_every}");
            if !crashed {
                break;
            }
            crash_at += 1;
        }
        assert!(crash_at > 5, "it was tried at several points");
    }
}

#[test]
fn letters_and_what_waits_behind_them_survive_and_are_not_asked_again() {
    let outside = Outside::unwilling("a");
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["x", "a", "a", "b", "a"]);
    bench.settle();
    bench.stepper.desk().save().unwrap();
    let mut bench = bench.crash(&["x", "a", "a", "b", "a"]);
    bench.settle();
    assert_eq!(outside.calls(), ["say/1", "say/2", "say/4"]);
    let standing = bench.stepper.desk().standing();
    assert_eq!((standing.letters, standing.behind_letters, standing.done), (1, 2, 5));
}

#[test]
fn a_letter_that_was_dropped_is_not_asked_again_though_an_earlier_request_was_not_done() {
    let outside = Outside::new("say", "post", |call| match call.request.key.as_str() {
        "slow" => not_now(),
        _ => no(),
    });
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["slow", "a"]);
    bench.settle();
    bench.stepper.desk().drop_letter("say/2", ("staff/7", "hopeless"), bench.now).unwrap();
    bench.settle();
    bench.stepper.desk().save().unwrap();
    assert_eq!(bench.done(), 0);
    let mut bench = bench.crash(&["slow", "a"]);
    bench.settle();
    assert_eq!(outside.calls(), ["say/1", "say/2", "say/1"]);
    assert_eq!(bench.given_up(), 1);
}

#[test]
fn a_retry_that_was_cut_off_is_made_after_the_crash() {
    let outside = Outside::unwilling("a");
    let mut bench = Bench::new(vec![outside.clone()]);
    bench.hear(&["a"]);
    bench.settle();
    let desk = bench.stepper.desk();
    desk.edit("say/1", "as edited".into(), ("staff/7", "why not"), kernel::spec::NOW).unwrap();
    desk.retry("say/1", "staff/7", kernel::spec::NOW).unwrap();
    desk.save().unwrap();
    let mut bench = bench.crash(&["a"]);
    bench.settle();
    assert_eq!(outside.calls(), ["say/1", "say/1.1?"]);
    assert_eq!((bench.heard(&report("a")), bench.states().len()), (1, 0));
}

#[test]
fn the_file_keeps_position_and_letters_and_refuses_a_newer_format() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("letters.db");
    let open = || {
        let handlers = vec![Outside::unwilling("a") as Arc<dyn Handler<Toy>>];
        let store = Store::open(&path, "test")?;
        Desk::open(handlers, store, HandlerLimits::default(), 0, Arc::default())
    };
    let mut desk = open().unwrap();
    desk.hear(&[asked(1, "b")]);
    assert_eq!(desk.done(), 0);
    let ticket = desk.start(kernel::spec::NOW)[0].ticket;
    desk.finish(ticket, no(), kernel::spec::NOW);
    desk.save().unwrap();
    drop(desk);
    let desk = open().unwrap();
    assert_eq!((desk.letters().len(), desk.done()), (1, 0), "clamped to the journal's end");
    drop(desk);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open(), Err(StoreError::NewerFormat { found: 99, .. })));
}
