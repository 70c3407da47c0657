//! What is not on the shelf: short lines, broken pieces, shortfalls.

use crate::{
    laws::{Money, money},
    town::{Town, line},
    world::Drill,
};
use commerce::orders::{OrderFact, ShortLine, Status};
use flows::Fact;

fn town() -> Town {
    Town::with_stock(Drill::None)
}

#[test]
fn a_line_out_of_stock_rejects_the_order_and_releases_the_others() {
    let mut town = town();
    let facts = town.request(vec![line("CUP", 2, 250), line("MUG", 11, 400)]);
    let short = vec![ShortLine { line: 2, available: 10 }];
    let facts = facts.expect("a good checkout");
    let rejected = OrderFact::Rejected { short };
    assert!(facts.iter().any(|fact| matches!(fact, Fact::Order(_, f) if *f == rejected)));
    assert_eq!((town.stock("CUP"), town.stock("MUG")), ((10, 10, 0), (10, 10, 0)));
    town.is_settled();
}

#[test]
fn a_cart_that_was_rejected_may_try_again() {
    let mut town = town();
    town.request(vec![line("MUG", 11, 400)]).expect("a good checkout");
    assert_eq!(town.status(), Status::Rejected);
    town.request(vec![line("MUG", 10, 400)]).expect("fewer of them");
    town.run_to_the_end().is_settled();
    assert_eq!((town.status(), town.stock("MUG")), (Status::Completed, (0, 0, 0)));
}

#[test]
fn a_short_pick_sends_the_rest_and_charges_only_for_it() {
    let mut town = town();
    town.staff.finds.insert(1, 1);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Completed);
    assert_eq!(money(&town.world), Money { captured: 650, refunded: 0, credited: 0, worth: 650 });
    // The one that should lie there is counted before it is sold.
    assert_eq!(town.stock("CUP"), (8, 9, 1));
}

#[test]
fn a_pick_that_finds_nothing_cancels_the_order() {
    let mut town = town();
    town.staff.finds.extend([(1, 0), (2, 0)]);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!((town.status(), money(&town.world)), (Status::Cancelled, Money::default()));
}

#[test]
fn postage_is_not_sent_alone_when_no_goods_are_found() {
    let mut town = town();
    town.staff.finds.insert(1, 0);
    town.request(vec![line("CUP", 2, 250), line("POST", 1, 300)]).expect("a good checkout");
    town.run_to_the_end().is_settled();
    assert_eq!((town.status(), money(&town.world)), (Status::Cancelled, Money::default()));
}

#[test]
fn what_breaks_after_it_was_promised_is_cancelled_at_every_stage_before_it_is_in_a_tote() {
    for turns in 0..3 {
        let mut town = town();
        town.two_cups_and_a_mug();
        (0..turns).for_each(|_| assert!(town.turn()));
        town.breaks("CUP", 9);
        town.adds_up();
        town.run_to_the_end().is_settled();
        assert_eq!(money(&town.world).captured, 650, "after {turns} turns");
    }
}

#[test]
fn a_loss_that_a_count_mends_in_time_cancels_nothing_more() {
    let mut town = town();
    town.two_cups_and_a_mug();
    town.breaks("CUP", 8);
    assert_eq!(town.stock("CUP"), (0, 2, 0));
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world).captured, 900);
}
