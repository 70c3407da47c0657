//! From the journal alone.

use super::bank::*;
use crate::*;
use journal::{Journal, memory};
use kernel::{CommandId, spec::NOW};
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

#[test]
fn what_was_asked_again_is_stored_before_the_engine_takes_a_command() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    let facts = house.facts();
    let cut = house.journal.copy_until::<Bank>(2).unwrap();
    let house = House::over(cut, house.clock.clone(), Limits::default());
    assert_eq!(house.facts(), facts, "nobody has asked for anything");
    // The plug again, at once, and whatever the index knows by then.
    let stored = house.journal.copy();
    assert_eq!(Journal::tip(&stored).map(|tip| tip.last), Some(facts.len() as u64));
    let house = house.crash();
    assert_eq!((house.facts(), house.balance(1)), (facts, 70));
    house.later(60);
    assert_eq!(house.balance(2), 30);
}

#[test]
fn of_two_asks_to_one_stream_exactly_the_one_without_an_answer_is_asked_again() {
    let put = |number| gifts::Fact::Parcel(account(2), gifts::ParcelFact::Put { number });
    let whole = memory::Memory::default();
    let engine = gifts::start(&whole);
    let open = gifts::Command::Parcel(account(1), gifts::ParcelCommand::Open);
    engine.ask(Ask::by_system(CommandId::derive("test", "open"), open)).unwrap().unwrap();
    let told = gifts::facts(&engine);
    assert_eq!(told[1..], [put(1), put(2)]);
    drop(engine);
    for until in [1, 2] {
        let cut = whole.copy_until::<gifts::Gifts>(until).unwrap();
        assert_eq!(gifts::facts(&gifts::start(&cut)), told, "cut after {until}");
    }
}

/// A toy business whose story asks one stream for two things at once.
mod gifts {
    #![expect(unreachable_pub, reason = "the table of a business writes public items")]

    use super::account;
    use crate::*;
    use journal::memory::Memory;
    use kernel::{Decider, OrderId, Process, Timestamp, spec::NOW};
    use serde::{Deserialize, Serialize};
    use std::sync::Arc;

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Parcel;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    pub enum ParcelCommand {
        Open,
        Put { number: u32 },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type", content = "body")]
    pub enum ParcelFact {
        #[serde(rename = "gifts/opened@1")]
        Opened,
        #[serde(rename = "gifts/put@1")]
        Put { number: u32 },
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
    #[error("never")]
    pub struct Never;

    impl Decider for Parcel {
        type Id = OrderId;
        type Command = ParcelCommand;
        type Fact = ParcelFact;
        type Refusal = Never;

        fn decide(&self, command: &ParcelCommand, _: Timestamp) -> Result<Vec<ParcelFact>, Never> {
            Ok(vec![match *command {
                ParcelCommand::Open => ParcelFact::Opened,
                // Not made to be heard twice: an ask too many would be seen.
                ParcelCommand::Put { number } => ParcelFact::Put { number },
            }])
        }

        fn evolve(&mut self, _: &ParcelFact) {}
    }

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    pub struct Give;

    impl Process for Give {
        type Business = Gifts;
        type Key = OrderId;

        fn react(&mut self, _: &OrderId, heard: Heard<'_>, _: Timestamp) -> Vec<Step> {
            let put =
                |number| Step::Ask(Command::Parcel(account(2), ParcelCommand::Put { number }));
            match heard {
                Heard::Fact(_) => vec![put(1), put(2)],
                Heard::Refused { .. } | Heard::Woke(_) => vec![],
            }
        }
    }

    kernel::business! {
        /// The toy.
        Gifts
        deciders { "parcel" => Parcel }
        processes {
            "give" => Give hears {
                Fact::Parcel(id, ParcelFact::Opened) => id,
            }
        }
    }

    pub fn start(journal: &Memory) -> Engine<Gifts> {
        let parts = Parts {
            journal: Box::new(journal.journal()),
            index: Box::new(journal.index()),
            clock: Arc::new(SimulatedClock::at(NOW)),
            limits: Limits::default(),
        };
        Engine::start(parts).unwrap()
    }

    pub fn facts(engine: &Engine<Gifts>) -> Vec<Fact> {
        let mut follow = engine.feed().follow(engine.reader().unwrap(), 0);
        let (mut facts, mut position) = (Vec::new(), 0);
        while let Some(block) = follow.take_next().unwrap() {
            facts.extend(block.after(position).iter().map(|recorded| recorded.fact.clone()));
            position = block.last();
        }
        facts
    }
}
