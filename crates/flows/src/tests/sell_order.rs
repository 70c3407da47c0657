//! Selling an order, step by step.

use super::*;
use crate::{Refusal, SellOrder};
use commerce::{
    numbering::{NumbersCommand, NumbersFact, Series},
    orders::{Canceller, HoldReason, OrderLine, OrderRefusal, Requested, ShortLine, Status},
    payments::{Errand, PaymentRefusal, PaymentStatus},
};
use kernel::{
    Quantity, VaultId,
    spec::{NOW, Story, story},
};
use std::time::Duration;
use warehouse::{
    Goods,
    fulfilments::FulfilmentCommand,
    inventory::{Stage, StockRefusal},
};

const MINUTE: Duration = Duration::from_secs(60);

fn requested(lines: Vec<OrderLine>) -> Fact {
    requested_by(lines, false)
}

fn requested_by(lines: Vec<OrderLine>, from_cart: bool) -> Fact {
    order(OrderFact::Requested(Box::new(Requested {
        customer: "018f0000-0000-7000-8000-00000000c001".parse().unwrap(),
        country: "France".into(),
        currency: Currency::GBP,
        lines,
        shipping: None,
        method: Default::default(),
        token: None,
        ship_to: None,
        email: None,
        pay_within_seconds: None,
        return_window_days: None,
        from_cart,
    })))
}

fn wanted(code: &str, units: u32, pence: i64) -> OrderLine {
    let stock_kept = code != "POST";
    OrderLine { sku: sku(code), units, unit_price: gbp(pence), stock_kept }
}

fn cup_and_mug() -> Story<SellOrder> {
    let lines = vec![wanted("CUP", 2, 250), wanted("MUG", 1, 400)];
    story::<SellOrder>(order_id()).hears(requested(lines))
}

fn hold(number: u32, units: u64) -> StockCommand {
    StockCommand::Hold { line: line(number), quantity: Quantity::new(units).unwrap() }
}

fn held(number: u32, units: u32) -> StockFact {
    StockFact::Held { line: line(number), units }
}

fn drawn() -> Fact {
    Fact::Numbers(Series::ORDERS, NumbersFact::Drawn { order: order_id(), number: 100_001 })
}

fn start(minor: i64) -> PaymentCommand {
    PaymentCommand::Start { amount: gbp(minor), method: Default::default(), token: None }
}

fn placed() -> Story<SellOrder> {
    let held = cup_and_mug().hears(stock("CUP", held(1, 2))).hears(stock("MUG", held(2, 1)));
    held.hears(drawn())
        .hears(order(OrderFact::Placed { number: 100_001, pay_by: NOW + 15 * MINUTE }))
}

fn secured() -> Story<SellOrder> {
    let lines = vec![units(1, 2), units(2, 1)];
    placed()
        .hears(order(OrderFact::PaymentSecured { payment: 1 }))
        .hears(order(OrderFact::FulfilmentOpened { fulfilment: 1, lines }))
}

fn authorised(reference: &str) -> PaymentFact {
    PaymentFact::Authorised { reference: reference.into(), expires_at: None }
}

fn declined() -> PaymentFact {
    PaymentFact::Declined { reason: "no".into() }
}

fn cancelled(cancellation: u32, lines: Vec<Units>, all: bool) -> OrderFact {
    let (reason, refund, payment) = (CancelReason::Staff, None, None);
    OrderFact::Cancelled { cancellation, reason, lines, all, refund, payment }
}

fn cancel_all(reason: CancelReason) -> Step {
    ask_order(OrderCommand::Cancel { by: Canceller::System, reason, lines: None })
}

fn release(number: u32, keep: u32) -> StockCommand {
    StockCommand::Release { line: line(number), keep }
}

fn forget(name: &'static str) -> Step {
    Step::Forget(name.into())
}

#[test]
fn a_request_holds_every_line_and_the_last_one_held_draws_a_number() {
    let draw = NumbersCommand::Draw { order: order_id() };
    cup_and_mug()
        .then([ask_stock("CUP", hold(1, 2)), ask_stock("MUG", hold(2, 1))])
        .hears(stock("MUG", held(2, 1)))
        .then([])
        .hears(stock("CUP", held(1, 2)))
        .then([Step::Ask(Command::Numbers(Series::ORDERS, draw))])
        .hears(drawn())
        .then([ask_order(OrderCommand::Place { number: 100_001, pay_by: NOW + 15 * MINUTE })]);
}

