//! What a carrier may do to a parcel, and what follows.

use crate::{
    laws::{Money, money},
    scenarios::{carrier_tells, refunds_fail},
    town::{Town, ask_label, label, tracked},
    world::Drill,
};
use commerce::orders::{CancelReason, Canceller, OrderCommand, Status, Units};
use commerce::payments::{Errand, PaymentCommand, PaymentFact};
use flows::{Command, Fact};
use std::time::Duration;
use warehouse::shipping::{GaveUp, ParcelCommand, ParcelFact, TrackingStatus};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn town() -> Town {
    Town::with_stock(Drill::None)
}

#[test]
fn a_parcel_that_no_carrier_takes_is_cancelled_and_its_money_given_back() {
    let no_label: [fn() -> ParcelCommand; 2] = [
        || ParcelCommand::LabelFailed { number: 1, reason: "not_served".into() },
        || nobody_answers(1),
    ];
    for no_label in no_label {
        let mut town = town();
        town.when(move |heard| match heard.fact {
            Fact::Parcel(parcel, ParcelFact::Created { .. }) => {
                Some(vec![Command::Parcel(parcel, no_label())])
            }
            _ => None,
        });
        town.two_cups_and_a_mug().turns();
        town.world.wait(3 * DAY - Duration::from_secs(1));
        assert_eq!(town.turns().status(), Status::Released, "people may ask for another label");
        town.run_to_the_end().is_settled();
        assert_eq!((town.status(), town.stock("CUP")), (Status::Cancelled, (8, 10, 2)));
        let Money { captured, refunded, .. } = money(&town.world);
        assert_eq!(captured, refunded);
    }
}

fn nobody_answers(number: u32) -> ParcelCommand {
    let (what, reason) = (GaveUp::Label, "no answer".into());
    ParcelCommand::GiveUp { what, number: Some(number), reason }
}

#[test]
fn a_parcel_that_nobody_answered_for_leaves_with_another_label_and_the_late_one_is_void() {
    let mut town = town();
    town.when(|heard| match heard.fact {
        Fact::Parcel(parcel, ParcelFact::Created { .. }) => {
            Some(vec![Command::Parcel(parcel, nobody_answers(1))])
        }
        Fact::Parcel(parcel, ParcelFact::GaveUp { what: GaveUp::Label, .. }) => {
            Some(vec![Command::Parcel(parcel, ask_label("express"))])
        }
        _ => None,
    });
    town.two_cups_and_a_mug();
    town.turn_while(|town| !town.timeline().contains(&"another label asked for".into()));
    town.carrier(label());
    town.run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Completed);
    let parcel = town.world.facts().filter_map(|fact| match fact {
        Fact::Parcel(_, ParcelFact::Labelled { tracking_number, service, .. }) => {
            Some(format!("{tracking_number} {service}"))
        }
        Fact::Parcel(_, ParcelFact::LabelVoidAsked { number, tracking_number }) => {
            Some(format!("void {number} {}", tracking_number.as_deref().unwrap_or("?")))
        }
        _ => None,
    });
    let labels: Vec<String> = parcel.collect();
    assert_eq!(labels, ["void 1 ?", "void 1 TRACK-1", "TRACK-2 express"]);
}

#[test]
fn a_lost_parcel_is_refunded_when_it_has_not_turned_up_after_three_days() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::Lost);
    town.two_cups_and_a_mug().turns();
    town.world.wait(DAY);
    town.turns();
    town.world.wait(3 * DAY - Duration::from_secs(1));
    town.turns();
    assert_eq!(money(&town.world).refunded, 0);
    town.world.wait(Duration::from_secs(1));
    town.turns();
    assert_eq!(money(&town.world).refunded, 900);
    town.run_to_the_end().is_settled();
}

