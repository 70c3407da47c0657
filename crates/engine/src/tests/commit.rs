//! What an answer means: durable, once, and found again.

use super::bank::*;
use crate::*;
use kernel::CommandId;
use std::sync::atomic::Ordering::Relaxed;

#[test]
fn whatever_was_answered_is_there_after_a_crash() {
    let house = House::new();
    (0..100).for_each(|n| assert!(house.ask(&n.to_string(), pay(n % 7, 1)).is_ok()));
    let house = house.crash();
    assert_eq!((0..7).map(|n| house.balance(n)).sum::<i64>(), 100);
}

#[test]
fn the_same_command_id_finds_the_same_answer_before_and_after_a_crash() {
    let house = House::new();
    let first = house.ask("a", pay(1, 5)).unwrap();
    let again = house.ask("a", pay(1, 5)).unwrap();
    assert!(!first.repeated && again.repeated);
    assert_eq!(first.facts(), again.facts());
    let house = house.crash();
    assert_eq!(house.ask("a", pay(1, 5)).unwrap().facts(), first.facts());
    assert_eq!(house.balance(1), 5);
}

#[test]
fn the_same_command_id_with_another_request_is_refused() {
    let house = House::new();
    let ask = |fingerprint| Ask {
        fingerprint: Some(fingerprint),
        ..Ask::by_system(CommandId::derive("test", "a"), pay(1, 5))
    };
    house.engine.ask(ask(1)).unwrap().unwrap();
    assert_eq!(house.engine.ask(ask(2)).unwrap().unwrap_err(), Rejection::OtherRequest);
    let house = house.crash();
    assert_eq!(house.engine.ask(ask(2)).unwrap().unwrap_err(), Rejection::OtherRequest);
    assert!(house.engine.ask(ask(1)).unwrap().unwrap().repeated);
}

#[test]
fn a_look_sees_everything_that_was_asked_before_and_only_once_it_is_durable() {
    let house = House::new();
    house.ask("a", pay(1, 5)).unwrap();
    let stream = Stream::Account(account(1));
    house.journal.hold_appends(true);
    let second = house.engine.submit(Ask::by_system(CommandId::derive("test", "b"), pay(1, 2)));
    let mut look = house.engine.look(stream.clone()).unwrap();
    assert!(look.try_recv().is_err());
    house.journal.hold_appends(false);
    let seen = look.blocking_recv().unwrap().unwrap();
    let last = second.unwrap().blocking_recv().unwrap().unwrap();
    assert_eq!((seen.version, Some(seen.position)), (2, last.position()));
    let nobody = Stream::Account(account(99));
    assert_eq!(house.engine.look(nobody).unwrap().blocking_recv().unwrap().unwrap().version, 0);
}

#[test]
fn what_has_changed_since_the_caller_looked_is_not_changed_by_him() {
    let house = House::new();
    house.ask("a", pay(1, 5)).unwrap();
    let id = CommandId::derive("test", "b");
    let ask = |version| Ask { if_version: Some(version), ..Ask::by_system(id, pay(1, 5)) };
    let stale = house.engine.ask(ask(0)).unwrap().unwrap_err();
    assert_eq!(stale, Rejection::Stale { version: 1 });
    assert!(!house.engine.ask(ask(1)).unwrap().unwrap().repeated);
    // The same request again is the same answer, although the version is another now.
    assert!(house.engine.ask(ask(1)).unwrap().unwrap().repeated);
    assert_eq!(house.balance(1), 10);
}

#[test]
fn a_full_queue_says_overloaded_and_when_to_come_back() {
    let house = House::with(Limits { queue: 4, ..Limits::default() });
    house.journal.hold_appends(true);
    let mut answers = Vec::new();
    let refused = loop {
        let id = CommandId::derive("test", &answers.len().to_string());
        match house.engine.submit(Ask::by_system(id, pay(1, 1))) {
            Ok(answer) => answers.push(answer),
            Err(refused) => break refused,
        }
        assert!(answers.len() < 10_000, "a queue without end");
    };
    assert!(matches!(refused, NotTaken::Overloaded { retry_after } if !retry_after.is_zero()));
    house.journal.hold_appends(false);
    let taken = answers.len() as i64;
    answers.into_iter().for_each(|answer| drop(answer.blocking_recv().unwrap().unwrap()));
    assert_eq!(house.balance(1), taken, "all that were taken, and no other");
}

#[test]
fn a_failed_commit_stops_the_engine_and_answers_nobody() {
    let house = House::new();
    house.ask("a", pay(1, 1)).unwrap();
    house.journal.fail_append(1, false);
    let lost = house.engine.ask(Ask::by_system(CommandId::derive("test", "b"), pay(1, 1)));
    assert_eq!(lost.unwrap_err(), NotTaken::Stopped);
    let after = house.engine.ask(Ask::by_system(CommandId::derive("test", "c"), pay(1, 1)));
    assert_eq!(after.unwrap_err(), NotTaken::Stopped);
    assert!(house.engine.failure().is_some());
    let house = house.crash();
    assert_eq!(house.balance(1), 1);
}

#[test]
fn many_callers_at_once_share_blocks() {
    let house = House::new();
    let ask = |n: u64| {
        let id = CommandId::derive("test", &n.to_string());
        house.engine.submit(Ask::by_system(id, pay(1, 1))).unwrap()
    };
    let answers: Vec<_> = (0..2000).map(ask).collect();
    answers.into_iter().for_each(|answer| assert!(answer.blocking_recv().unwrap().is_ok()));
    assert_eq!(house.balance(1), 2000);
    assert!(house.engine.gauges().blocks.load(Relaxed) < 1000);
}

#[test]
fn a_commit_that_gathers_takes_no_more_than_its_limit() {
    let house = House::with(Limits { batch_commands: 2, ..Limits::default() });
    let ask = |n: u64| {
        let id = CommandId::derive("test", &n.to_string());
        house.engine.submit(Ask::by_system(id, pay(1, 1))).unwrap()
    };
    let answers: Vec<_> = (0..200).map(ask).collect();
    answers.into_iter().for_each(|answer| assert!(answer.blocking_recv().unwrap().is_ok()));
    assert!(house.engine.gauges().blocks.load(Relaxed) >= 100);
}

#[test]
fn below_the_reserve_of_free_disk_commands_are_refused_and_reads_go_on() {
    let house = House::with(Limits { disk_reserve: 1000, ..Limits::default() });
    house.journal.set_free_bytes(Some(1000));
    house.ask("a", pay(1, 5)).unwrap();
    house.journal.set_free_bytes(Some(999));
    let refused = (0..1000).find_map(|n| {
        let id = CommandId::derive("test", &n.to_string());
        house.engine.submit(Ask::by_system(id, pay(2, 0))).err()
    });
    assert_eq!(
        refused,
        Some(NotTaken::NoRoom { free: 999, reserve: 1000 }),
        "within some commands"
    );
    assert_eq!(house.balance(1), 5);
    let alarms = house.engine.alarms().all();
    assert_eq!(alarms.iter().filter(|alarm| alarm.kind == "no_room").count(), 1);
    house.journal.set_free_bytes(Some(2000));
    house.ask("b", pay(1, 5)).unwrap();
}