#[test]
fn the_cart_that_was_ordered_is_converted_when_its_order_is_placed() {
    let placed = story::<SellOrder>(order_id())
        .hears(requested_by(vec![wanted("CUP", 2, 250)], true))
        .hears(stock("CUP", held(1, 2)))
        .hears(drawn())
        .hears(order(OrderFact::Placed { number: 100_001, pay_by: NOW + 15 * MINUTE }));
    let convert = Step::Ask(Command::Cart(order_id(), commerce::carts::CartCommand::Convert));
    assert!(placed.steps().contains(&convert), "{:?}", placed.steps());
}

#[test]
fn a_line_out_of_stock_rejects_the_order_and_releases_the_others() {
    let refusal = Refusal::Stock(StockRefusal::OutOfStock { available: 0 });
    let short = vec![ShortLine { line: 2, available: 0 }];
    cup_and_mug()
        .hears(stock("CUP", held(1, 2)))
        .is_refused(Command::Stock(sku("MUG"), hold(2, 1)), refusal)
        .then([
            ask_stock("CUP", release(1, 0)),
            ask_order(OrderCommand::Reject { short: short.clone() }),
        ])
        .hears(order(OrderFact::Rejected { short }))
        .then([Step::Done]);
}

#[test]
fn a_placed_order_is_to_be_paid_before_the_deadline() {
    placed().then([ask_payment(1, start(900)), wake(NOW + 15 * MINUTE, "pay_by")]);
}

#[test]
fn another_attempt_pays_what_is_not_cancelled_with_what_was_said_last() {
    let token: VaultId = "018f0000-0000-7000-8000-0000000000f1".parse().unwrap();
    let method = commerce::payments::PaymentMethod::Wallet;
    let tried = OrderFact::PaymentTried { payment: 2, method, token: Some(token) };
    let start = PaymentCommand::Start { amount: gbp(400), method, token: Some(token) };
    placed()
        .hears(order(cancelled(1, vec![units(1, 2)], false)))
        .hears(order(tried))
        .then([ask_payment(2, start)]);
}

#[test]
fn the_first_yes_secures_the_order_and_opens_its_fulfilment() {
    let lines = vec![units(1, 2), units(2, 1)];
    let goods = |line, code, units| Goods { line, sku: sku(code), units };
    let open = FulfilmentCommand::Open {
        site: crate::routing::home(),
        lines: vec![goods(1, "CUP", 2), goods(2, "MUG", 1)],
    };
    placed()
        .hears(payment(1, authorised("A")))
        .then([ask_order(OrderCommand::SecurePayment { payment: 1 })])
        .hears(order(OrderFact::PaymentSecured { payment: 1 }))
        .then([
            forget("pay_by"),
            forget("last_word"),
            ask_stock("CUP", StockCommand::Commit { line: line(1) }),
            ask_stock("MUG", StockCommand::Commit { line: line(2) }),
            ask_order(OrderCommand::OpenFulfilment { fulfilment: 1, lines }),
            Step::Ask(Command::Fulfilment(part(), open)),
        ]);
}

#[test]
fn a_yes_that_is_not_needed_is_given_back() {
    let surplus = |number, reference: &str| {
        ask_payment(number, PaymentCommand::VoidSurplus { reference: reference.into() })
    };
    // On the attempt that pays, only the other name; the payment knows which came first.
    secured().hears(payment(1, authorised("B"))).then([surplus(1, "B")]);
    // Of another attempt, and after the end, all of it.
    let all = |number| [surplus(number, "B"), ask_payment(number, PaymentCommand::Void)];
    secured().hears(payment(2, authorised("B"))).then(all(2));
    story::<SellOrder>(order_id()).hears(payment(1, authorised("B"))).then(all(1));
    let refusal = Refusal::Order(OrderRefusal::WrongStage { status: Status::Cancelled });
    let secure = OrderCommand::SecurePayment { payment: 1 };
    placed()
        .is_refused(Command::Order(order_id(), secure), refusal)
        .then([ask_payment(1, PaymentCommand::Void)]);
}

#[test]
fn the_third_attempt_that_is_declined_cancels_and_no_attempt_counts_twice() {
    placed()
        .hears(payment(1, declined()))
        .hears(payment(1, declined()))
        .hears(payment(1, declined()))
        .then([])
        .hears(payment(2, declined()))
        .then([])
        .hears(payment(3, declined()))
        .then([cancel_all(CancelReason::PaymentDeclined)]);
}

