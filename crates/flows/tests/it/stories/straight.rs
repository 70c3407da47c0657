//! The straight way, from the request to the end of the return window.

use crate::{
    laws::{Money, money},
    town::{Town, line},
    world::Drill,
};
use commerce::orders::Status;

#[test]
fn an_order_goes_from_request_to_door_and_ends_with_the_return_window() {
    let mut town = Town::with_stock(Drill::None);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Completed);
    assert_eq!(town.stock("CUP"), (8, 8, 0));
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 0, credited: 0, worth: 900 });
    assert_eq!(
        town.timeline(),
        [
            "ordered",
            "placed",
            "payment authorised",
            "payment secured",
            "being prepared",
            "packed",
            "payment taken",
            "parcel handed over to the carrier",
            "shipped",
            "parcel delivered",
            "delivered",
            "completed",
        ]
    );
}

#[test]
fn an_order_of_postage_alone_is_delivered_when_it_is_paid() {
    let mut town = Town::with_stock(Drill::None);
    town.request(vec![line("POST", 1, 300)]).expect("a good checkout");
    town.turns();
    assert_eq!(town.status(), Status::Delivered);
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world).captured, 300);
}

#[test]
fn postage_travels_with_the_parcel_and_is_charged_with_it() {
    let mut town = Town::with_stock(Drill::None);
    town.request(vec![line("CUP", 1, 250), line("POST", 1, 300)]).expect("a good checkout");
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world).captured, 550);
}

#[test]
fn an_order_that_costs_nothing_needs_no_payment() {
    for code in ["CUP", "POST"] {
        let mut town = Town::with_stock(Drill::None);
        town.request(vec![line(code, 1, 0)]).expect("a good checkout");
        town.run_to_the_end().is_settled();
        assert_eq!(town.status(), Status::Completed, "{code}");
        assert_eq!(money(&town.world), Money::default());
    }
}
