//! Yes, no, late, twice, never: what a provider may say, and what becomes of the order.

use crate::{
    laws::{Money, money},
    scenarios::{captures_fail, declines, no_provider},
    town::{ORDER, Town, line, yes},
    world::Drill,
};
use commerce::{
    orders::{OrderFact, Status},
    payments::{Errand, PaymentCommand, PaymentFact, PaymentStatus},
};
use flows::{Command, Fact, State, Stream};
use kernel::PaymentId;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

fn town() -> Town {
    Town::with_stock(Drill::None)
}

fn payment(town: &Town, number: u32) -> PaymentStatus {
    match town.world.state(&Stream::Payment(PaymentId::new(ORDER, number))) {
        State::Payment(payment) => payment.status(),
        _ => unreachable!("the state of a payment"),
    }
}

fn times(town: &Town, happened: impl Fn(&Fact) -> bool) -> usize {
    town.world.facts().filter(|fact| happened(fact)).count()
}

/// What the provider was asked to forget.
fn surplus(town: &Town) -> Vec<String> {
    let voided = town.world.facts().filter_map(|fact| match fact {
        Fact::Payment(_, PaymentFact::SurplusVoided { reference }) => Some(reference.to_string()),
        _ => None,
    });
    voided.collect()
}

#[test]
fn two_declines_leave_the_order_placed_and_the_third_cancels_it() {
    let mut town = town();
    declines(&mut town, 3);
    town.two_cups_and_a_mug().turns();
    town.tries_again();
    town.turns();
    assert_eq!((town.status(), town.stock("CUP")), (Status::Placed, (8, 10, 0)));
    town.tries_again();
    town.turns();
    assert_eq!((town.status(), town.stock("CUP")), (Status::Cancelled, (10, 10, 0)));
    town.run_to_the_end().is_settled();
}

#[test]
fn a_payment_that_is_declined_may_be_followed_by_one_that_is_not() {
    let mut town = town();
    declines(&mut town, 1);
    town.two_cups_and_a_mug();
    town.tries_again();
    town.run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Completed);
}

#[test]
fn the_deadline_asks_the_provider_before_it_cancels() {
    let mut town = town();
    no_provider(&mut town);
    town.two_cups_and_a_mug().turns();
    town.world.wait(15 * MINUTE);
    assert_eq!(times(&town, |fact| matches!(fact, Fact::Payment(_, PaymentFact::QueryAsked))), 1);
    assert_eq!(town.status(), Status::Placed);
    town.world.wait(5 * MINUTE);
    assert_eq!((town.status(), town.stock("CUP")), (Status::Cancelled, (10, 10, 0)));
    town.run_to_the_end().is_settled();
}

#[test]
fn a_yes_after_the_deadline_and_before_the_last_word_still_counts() {
    let mut town = town();
    no_provider(&mut town);
    town.two_cups_and_a_mug().turns();
    town.world.wait(16 * MINUTE);
    town.provider(1, yes("late"));
    assert_eq!(town.status(), Status::Released);
    town.run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Completed);
}

#[test]
fn a_deadline_that_rings_long_after_its_time_still_cancels() {
    let mut town = town();
    no_provider(&mut town);
    town.two_cups_and_a_mug().turns();
    // Nobody was there to ring it for a day.
    town.world.now = town.world.now + 24 * 60 * MINUTE;
    town.run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Cancelled);
}

#[test]
fn a_provider_that_cannot_be_asked_ends_the_waiting_at_once() {
    let mut town = town();
    no_provider(&mut town);
    town.two_cups_and_a_mug().turns();
    town.world.wait(15 * MINUTE);
    let (errand, number, reason) = (Errand::Query, None, "no answer".into());
    town.provider(1, PaymentCommand::GiveUp { errand, number, reason });
    assert_eq!(town.status(), Status::Cancelled);
    town.run_to_the_end().is_settled();
}

#[test]
fn a_yes_that_comes_after_the_order_was_cancelled_is_given_back() {
    let mut town = town();
    no_provider(&mut town);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    town.provider(1, yes("much too late"));
    town.turns();
    assert_eq!((town.status(), payment(&town, 1)), (Status::Cancelled, PaymentStatus::Voided));
    town.is_settled();
}