#[test]
fn the_deadline_asks_the_provider_and_five_minutes_later_it_is_over() {
    placed()
        .wakes("pay_by")
        .then([ask_payment(1, PaymentCommand::Query), wake(NOW + 5 * MINUTE, "last_word")])
        .wakes("last_word")
        .then([cancel_all(CancelReason::PaymentOverdue)]);
    // Somebody has paid in the meantime.
    secured().wakes("pay_by").then([]).wakes("last_word").then([]);
    let reason = "no answer".into();
    let gave_up = PaymentFact::GaveUp { errand: Errand::Query, number: None, reason };
    placed().hears(payment(1, gave_up)).then([cancel_all(CancelReason::PaymentOverdue)]);
}

#[test]
fn a_shortfall_keeps_no_more_than_is_there() {
    let short = |number, units, stage| StockFact::Shortfall { line: line(number), units, stage };
    let reason = CancelReason::OutOfStock;
    secured()
        .hears(stock("CUP", short(1, 1, Stage::Committed)))
        .then([keep(reason, vec![units(1, 1)])])
        .hears(stock("CUP", short(1, 1, Stage::Allocated)))
        .then([keep(reason, vec![units(1, 0)])]);
    // Once cancelled, the next one counts from there.
    secured()
        .hears(stock("CUP", short(1, 1, Stage::Committed)))
        .hears(order(cancelled(1, vec![units(1, 1)], false)))
        .hears(stock("CUP", short(1, 1, Stage::Committed)))
        .then([keep(reason, vec![units(1, 0)])]);
}

#[test]
fn what_is_cancelled_goes_back_to_the_stock_and_is_not_sent() {
    let reduce = |line, units| FulfilmentCommand::Cancel {
        keep: Some(vec![warehouse::Units::new(line, units)]),
    };
    let ask = |command| Step::Ask(Command::Fulfilment(part(), command));
    secured()
        .hears(order(cancelled(1, vec![units(1, 1)], false)))
        .then([ask_stock("CUP", release(1, 1)), ask(reduce(1, 1))])
        // The same cancellation, heard again.
        .hears(order(cancelled(1, vec![units(1, 1)], false)))
        .then([])
        .hears(order(cancelled(2, vec![units(1, 1)], false)))
        .then([ask_stock("CUP", release(1, 0)), ask(reduce(1, 0))]);
}

#[test]
fn the_end_of_an_order_that_was_not_captured_voids_its_payment() {
    placed().hears(order(cancelled(1, vec![units(1, 2), units(2, 1)], true))).then([
        ask_stock("CUP", release(1, 0)),
        ask_stock("MUG", release(2, 0)),
        ask_payment(1, PaymentCommand::Void),
        forget("pay_by"),
        forget("last_word"),
        forget("capture_again"),
        Step::Done,
    ]);
}

#[test]
fn a_capture_that_is_refused_or_fails_is_tried_three_times() {
    let capture = PaymentCommand::Capture { capture: 0, amount: gbp(300) };
    let hold = ask_order(OrderCommand::Hold { reason: HoldReason::Payment });
    let failed = || PaymentFact::CaptureFailed { capture: 0, reason: "no".into(), attempt: 0 };
    let refusal = Refusal::Payment(PaymentRefusal::NotAuthorised(PaymentStatus::Expired));
    story::<SellOrder>(order_id())
        .hears(requested(vec![wanted("POST", 1, 300)]))
        .hears(order(OrderFact::Placed { number: 1, pay_by: NOW }))
        .hears(order(OrderFact::PaymentSecured { payment: 1 }))
        .then([forget("pay_by"), forget("last_word"), ask_payment(1, capture.clone())])
        .hears(payment(1, failed()))
        .then([hold.clone(), wake(NOW + 60 * MINUTE, "capture_again")])
        // The same failure, heard again.
        .hears(payment(1, failed()))
        .then([])
        .wakes("capture_again")
        .then([ask_payment(1, capture.clone())])
        .is_refused(Command::Payment(PaymentId::new(order_id(), 1), capture.clone()), refusal)
        .then([hold, wake(NOW + 120 * MINUTE, "capture_again")])
        .wakes("capture_again")
        .then([ask_payment(1, capture)])
        .hears(payment(1, failed()))
        .then([cancel_all(CancelReason::PaymentDeclined)]);
}

#[test]
fn the_return_window_begins_with_the_delivery_and_ends_the_order() {
    let day = 24 * 60 * MINUTE;
    secured()
        .hears(order(OrderFact::Delivered { fulfilment: Some(1), amount: None }))
        .then([wake(NOW + 30 * day, "return_window")])
        .wakes("return_window")
        .then([ask_order(OrderCommand::Complete)])
        .hears(order(OrderFact::Completed))
        .then([Step::Done]);
}
