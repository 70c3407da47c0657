//! What follows from one command.

use super::bank::*;
use crate::Rejection;
use kernel::CommandId;

#[test]
fn everything_that_follows_from_a_command_is_one_answer_with_positions_without_gaps() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    let caused = house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    let positions: Vec<_> = caused.facts().iter().map(|recorded| recorded.position).collect();
    assert_eq!(positions, [2, 3], "ordered, then taken");
    assert_eq!(caused.facts()[1].cause, Some(2));
    assert_eq!(caused.facts()[1].origin.command, Some(CommandId::derive("test", "move")));
    assert_eq!((house.balance(1), house.balance(2)), (70, 0));
}

#[test]
fn a_refused_command_leaves_no_trace_and_is_judged_anew() {
    let house = House::new();
    assert_eq!(
        house.ask("a", pay(1, -5)).unwrap_err(),
        Rejection::Refused(Refusal::Account(Short(0)))
    );
    assert_eq!(house.engine.feed().tip(), 0);
    house.ask("b", pay(1, 9)).unwrap();
    assert_eq!(house.ask("a", pay(1, -5)).unwrap().facts().len(), 1);
}

#[test]
fn a_process_hears_the_refusal_of_what_it_asked_and_compensates_in_the_same_step() {
    let house = House::new();
    let caused = house.ask("move", order(1, 1, 2, 30, 60)).unwrap();
    let told = caused.facts().last().unwrap();
    assert_eq!(told.stream().to_string(), format!("transfer/{}", transfer(1)));
    assert_eq!(told.version, 1);
    house.later(60);
    assert_eq!(house.facts().len(), 2, "its timer is gone with the story");
}

#[test]
fn a_runaway_leaves_no_trace_raises_an_alarm_and_nobody_else_notices() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    house.ask("fund2", pay(2, 5)).unwrap();
    house.ask("round", order(1, 1, 1, 7, 0)).unwrap();
    let tip = house.engine.feed().tip();
    house.later(1);
    // The timer's cascade went round for ever: parked, visible, and not tried again.
    assert_eq!(house.engine.feed().tip(), tip + 1);
    let kinds: Vec<_> = house.engine.alarms().all().iter().map(|alarm| alarm.kind).collect();
    assert_eq!(kinds, ["runaway", "parked"]);
    assert_eq!((house.balance(1), house.balance(2)), (93, 5));
    house.later(1000);
    let house = house.crash();
    house.later(1);
    assert_eq!(house.engine.feed().tip(), tip + 1, "it does not ring again");
}

#[test]
fn a_panic_in_a_decider_fails_that_command_alone() {
    let house = House::new();
    house.ask("fund", pay(1, 100)).unwrap();
    assert_eq!(house.ask("bad", pay(1, 1313)).unwrap_err(), Rejection::Panicked);
    assert_eq!(house.ask("good", pay(1, 1)).unwrap().facts()[0].version, 2);
    assert_eq!(house.balance(1), 101);
    assert_eq!(house.engine.alarms().all()[0].kind, "panic");
}

#[test]
fn a_panic_deep_in_a_cascade_takes_all_of_it_back() {
    let house = House::new();
    house.ask("fund", pay(1, 2000)).unwrap();
    house.ask("move", order(1, 1, 2, 1313, 5)).unwrap();
    assert_eq!(house.balance(1), 687);
    house.later(5);
    assert_eq!((house.balance(1), house.balance(2)), (687, 0));
    let kinds: Vec<_> = house.engine.alarms().all().iter().map(|alarm| alarm.kind).collect();
    assert_eq!(kinds, ["panic", "parked"]);
}
