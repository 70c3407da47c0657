//! From the journal alone.

use super::bank::*;
use crate::*;
use kernel::spec::NOW;
use std::{sync::atomic::Ordering::Relaxed, time::Duration};

fn busy(house: &House) {
    (1..=20).for_each(|n| drop(house.ask(&format!("fund{n}"), pay(n, 100)).unwrap()));
    for n in 1..=100 {
        let (from, to) = (n % 20 + 1, (n * 7) % 20 + 1);
        drop(house.ask(&format!("move{n}"), order(n, from, to, 40, n as u64 * 10)).unwrap());
        house.later(8);
    }
}

#[test]
fn a_story_is_rebuilt_from_the_facts_it_heard() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    let story = Stream::Transfer(transfer(1));
    let before = house.state(&story);
    let house = house.crash();
    assert_eq!(house.state(&story), before);
    house.journal.lose_index();
    let house = house.crash();
    assert_eq!(house.state(&story), before);
    house.later(60);
    assert_eq!(house.balance(2), 30);
}

#[test]
fn a_lost_index_is_rebuilt_from_the_blocks() {
    let house = House::with(Limits { checkpoint_facts: 16, ..Limits::default() });
    busy(&house);
    let balances: Vec<_> = (1..=20).map(|n| house.balance(n)).collect();
    house.journal.lose_index();
    let house = house.crash();
    assert_eq!(balances, (1..=20).map(|n| house.balance(n)).collect::<Vec<_>>());
    assert!(house.ask("move7", order(7, 8, 10, 40, 70)).unwrap().repeated);
    house.later(100_000);
    assert_eq!((1..=20).map(|n| house.balance(n)).sum::<i64>(), 2000);
}

#[test]
fn crashes_at_any_moment_change_nothing_that_was_answered() {
    let quiet = House::new();
    busy(&quiet);
    quiet.later(100_000);
    let expected: Vec<_> = (1..=20).map(|n| quiet.balance(n)).collect();
    let mut house = House::with(Limits { checkpoint_facts: 50, ..Limits::default() });
    (1..=20).for_each(|n| drop(house.ask(&format!("fund{n}"), pay(n, 100)).unwrap()));
    for n in 1..=100 {
        let (from, to) = (n % 20 + 1, (n * 7) % 20 + 1);
        drop(house.ask(&format!("move{n}"), order(n, from, to, 40, n as u64 * 10)).unwrap());
        house.later(8);
        if n % 9 == 0 {
            house = house.crash();
        }
    }
    house.later(100_000);
    assert_eq!(expected, (1..=20).map(|n| house.balance(n)).collect::<Vec<_>>());
    assert_eq!(quiet.facts(), house.facts());
}

#[test]
fn any_decider_can_be_shown_as_it_was() {
    let house = House::with(Limits { checkpoint_facts: 40, ..Limits::default() });
    for n in 1..=200 {
        house.clock.advance_to(NOW + Duration::from_secs(n));
        house.ask(&n.to_string(), pay(1, n as i64)).unwrap();
    }
    let mut past = house.engine.past().unwrap();
    for position in [1, 31, 32, 33, 64, 100, 199, 200] {
        let (state, version) = past.state_at(&Stream::Account(account(1)), position).unwrap();
        let balance = (position * (position + 1) / 2) as i64;
        assert_eq!((state, version), (State::Account(Account { balance }), position));
        assert_eq!(past.position_at(NOW + Duration::from_secs(position)).unwrap(), position);
    }
    assert_eq!(past.position_at(NOW).unwrap(), 0);
    assert_eq!(past.facts_of(&Stream::Account(account(1))).unwrap().len(), 200);
}

#[test]
fn an_ask_that_left_neither_fact_nor_refusal_is_asked_again() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    // A journal that ends in the middle of a cascade, as an older release may have left it.
    let cut = house.journal.copy_until::<Bank>(2).unwrap();
    let house = House::over(cut, house.clock.clone(), Limits::default());
    house.later(0);
    assert_eq!(house.balance(1), 70);
    let house = house.crash();
    house.later(0);
    assert_eq!(house.balance(1), 70, "once");
}

#[test]
fn the_index_may_lag_but_not_without_end() {
    let limits = Limits {
        lag_facts: 100,
        checkpoint_facts: 30,
        idle: Duration::from_secs(60),
        ..Limits::default()
    };
    let house = House::with(limits);
    (0..1000).for_each(|n| {
        house.ask(&format!("x{n}"), pay(1, 1)).unwrap();
        let gauges = house.engine.gauges();
        let lag = gauges.committed.load(Relaxed) - gauges.indexed.load(Relaxed);
        assert!(lag <= 100 + 30, "lags {lag}");
    });
}
