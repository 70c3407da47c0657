//! Cancelled by people, at every stage: what was taken is given back, once.

use crate::{
    laws::{Money, money},
    town::{CUSTOMER, ORDER, Town, cancel_all, line},
    world::Drill,
};
use commerce::orders::{CancelReason, Canceller, OrderCommand, OrderRefusal, Status, Units};
use flows::{Command, Refusal};

fn town() -> Town {
    Town::with_stock(Drill::None)
}

fn cancel(line: u32, units: u32) -> OrderCommand {
    let (by, reason) = (Canceller::Customer, CancelReason::CustomerRequest);
    OrderCommand::Cancel { by, reason, lines: Some(vec![Units { line, units }]) }
}

#[test]
fn an_order_cancelled_before_it_is_paid_releases_stock_and_payment() {
    let mut town = town();
    town.two_cups_and_a_mug();
    town.order(cancel_all());
    assert_eq!(town.stock("CUP"), (10, 10, 0));
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money::default());
}

#[test]
fn a_line_cancelled_before_it_is_paid_is_not_sent_and_not_charged() {
    let mut town = town();
    town.two_cups_and_a_mug();
    town.order(cancel(2, 1));
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 500, worth: 500, ..Money::default() });
    assert_eq!(town.stock("MUG"), (10, 10, 0));
}

#[test]
fn some_postage_cancelled_before_it_is_paid_is_not_charged() {
    let mut town = town();
    town.request(vec![line("POST", 2, 300)]).expect("a good checkout");
    town.order(cancel(1, 1));
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 300, worth: 300, ..Money::default() });
}

#[test]
fn postage_goes_with_the_goods_it_was_for() {
    let mut town = town();
    town.request(vec![line("CUP", 1, 250), line("POST", 1, 300)]).expect("a good checkout");
    town.order(cancel(1, 1));
    assert_eq!(town.status(), Status::Cancelled);
    town.run_to_the_end().is_settled();
}

#[test]
fn another_attempt_pays_only_for_what_is_left() {
    let mut town = town();
    crate::scenarios::declines(&mut town, 1);
    town.two_cups_and_a_mug().turns();
    town.order(cancel(1, 2));
    town.tries_again();
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 400, worth: 400, ..Money::default() });
}

#[test]
fn units_cancelled_while_they_are_picked_go_back_to_the_shelf() {
    let mut town = town();
    // Somebody has the cups in his tote.
    town.two_cups_and_a_mug().turn_while(|town| !picked(town));
    town.order(cancel(1, 1));
    town.run_to_the_end().is_settled();
    assert_eq!(town.stock("CUP"), (8, 9, 1));
    assert_eq!(money(&town.world).captured, 650);
}

fn picked(town: &Town) -> bool {
    use flows::Fact;
    use warehouse::inventory::StockFact;
    town.world.facts().any(|fact| matches!(fact, Fact::Stock(_, StockFact::Picked { .. })))
}

#[test]
fn a_customer_cannot_cancel_what_is_packed_but_staff_can_until_it_is_handed_over() {
    let mut town = town();
    town.two_cups_and_a_mug();
    town.turn_while(|town| !town.timeline().contains(&"packed".into()));
    let no = town.world.ask(CUSTOMER, Command::Order(ORDER, cancel(1, 1)));
    assert_eq!(no, Err(Refusal::Order(OrderRefusal::TooLate { line: 1, left: 0 })));
    town.order(cancel_all());
    town.run_to_the_end().is_settled();
    assert_eq!((town.status(), town.stock("CUP")), (Status::Cancelled, (8, 10, 2)));
}

#[test]
fn what_is_handed_over_cannot_be_cancelled() {
    let mut town = town();
    town.two_cups_and_a_mug().turns();
    let no = town.world.ask("staff/1", Command::Order(ORDER, cancel_all()));
    assert_eq!(no, Err(Refusal::Order(OrderRefusal::NothingToCancel)));
    town.run_to_the_end().is_settled();
}

#[test]
fn a_unit_taken_out_of_a_paid_parcel_is_refunded() {
    let mut town = town();
    town.two_cups_and_a_mug();
    town.turn_while(|town| !town.timeline().contains(&"payment taken".into()));
    let (by, reason) = (Canceller::Staff, CancelReason::CustomerRequest);
    let lines = Some(vec![Units { line: 1, units: 1 }]);
    town.order(OrderCommand::Cancel { by, reason, lines });
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 250, credited: 0, worth: 650 });
}
