//! Taking goods back, step by step.

use super::*;
use crate::{Refusal, ReturnGoods};
use commerce::{
    orders::OrderRefusal,
    payments::{Errand, PaymentRefusal},
};
use kernel::{
    Quantity, ReturnId,
    spec::{NOW, Story, story},
};
use std::time::Duration;
use warehouse::{
    inventory,
    returns::{Disposition, InspectedLine, ReturnCommand, ReturnFact, ReturnLine},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn id() -> ReturnId {
    ReturnId::new(order_id(), 1)
}

fn goods(fact: ReturnFact) -> Fact {
    Fact::Return(id(), fact)
}

fn ask(command: ReturnCommand) -> Step {
    Step::Ask(Command::Return(id(), command))
}

fn requested() -> Story<ReturnGoods> {
    let line = |line, code, units, stock_kept| ReturnLine {
        line,
        sku: sku(code),
        quantity: Quantity::new(units).unwrap(),
        reason: Default::default(),
        stock_kept,
    };
    let lines = vec![line(1, "CUP", 2, true), line(2, "POST", 1, false)];
    story::<ReturnGoods>(id()).hears(goods(ReturnFact::Requested { lines, claimed: None }))
}

fn inspected(lines: &[(u32, u32, Disposition)]) -> Fact {
    let lines = lines.iter().map(|line| InspectedLine::from(*line)).collect();
    goods(ReturnFact::Inspected { lines })
}

fn returned(refund: i64, goodwill: i64) -> Fact {
    let (return_id, lines, payment) = (1, vec![units(1, 2)], 1);
    let (refund, goodwill) = (gbp(refund), gbp(goodwill));
    order(OrderFact::Returned { return_id, lines, refund, goodwill, payment })
}

fn refund(minor: i64) -> PaymentCommand {
    PaymentCommand::Refund { refund: 1, amount: gbp(minor), reason: None }
}

fn settle(refund: i64, goodwill: i64) -> Step {
    ask(ReturnCommand::Settle { refund: gbp(refund), goodwill: gbp(goodwill) })
}

fn forget(name: &'static str) -> Step {
    Step::Forget(name.into())
}

#[test]
fn a_return_is_authorised_and_expires_when_nothing_is_sent() {
    requested()
        .then([ask(ReturnCommand::Authorise)])
        .hears(goods(ReturnFact::Authorised))
        .then([forget("closing"), wake(NOW + 14 * DAY, "not_sent")])
        .wakes("not_sent")
        .then([ask(ReturnCommand::Expire)])
        .hears(goods(ReturnFact::Expired))
        .then([wake(NOW + 30 * DAY, "closing")])
        .wakes("closing")
        .then([ask(ReturnCommand::Close)])
        .hears(goods(ReturnFact::Closed))
        .then([Step::Done]);
}

#[test]
fn what_arrives_in_time_does_not_expire_and_moves_nothing_yet() {
    for arrived in [ReturnFact::InTransit, ReturnFact::Received { lines: vec![] }] {
        requested()
            .hears(goods(ReturnFact::Authorised))
            .hears(goods(arrived))
            .then([forget("not_sent"), forget("closing")]);
    }
}

#[test]
fn only_what_was_accepted_is_restocked_and_worth_something() {
    let restock = |units, disposition| StockCommand::Restock {
        site: crate::routing::home(),
        return_id: id(),
        line: 1,
        quantity: Quantity::new(units).unwrap(),
        disposition,
    };
    let worth = |lines| ask_order(OrderCommand::Return { return_id: 1, lines, claimed: None });
    let parts = [(1, 1, Disposition::Restock), (1, 1, Disposition::Scrap)];
    requested().hears(inspected(&parts)).then([
        ask_stock("CUP", restock(1, inventory::Disposition::Restock)),
        ask_stock("CUP", restock(1, inventory::Disposition::Scrap)),
        worth(vec![units(1, 2)]),
    ]);
    let parts = [(1, 1, Disposition::BackToCustomer), (1, 1, Disposition::Restock)];
    requested().hears(inspected(&parts)).then([
        ask_stock("CUP", restock(1, inventory::Disposition::Restock)),
        worth(vec![units(1, 1)]),
    ]);
    // Postage is taken back like goods, but there is nothing to restock.
    requested().hears(inspected(&[(2, 1, Disposition::Restock)])).then([worth(vec![units(2, 1)])]);
    requested()
        .hears(inspected(&[(1, 2, Disposition::BackToCustomer)]))
        .then([ask(ReturnCommand::Close)]);
}

#[test]
fn what_was_paid_is_refunded_and_then_the_return_is_settled_and_closed() {
    let refunded = PaymentFact::Refunded { refund: 1, amount: gbp(500) };
    let settled = ReturnFact::Settled { refund: gbp(500), goodwill: gbp(0) };
    requested()
        .hears(returned(500, 0))
        .then([ask_payment(1, refund(500))])
        .hears(payment(1, refunded))
        .then([settle(500, 0)])
        .hears(goods(settled))
        .then([ask(ReturnCommand::Close)]);
}

#[test]
fn a_return_that_is_worth_nothing_is_settled_at_once() {
    requested().hears(returned(0, 0)).then([settle(0, 0)]);
}

#[test]
fn a_return_that_the_order_refuses_is_closed() {
    let command = OrderCommand::Return { return_id: 1, lines: vec![units(1, 3)], claimed: None };
    let refusal = Refusal::Order(OrderRefusal::NotDelivered { line: 1, left: 2 });
    requested()
        .is_refused(Command::Order(order_id(), command), refusal)
        .then([ask(ReturnCommand::Close)]);
}

#[test]
fn a_refund_that_is_refused_or_fails_for_good_becomes_a_credit() {
    let credit = |story: &Story<ReturnGoods>| {
        let [Step::Ask(Command::CreditNote(..)), settled] = story.steps() else {
            panic!("a credit and the end, not {:?}", story.steps());
        };
        assert_eq!(*settled, settle(500, 0));
    };
    let refusal = Refusal::Payment(PaymentRefusal::BeyondCaptured { left: gbp(0) });
    let asked = Command::Payment(PaymentId::new(order_id(), 1), refund(500));
    credit(&requested().hears(returned(500, 0)).is_refused(asked, refusal));

    let failed =
        || payment(1, PaymentFact::RefundFailed { refund: 1, reason: "no".into(), attempt: 0 });
    let again = || ask_payment(1, refund(500));
    let twice = requested()
        .hears(returned(500, 0))
        .hears(failed())
        .then([wake(NOW + DAY, "refund_again")])
        .hears(failed())
        .then([])
        .wakes("refund_again")
        .then([again()])
        .hears(failed())
        .then([wake(NOW + DAY, "refund_again")])
        .wakes("refund_again")
        .then([again()]);
    credit(&twice.hears(failed()));
}

#[test]
fn a_refund_in_doubt_is_asked_for_day_by_day_and_never_becomes_a_credit() {
    let gave_up = || {
        let (errand, reason) = (Errand::Refund, "no answer".into());
        payment(1, PaymentFact::GaveUp { errand, number: Some(1), reason })
    };
    let mut story = requested().hears(returned(500, 0));
    for _ in 0..5 {
        story = story
            .hears(gave_up())
            .then([wake(NOW + DAY, "refund_again")])
            .hears(gave_up())
            .then([])
            .wakes("refund_again")
            .then([ask_payment(1, refund(500))]);
    }
    let refunded = PaymentFact::Refunded { refund: 1, amount: gbp(500) };
    story.hears(payment(1, refunded)).then([settle(500, 0)]);
}
