//! Timers live and die with their story.

use super::bank::*;
use crate::*;
use kernel::{Timestamp, spec::NOW};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

#[test]
fn a_timer_rings_once_when_its_time_has_come() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    house.later(59);
    assert_eq!(house.balance(2), 0);
    house.later(1);
    house.later(60);
    assert_eq!((house.balance(1), house.balance(2)), (70, 30));
}

#[test]
fn a_timer_survives_a_crash_and_rings_late_rather_than_never() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    house.clock.advance_to(NOW + Duration::from_secs(90 * 24 * 3600));
    let house = house.crash();
    house.later(0);
    assert_eq!(house.balance(2), 30);
    let house = house.crash();
    house.later(1);
    assert_eq!(house.balance(2), 30, "once");
}

#[test]
fn a_far_timer_waits_in_the_index_and_rings_all_the_same() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    let year = 365 * 24 * 3600;
    house.ask("move", order(1, 1, 2, 30, year)).unwrap();
    let house = house.crash();
    assert_eq!(house.engine.ring(), Ok(Some(NOW + Duration::from_secs(year))));
    house.later(year);
    assert_eq!(house.balance(2), 30);
}

#[test]
fn what_is_due_rings_before_a_later_command_is_judged() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    house.clock.advance_to(NOW + Duration::from_secs(60));
    assert!(house.ask("spend", pay(2, -30)).is_ok());
}

#[test]
fn time_never_goes_back() {
    let house = House::new();
    house.ask("a", pay(1, 1)).unwrap();
    house.clock.break_to(NOW - Duration::from_secs(3600));
    assert_eq!(house.ask("b", pay(1, 1)).unwrap().facts()[0].at(), NOW);
    let house = house.crash();
    assert_eq!(house.ask("c", pay(1, 1)).unwrap().facts()[0].at(), NOW);
}

/// A clock whose leaps are faults.
struct Broken(Mutex<(Timestamp, Duration)>);

impl Clock for Broken {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().0
    }

    fn steady(&self) -> Option<Duration> {
        Some(self.0.lock().unwrap().1)
    }
}

#[test]
fn a_clock_that_leaps_stops_the_timers_until_somebody_trusts_it() {
    let clock = Arc::new(Broken(Mutex::new((NOW, Duration::ZERO))));
    let memory = journal::memory::Memory::default();
    let engine = Engine::<Bank>::start(Parts {
        journal: Box::new(memory.journal()),
        index: Box::new(memory.index()),
        clock: clock.clone(),
        limits: Limits::default(),
    })
    .unwrap();
    let ask = |key: &str, command| {
        engine.ask(Ask::by_system(kernel::CommandId::derive("test", key), command)).unwrap()
    };
    ask("fund", pay(1, 100)).unwrap();
    ask("move", order(1, 1, 2, 30, 3600)).unwrap();
    engine.ring().unwrap();
    let tip = engine.feed().tip();
    // An hour passes, but only ten seconds went by.
    *clock.0.lock().unwrap() = (NOW + Duration::from_secs(3600), Duration::from_secs(10));
    engine.ring().unwrap();
    assert_eq!(engine.feed().tip(), tip);
    assert_eq!(engine.alarms().all()[0].kind, "clock_jump");
    engine.trust_clock().unwrap();
    engine.ring().unwrap();
    assert_eq!(engine.feed().tip(), tip + 2, "woke, and given");
}
