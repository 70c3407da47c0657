//! What every story has to stand: everything twice, every no, a cancellation after every step.

use crate::{
    scenarios::{ALL, begin},
    town::{ORDER, Town},
    world::Drill,
};
use commerce::{
    orders::{CancelReason, Canceller, OrderCommand, Units},
    payments::PaymentCommand,
};
use flows::{Command, Fact, Shop};
use kernel::{Business, Identity};
use std::collections::BTreeMap;
use warehouse::{fulfilments::FulfilmentCommand, inventory::StockCommand, shipping::ParcelCommand};

fn told_to_the_end(scenario: &crate::scenarios::Scenario, drill: Drill) -> Town {
    let mut town = begin(scenario, drill);
    town.run_to_the_end();
    town
}

/// What happened, a line a fact; nothing of what the stories were told.
fn facts(town: &Town) -> Vec<String> {
    let line = |fact: &Fact| {
        let mut line = format!("{} ", Shop::stream_of_fact(fact)).into_bytes();
        Shop::write_fact(fact, &mut line).expect("a fact can be written");
        String::from_utf8(line).expect("JSON")
    };
    let mut lines: Vec<String> = town.world.facts().map(line).collect();
    // A question may be put twice: it changes nothing.
    lines.dedup_by(|line, before| line == before && line.contains("payments/query_asked"));
    lines
}

#[track_caller]
fn same(left: &Town, right: &Town) {
    let (left, right) = (facts(left), facts(right));
    for (at, (left, right)) in left.iter().zip(&right).enumerate() {
        assert_eq!(left, right, "fact {at}");
    }
    assert_eq!(left.len(), right.len(), "{:?}", left.last().max(right.last()));
}

#[test]
fn every_story_comes_to_its_end_and_everything_adds_up() {
    for scenario in ALL {
        println!("{}", scenario.0);
        told_to_the_end(scenario, Drill::None).is_settled();
    }
}

#[test]
fn whatever_is_heard_twice_happens_once() {
    for scenario in ALL {
        println!("{}", scenario.0);
        let once = told_to_the_end(scenario, Drill::None);
        let twice = told_to_the_end(scenario, Drill::HearTwice);
        same(&twice, &once);
        twice.is_settled();
    }
}

#[test]
fn whatever_is_asked_twice_happens_once() {
    for scenario in ALL {
        println!("{}", scenario.0);
        let once = told_to_the_end(scenario, Drill::None);
        let twice = told_to_the_end(scenario, Drill::AskTwice);
        same(&twice, &once);
        twice.is_settled();
    }
}

#[test]
fn a_cancellation_after_any_step_gives_back_what_the_step_took() {
    let cancel =
        |by, lines| OrderCommand::Cancel { by, reason: CancelReason::CustomerRequest, lines };
    let some = |line, units| Some(vec![Units { line, units }]);
    for scenario in ALL {
        for by in [Canceller::Customer, Canceller::Staff] {
            for lines in [None, some(1, 1), some(1, 2), some(2, 1)] {
                for after in 0..100 {
                    println!("{} – {by:?} {lines:?} after {after}", scenario.0);
                    let mut town = begin(scenario, Drill::None);
                    if (0..after).any(|_| !(town.turn() || town.world.ring())) {
                        break;
                    }
                    let cancel = Command::Order(ORDER, cancel(by, lines.clone()));
                    // A no is as good as a yes here: what counts is how it ends.
                    let _ = town.world.ask("staff/1", cancel);
                    town.adds_up();
                    town.run_to_the_end().is_settled();
                }
            }
        }
    }
}

/// What no decider refuses as long as the stories are right; people see what is left over: a story
/// that stays open, or a promise that nobody needs.
fn is_for_people(refused: &Command) -> bool {
    match refused {
        Command::Order(_, command) => !matches!(
            command,
            OrderCommand::SecurePayment { .. }
                | OrderCommand::Return { .. }
                | OrderCommand::Hold { .. }
                | OrderCommand::Unhold { .. }
        ),
        Command::Stock(_, command) => {
            !matches!(command, StockCommand::Hold { .. } | StockCommand::Allocate { .. })
        }
        Command::Payment(_, command) => matches!(command, PaymentCommand::Refund { .. }),
        Command::Fulfilment(_, command) => matches!(
            command,
            FulfilmentCommand::Open { .. }
                | FulfilmentCommand::Release { .. }
                | FulfilmentCommand::Cancel { .. }
        ),
        Command::Parcel(_, command) => matches!(command, ParcelCommand::Clear),
        Command::Pick(..) | Command::Pack(..) | Command::Return(..) | Command::CreditNote(..) => {
            true
        }
        _ => false,
    }
}

#[test]
fn a_no_to_anything_that_a_story_asks_is_answered_or_left_for_people_to_see() {
    let mut answered = BTreeMap::new();
    for scenario in ALL {
        for ask in 0..300 {
            let town = told_to_the_end(scenario, Drill::RefuseAsk(ask));
            let Some(refused) = &town.world.refused else { break };
            println!("{} – a no to {refused:?}", scenario.0);
            town.adds_up();
            if !is_for_people(refused) {
                *answered.entry(Shop::stream_of_command(refused).kind()).or_insert(0) += 1;
                town.is_settled();
            }
        }
    }
    let kinds: Vec<&str> = answered.into_keys().collect();
    assert_eq!(kinds, ["fulfilment", "numbers", "order", "parcel", "payment", "stock"]);
}