#[test]
fn a_yes_of_another_attempt_is_given_back() {
    let mut town = town();
    no_provider(&mut town);
    town.two_cups_and_a_mug();
    town.tries_again();
    town.provider(2, yes("second"));
    town.provider(1, yes("first"));
    town.turns();
    assert_eq!(payment(&town, 1), PaymentStatus::Voided);
    town.run_to_the_end().is_settled();
    assert_eq!(money(&town.world), Money { captured: 900, refunded: 0, credited: 0, worth: 900 });
}

#[test]
fn a_second_yes_under_another_name_is_given_back_and_the_first_one_pays() {
    for when in ["released", "shipped", "completed"] {
        let mut town = town();
        town.two_cups_and_a_mug();
        match when {
            "released" => town.turn_while(|town| town.status() != Status::Released),
            "shipped" => town.turn_while(|town| town.status() != Status::Shipped),
            _ => town.run_to_the_end(),
        };
        for reference in ["ref-2", "ref-2", "ref-1"] {
            town.provider(1, yes(reference));
            town.turns();
        }
        assert_eq!(surplus(&town), ["ref-2"], "{when}");
        assert_eq!(times(&town, |f| matches!(f, Fact::Payment(_, PaymentFact::VoidAsked))), 0);
        town.run_to_the_end().is_settled();
        assert_eq!(town.status(), Status::Completed, "{when}");
        assert_eq!(money(&town.world).captured, 900, "{when}");
    }
}

#[test]
fn a_capture_that_fails_holds_the_order_until_one_succeeds() {
    let mut town = town();
    captures_fail(&mut town, 2);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Completed);
    let held = |fact: &Fact| matches!(fact, Fact::Order(_, OrderFact::Held { .. }));
    let unheld = |fact: &Fact| matches!(fact, Fact::Order(_, OrderFact::Unheld { .. }));
    assert_eq!((times(&town, held), times(&town, unheld)), (1, 1));
    assert_eq!(money(&town.world).captured, 900);
}

#[test]
fn three_captures_that_fail_cancel_the_order_and_what_is_packed_is_put_back() {
    let mut town = town();
    captures_fail(&mut town, 3);
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(town.status(), Status::Cancelled);
    // On hand as before; two of them lie about and have to be put back before they can be sold.
    assert_eq!(town.stock("CUP"), (8, 10, 2));
    assert_eq!(money(&town.world), Money::default());
}

#[test]
fn an_authorisation_that_runs_out_before_the_parcel_is_sealed_is_a_capture_that_fails() {
    for lines in [vec![line("CUP", 2, 250)], vec![line("POST", 1, 300)]] {
        let mut town = town();
        no_provider(&mut town);
        captures_fail(&mut town, 9);
        town.request(lines).expect("a good checkout");
        town.provider(1, yes("short-lived"));
        town.provider(1, PaymentCommand::Expire);
        town.run_to_the_end().is_settled();
        assert_eq!(town.status(), Status::Cancelled);
    }
}

#[test]
fn a_capture_that_succeeds_after_the_cancellation_is_given_back() {
    for lines in [vec![line("CUP", 2, 250)], vec![line("POST", 1, 500)]] {
        let mut town = town();
        // It says nothing, and has done it.
        town.when(|heard| match heard.fact {
            Fact::Payment(_, PaymentFact::CaptureAsked { .. }) => Some(vec![]),
            _ => None,
        });
        town.request(lines).expect("a good checkout");
        town.turns();
        town.order(crate::town::cancel_all());
        let capture = town.world.facts().find_map(|fact| match fact {
            Fact::Payment(_, PaymentFact::CaptureAsked { capture, amount, .. }) => {
                Some(PaymentCommand::CaptureDone { capture: *capture, amount: *amount })
            }
            _ => None,
        });
        town.provider(1, capture.expect("it was asked"));
        town.run_to_the_end().is_settled();
        assert_eq!(money(&town.world), Money { captured: 500, refunded: 500, ..Money::default() });
    }
}

#[test]
fn an_outcome_that_is_told_again_changes_nothing() {
    let mut town = town();
    town.when(|heard| match &heard.fact {
        // Everything that the provider says, it says again at once.
        Fact::Payment(payment, PaymentFact::Authorised { reference, .. }) => {
            Some(vec![Command::Payment(*payment, yes(reference))])
        }
        Fact::Payment(payment, PaymentFact::Captured { capture, amount }) => {
            let again = PaymentCommand::CaptureDone { capture: *capture, amount: *amount };
            Some(vec![Command::Payment(*payment, again)])
        }
        _ => None,
    });
    town.two_cups_and_a_mug().run_to_the_end().is_settled();
    assert_eq!(money(&town.world).captured, 900);
}