#[test]
fn a_lost_parcel_that_turns_up_in_time_is_delivered_and_nothing_is_refunded() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::Lost);
    town.two_cups_and_a_mug().turns();
    town.world.wait(DAY);
    town.turns();
    town.world.wait(DAY);
    let now = town.world.now;
    town.carrier(tracked(now, TrackingStatus::Delivered));
    town.run_to_the_end().adds_up();
    assert_eq!(town.status(), Status::Completed);
    assert_eq!(money(&town.world).refunded, 0);
}

#[test]
fn a_parcel_that_nobody_has_seen_for_ten_days_is_lost() {
    let mut town = town();
    town.when(|heard| match heard.fact {
        Fact::Parcel(_, ParcelFact::CarrierAsked { .. }) => Some(vec![]),
        _ => None,
    });
    town.two_cups_and_a_mug().turns();
    town.world.wait(9 * DAY);
    assert_eq!(town.status(), Status::Shipped);
    town.world.wait(DAY);
    assert!(town.timeline().contains(&"lost on the way".into()));
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world).refunded, 900);
}

#[test]
fn a_parcel_is_not_lost_as_long_as_somebody_sees_it() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::InTransit);
    town.two_cups_and_a_mug().turns();
    for _ in 0..30 {
        town.world.wait(DAY);
        town.turns();
    }
    assert_eq!(town.status(), Status::Shipped);
    carrier_tells(&mut town, TrackingStatus::Delivered);
    town.run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Completed);
}

#[test]
fn what_was_taken_out_of_a_parcel_is_not_refunded_again_when_the_parcel_is_lost() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::Lost);
    town.two_cups_and_a_mug();
    town.turn_while(|town| !town.timeline().contains(&"payment taken".into()));
    let (by, reason) = (Canceller::Staff, CancelReason::CustomerRequest);
    let lines = Some(vec![Units { line: 1, units: 1 }]);
    town.order(OrderCommand::Cancel { by, reason, lines });
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 900, ..Money::default() });
}

#[test]
fn a_refund_that_never_arrives_becomes_a_credit() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::Lost);
    refunds_fail(&mut town, 3);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, credited: 900, ..Money::default() });
}

#[test]
fn a_refund_that_fails_twice_is_made_the_third_time() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::Lost);
    refunds_fail(&mut town, 2);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 900, ..Money::default() });
}

#[test]
fn a_lost_parcel_that_turns_up_after_the_refund_was_asked_stays_lost() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::Lost);
    // The provider takes its time.
    town.when(|heard| match heard.fact {
        Fact::Payment(_, PaymentFact::RefundAsked { .. }) => Some(vec![]),
        _ => None,
    });
    town.two_cups_and_a_mug().turns();
    for _ in 0..4 {
        town.world.wait(DAY);
        town.turns();
    }
    let asked = town.world.facts().find_map(|fact| match fact {
        Fact::Payment(_, PaymentFact::RefundAsked { refund, amount, .. }) => {
            Some(PaymentCommand::RefundDone { refund: *refund, amount: *amount })
        }
        _ => None,
    });
    let now = town.world.now;
    town.carrier(tracked(now, TrackingStatus::Delivered));
    town.turns();
    assert!(!town.timeline().contains(&"delivered".into()), "{:?}", town.timeline());
    town.provider(1, asked.expect("the money was asked for"));
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 900, ..Money::default() });
}

#[test]
fn a_refund_in_doubt_that_was_made_is_not_credited_too() {
    let mut town = town();
    carrier_tells(&mut town, TrackingStatus::Lost);
    let mut left = 4;
    town.when(move |heard| match heard.fact {
        Fact::Payment(payment, PaymentFact::RefundAsked { refund, .. }) if left > 0 => {
            left -= 1;
            let (errand, reason) = (Errand::Refund, "no answer".into());
            let unknown = PaymentCommand::GiveUp { errand, number: Some(refund), reason };
            Some(vec![Command::Payment(payment, unknown)])
        }
        _ => None,
    });
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 900, ..Money::default() });
}
