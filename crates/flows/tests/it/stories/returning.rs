//! What comes back: only what was looked at moves stock and money.

use crate::{
    laws::{Money, money},
    scenarios::refunds_fail,
    town::{ORDER, Town, gbp, line},
    world::Drill,
};
use commerce::orders::Status;
use flows::{Command, State, Stream};
use kernel::ReturnId;
use std::time::Duration;
use warehouse::{
    Units,
    returns::{Disposition, InspectedLine, ReturnCommand, ReturnStage},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const RETURN: ReturnId = ReturnId::new(ORDER, 1);

/// Two cups and a mug are delivered.
fn delivered() -> Town {
    let mut town = Town::with_stock(Drill::None);
    town.two_cups_and_a_mug().turns();
    town.world.wait(DAY);
    town.turns();
    assert_eq!(town.status(), Status::Delivered);
    town
}

fn stage(town: &Town) -> ReturnStage {
    match town.world.state(&Stream::Return(RETURN)) {
        State::Return(coming) => coming.stage(),
        _ => unreachable!("the state of a return"),
    }
}

#[test]
fn what_comes_back_and_is_accepted_is_restocked_and_refunded() {
    let mut town = delivered();
    town.send_back(&[(1, "CUP", 2)], None);
    town.turns();
    assert_eq!((stage(&town), town.stock("CUP")), (ReturnStage::Closed, (10, 10, 0)));
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 500, credited: 0, worth: 400 });
}

#[test]
fn nothing_moves_before_somebody_has_looked_at_it() {
    let mut town = delivered();
    town.send_back(&[(1, "CUP", 2)], None);
    let before = (money(&town.world), town.stock("CUP"));
    let receive = ReturnCommand::Receive { lines: vec![Units::new(1, 2)] };
    town.must("worker/1", Command::Return(RETURN, receive));
    assert_eq!((money(&town.world), town.stock("CUP")), before);
}

#[test]
fn more_than_it_cost_is_a_credit() {
    let mut town = delivered();
    town.send_back(&[(2, "MUG", 1)], Some(gbp(1_000)));
    town.run_to_the_end().is_settled();
    assert_eq!(
        money(&town.world),
        // Goodwill is beyond the order's worth, and so not counted against it.
        Money { captured: 900, refunded: 400, credited: 0, worth: 500 }
    );
    let credit = |fact: &&flows::Fact| matches!(fact, flows::Fact::CreditNote(..));
    assert_eq!(town.world.facts().filter(credit).count(), 1);
}

#[test]
fn a_return_that_is_partly_accepted_is_partly_refunded() {
    let mut town = delivered();
    town.staff.accepts = Some(|line| {
        let part = |units, disposition| InspectedLine { line: line.line, units, disposition };
        vec![part(1, Disposition::Restock), part(1, Disposition::BackToCustomer)]
    });
    town.send_back(&[(1, "CUP", 2)], None);
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world).refunded, 250);
    assert_eq!(town.stock("CUP"), (9, 9, 0));
}

#[test]
fn what_is_broken_is_refunded_but_not_sold_again() {
    let mut town = delivered();
    town.staff.accepts = Some(|line| {
        let (line, units) = (line.line, line.requested);
        vec![InspectedLine { line, units, disposition: Disposition::Scrap }]
    });
    town.send_back(&[(1, "CUP", 2)], None);
    town.run_to_the_end().is_settled();
    assert_eq!((money(&town.world).refunded, town.stock("CUP")), (500, (8, 8, 0)));
}

#[test]
fn a_return_of_which_nothing_is_accepted_is_closed_without_money() {
    let mut town = delivered();
    town.staff.accepts = Some(|line| {
        let (line, units) = (line.line, line.requested);
        vec![InspectedLine { line, units, disposition: Disposition::BackToCustomer }]
    });
    town.send_back(&[(1, "CUP", 2)], None);
    town.turns();
    assert_eq!((stage(&town), money(&town.world).refunded), (ReturnStage::Closed, 0));
    town.run_to_the_end().is_settled();
}

#[test]
fn more_units_than_were_delivered_are_worth_nothing() {
    let mut town = delivered();
    town.send_back(&[(1, "CUP", 3)], None);
    town.turns();
    assert_eq!((stage(&town), money(&town.world).refunded), (ReturnStage::Closed, 0));
    town.run_to_the_end().is_settled();
}

#[test]
fn postage_may_come_back_and_nothing_is_restocked() {
    let mut town = Town::with_stock(Drill::None);
    town.request(vec![line("POST", 1, 300)]).expect("a good checkout");
    town.turns();
    town.send_back(&[(1, "POST", 1)], None);
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 300, refunded: 300, ..Money::default() });
}

#[test]
fn what_is_not_sent_within_fourteen_days_expires_and_is_closed_later() {
    let mut town = delivered();
    town.staff.closed_for_returns = true;
    town.send_back(&[(1, "CUP", 2)], None);
    town.world.wait(14 * DAY - Duration::from_secs(1));
    assert_eq!(stage(&town), ReturnStage::Authorised);
    town.world.wait(Duration::from_secs(1));
    assert_eq!(stage(&town), ReturnStage::Expired);
    town.run_to_the_end().is_settled();
    assert_eq!(stage(&town), ReturnStage::Closed);
}

#[test]
fn what_arrives_after_the_return_has_expired_is_looked_at_and_refunded() {
    let mut town = delivered();
    town.staff.closed_for_returns = true;
    town.send_back(&[(1, "CUP", 2)], None);
    town.world.wait(20 * DAY);
    assert_eq!(stage(&town), ReturnStage::Expired);
    let receive = ReturnCommand::Receive { lines: vec![Units::new(1, 2)] };
    town.must("worker/1", Command::Return(RETURN, receive));
    let lines = vec![InspectedLine { line: 1, units: 2, disposition: Disposition::Restock }];
    town.must("worker/1", Command::Return(RETURN, ReturnCommand::Inspect { lines }));
    town.run_to_the_end().is_settled();
    assert_eq!((stage(&town), money(&town.world).refunded), (ReturnStage::Closed, 500));
}

#[test]
fn a_refund_of_a_return_that_never_arrives_becomes_a_credit() {
    let mut town = delivered();
    refunds_fail(&mut town, 3);
    town.send_back(&[(1, "CUP", 2)], None);
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 0, credited: 500, worth: 400 });
    assert_eq!(stage(&town), ReturnStage::Closed);
}
