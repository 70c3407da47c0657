//! What an order does: the specification.

use super::*;
use kernel::{
    Currency, Decider, Money, Quantity, VaultId,
    spec::{NOW, given},
};

pub(super) fn pence(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

pub(super) fn units(lines: &[(u32, u32)]) -> Vec<Units> {
    lines.iter().copied().map(Units::from).collect()
}

pub(super) fn new_line(sku: &str, quantity: u32, price: i64, stock_kept: bool) -> NewLine {
    NewLine {
        sku: sku.parse().unwrap(),
        quantity: Quantity::new(u64::from(quantity)).unwrap(),
        unit_price: pence(price),
        stock_kept,
    }
}

fn home() -> VaultId {
    "00000000-0000-4000-8000-00000000000a".parse().unwrap()
}

pub(super) fn request_of(lines: Vec<NewLine>, shipping: Option<Money>) -> OrderRequest {
    OrderRequest {
        customer: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
        country: "France".into(),
        currency: Currency::GBP,
        lines,
        shipping,
        method: PaymentMethod::Card,
        token: None,
        ship_to: Some(home()),
        email: None,
        pay_within_seconds: None,
        return_window_days: None,
        from_cart: false,
        limits: OrderLimits::default(),
    }
}

pub(super) fn requested(request: OrderRequest) -> OrderFact {
    let request = OrderCommand::Request(Box::new(request));
    Order::default().decide(&request, NOW).unwrap().remove(0)
}

/// Five cups at 1.00, two mugs at 3.00, postage at 4.00; shipping 0.50: 15.50 in all.
fn basket() -> OrderRequest {
    let lines = vec![
        new_line("CUP", 5, 100, true),
        new_line("MUG", 2, 300, true),
        new_line("POST", 1, 400, false),
    ];
    request_of(lines, Some(pence(50)))
}

fn placed() -> OrderFact {
    OrderFact::Placed { number: 100_001, pay_by: NOW }
}

const SECURED: OrderFact = OrderFact::PaymentSecured { payment: 1 };

fn opened(fulfilment: u32, lines: &[(u32, u32)]) -> OrderFact {
    OrderFact::FulfilmentOpened { fulfilment, lines: units(lines) }
}

/// The order after its payment, then these.
fn paid(then: impl IntoIterator<Item = OrderFact>) -> kernel::spec::Given<Order> {
    given([requested(basket()), placed(), SECURED].into_iter().chain(then))
}

fn packed(fulfilment: u32, lines: &[(u32, u32)], amount: i64) -> OrderFact {
    OrderFact::Packed {
        fulfilment,
        lines: units(lines),
        amount: pence(amount),
        payment: 1,
        ship_to: Some(home()),
    }
}

const CUPS_AND_POSTAGE: &[(u32, u32)] = &[(1, 5), (3, 1)];

/// Cups are one fulfilment, mugs another; the cups are sealed with the postage.
fn cups_sealed() -> Vec<OrderFact> {
    vec![
        opened(1, &[(1, 5)]),
        opened(2, &[(2, 2)]),
        OrderFact::Released { fulfilment: 1 },
        OrderFact::Picked { fulfilment: 1 },
        packed(1, CUPS_AND_POSTAGE, 950),
    ]
}

fn delivered(fulfilment: u32) -> [OrderFact; 2] {
    let way = OrderFact::Delivered { fulfilment: Some(fulfilment), amount: None };
    [OrderFact::Shipped { fulfilment }, way]
}

/// All is at the customer's.
fn all_delivered() -> Vec<OrderFact> {
    let mut facts = cups_sealed();
    facts.extend(delivered(1));
    let mugs = [OrderFact::Released { fulfilment: 2 }, OrderFact::Picked { fulfilment: 2 }];
    facts.extend(mugs);
    facts.push(packed(2, &[(2, 2)], 600));
    facts.extend(delivered(2));
    facts
}

fn cancel(by: Canceller, lines: Option<&[(u32, u32)]>) -> OrderCommand {
    OrderCommand::Cancel { by, reason: CancelReason::Staff, lines: lines.map(units) }
}

fn cancelled(lines: &[(u32, u32)], all: bool, refund: Option<i64>) -> OrderFact {
    let (reason, lines) = (CancelReason::Staff, units(lines));
    let refund = refund.map(pence);
    OrderFact::Cancelled { cancellation: 1, reason, lines, all, refund, payment: Some(1) }
}

fn give_back(lines: &[(u32, u32)], claimed: Option<i64>) -> OrderCommand {
    OrderCommand::Return { return_id: 1, lines: units(lines), claimed: claimed.map(pence) }
}

fn returned(return_id: u32, lines: &[(u32, u32)], refund: i64, goodwill: i64) -> OrderFact {
    let (refund, goodwill) = (pence(refund), pence(goodwill));
    OrderFact::Returned { return_id, lines: units(lines), refund, goodwill, payment: 1 }
}

#[test]
fn a_request_carries_all_of_it_once() {
    let fact = requested(basket());
    let OrderFact::Requested(body) = &fact else { panic!("{fact:?}") };
    assert_eq!((body.lines.len(), body.shipping), (3, Some(pence(50))));
    let again = OrderCommand::Request(Box::new(basket()));
    given::<Order>([fact.clone()]).when(again.clone()).refused(OrderRefusal::AlreadyRequested);
    let rejected = OrderFact::Rejected { short: vec![] };
    given::<Order>([fact.clone(), rejected]).when(again).then([fact.clone()]);
    assert_eq!(given::<Order>([fact]).state().total(), pence(1_550));
}

#[test]
fn a_request_that_cannot_be_is_refused() {
    let refused = |change: &dyn Fn(&mut OrderRequest), refusal| {
        let mut request = basket();
        change(&mut request);
        given::<Order>([]).when(OrderCommand::Request(Box::new(request))).refused(refusal);
    };
    refused(&|request| request.lines.clear(), OrderRefusal::Empty);
    refused(&|request| request.limits.lines = 2, OrderRefusal::TooManyLines { max: 2 });
    let many = OrderRefusal::TooManyUnits { line: 1, max: 4 };
    refused(&|request| request.limits.units = 4, many);
    let euro = |request: &mut OrderRequest| request.lines[1].unit_price.currency = Currency::EUR;
    refused(&euro, OrderRefusal::BadPrice { line: 2 });
    refused(&|request| request.lines[0].unit_price.minor = -1, OrderRefusal::BadPrice { line: 1 });
    refused(&|request| request.lines[0].unit_price.minor = i64::MAX, OrderRefusal::TooLarge);
    refused(&|request| request.shipping = Some(pence(-1)), OrderRefusal::BadShipping);
    let euro = Some(Money::new(1, Currency::EUR));
    refused(&|request| request.shipping = euro, OrderRefusal::BadShipping);
    for country in ["F".to_owned(), "x".repeat(61)] {
        refused(&|request| request.country = country.as_str().into(), OrderRefusal::BadCountry);
    }
}

#[test]
fn a_request_is_placed_or_rejected_once() {
    let asked = || given::<Order>([requested(basket())]);
    let place = OrderCommand::Place { number: 100_001, pay_by: NOW };
    asked().when(place.clone()).then([placed()]);
    let short = vec![ShortLine { line: 1, available: 3 }];
    let reject = OrderCommand::Reject { short: short.clone() };
    asked().when(reject.clone()).then([OrderFact::Rejected { short: short.clone() }]);
    paid([]).when(place.clone()).then_nothing_happened();
    let rejected =
        || given::<Order>([requested(basket()), OrderFact::Rejected { short: short.clone() }]);
    rejected().when(reject.clone()).then_nothing_happened();
    rejected().when(place).refused(OrderRefusal::WrongStage { status: Status::Rejected });
    paid([]).when(reject).refused(OrderRefusal::WrongStage { status: Status::Paid });
}

#[test]
fn a_customer_may_try_ten_times_to_pay_until_he_has_paid() {
    let method = PaymentMethod::Wallet;
    let try_again = || OrderCommand::TryPayment { method, token: None };
    let tried = |payment| OrderFact::PaymentTried { payment, method, token: None };
    let placed_order = || given::<Order>([requested(basket()), placed()]);
    placed_order().when(try_again()).then([tried(2)]);
    let ten = given::<Order>([requested(basket()), placed(), tried(10)]);
    ten.when(try_again()).refused(OrderRefusal::TooManyAttempts);
    paid([]).when(try_again()).refused(OrderRefusal::AlreadyPaid);
    let unplaced = given::<Order>([requested(basket())]);
    unplaced.when(try_again()).refused(OrderRefusal::WrongStage { status: Status::Requested });
}

#[test]
fn one_attempt_pays_and_every_other_is_one_too_many() {
    let secure = |payment| OrderCommand::SecurePayment { payment };
    let placed_order = || given::<Order>([requested(basket()), placed()]);
    placed_order().when(secure(1)).then([SECURED]);
    placed_order().when(secure(2)).refused(OrderRefusal::UnknownPayment { payment: 2 });
    paid([]).when(secure(1)).then_nothing_happened();
    paid([]).when(secure(2)).refused(OrderRefusal::AlreadyPaid);
    let all = OrderFact::Cancelled {
        cancellation: 1,
        reason: CancelReason::PaymentOverdue,
        lines: units(&[(1, 5), (2, 2), (3, 1)]),
        all: true,
        refund: None,
        payment: None,
    };
    let gone = given::<Order>([requested(basket()), placed(), all]);
    gone.when(secure(1)).refused(OrderRefusal::WrongStage { status: Status::Cancelled });
}

#[test]
fn a_unit_is_in_one_fulfilment_only() {
    let open = |fulfilment, lines: &[(u32, u32)]| OrderCommand::OpenFulfilment {
        fulfilment,
        lines: units(lines),
    };
    paid([]).when(open(1, &[(1, 3)])).then([opened(1, &[(1, 3)])]);
    paid([opened(1, &[(1, 3)])]).when(open(1, &[(1, 3)])).then_nothing_happened();
    paid([opened(1, &[(1, 3)])]).when(open(2, &[(1, 2)])).then([opened(2, &[(1, 2)])]);
    let taken = OrderRefusal::BadLine { line: 1 };
    paid([opened(1, &[(1, 3)])]).when(open(2, &[(1, 3)])).refused(taken.clone());
    paid([]).when(open(1, &[(1, 3), (1, 3)])).refused(taken.clone());
    paid([]).when(open(1, &[(1, 0)])).refused(taken);
    paid([]).when(open(1, &[(3, 1)])).refused(OrderRefusal::BadLine { line: 3 });
    paid([]).when(open(1, &[(0, 1)])).refused(OrderRefusal::BadLine { line: 0 });
    paid([]).when(open(1, &[])).refused(OrderRefusal::Empty);
    let unpaid = given::<Order>([requested(basket()), placed()]);
    unpaid.when(open(1, &[(1, 3)])).refused(OrderRefusal::NotPaid);
}

#[test]
fn a_fulfilment_goes_forward_stage_by_stage() {
    let order = || paid([opened(1, &[(1, 5)])]);
    let fulfilment = 1;
    let (release, pick) = (OrderCommand::Release { fulfilment }, OrderCommand::Pick { fulfilment });
    let (released, picked) = (OrderFact::Released { fulfilment }, OrderFact::Picked { fulfilment });
    order().when(release.clone()).then([released.clone()]);
    order().when(pick.clone()).refused(OrderRefusal::WrongStage { status: Status::Paid });
    let at_work = || paid([opened(1, &[(1, 5)]), released.clone()]);
    at_work().when(release.clone()).then_nothing_happened();
    at_work().when(pick.clone()).then([picked]);
    assert_eq!(at_work().state().status(), Status::Released);
    paid(cups_sealed()).when(pick).then_nothing_happened();
    let nobody = OrderCommand::Release { fulfilment: 9 };
    order().when(nobody).refused(OrderRefusal::UnknownFulfilment { fulfilment: 9 });
}

#[test]
fn the_first_parcel_takes_postage_and_shipping_along() {
    let facts = cups_sealed();
    let pack = |lines: &[(u32, u32)]| OrderCommand::Pack { fulfilment: 1, lines: units(lines) };
    let picked = || paid(facts[..4].to_vec());
    picked().when(pack(&[(1, 5)])).then([packed(1, CUPS_AND_POSTAGE, 950)]);
    picked().when(pack(&[(1, 6)])).refused(OrderRefusal::BadLine { line: 1 });
    picked().when(pack(&[(1, 3), (1, 3)])).refused(OrderRefusal::BadLine { line: 1 });
    picked().when(pack(&[(2, 1)])).refused(OrderRefusal::BadLine { line: 2 });
    picked().when(pack(&[])).refused(OrderRefusal::Empty);
    paid(facts.clone()).when(pack(&[(1, 5)])).then_nothing_happened();
    let mugs = [OrderFact::Released { fulfilment: 2 }, OrderFact::Picked { fulfilment: 2 }];
    let second = OrderCommand::Pack { fulfilment: 2, lines: units(&[(2, 2)]) };
    paid(facts.into_iter().chain(mugs)).when(second).then([packed(2, &[(2, 2)], 600)]);
}

#[test]
fn an_order_is_shipped_and_delivered_parcel_by_parcel() {
    let fulfilment = 1;
    let [shipped, at_the_door] = delivered(fulfilment);
    let ship = OrderCommand::Ship { fulfilment };
    paid(cups_sealed()).when(ship.clone()).then([shipped.clone()]);
    let sent = || paid(cups_sealed().into_iter().chain([shipped.clone()]));
    sent().when(ship).then_nothing_happened();
    assert_eq!(sent().state().status(), Status::PartlyShipped);
    let deliver = OrderCommand::Deliver { fulfilment: Some(1) };
    sent().when(deliver.clone()).then([at_the_door]);
    paid(all_delivered()).when(deliver).then_nothing_happened();
    let all = paid(all_delivered());
    assert_eq!((all.state().status(), all.state().value_left()), (Status::Delivered, pence(1_550)));
}

#[test]
fn what_was_lost_and_arrives_after_all_is_recorded() {
    let fulfilment = 1;
    let [shipped, at_the_door] = delivered(fulfilment);
    let lost = OrderFact::Lost { fulfilment, amount: pence(950), payment: 1 };
    let lose = OrderCommand::Lose { fulfilment };
    let sent = || cups_sealed().into_iter().chain([shipped.clone()]);
    paid(sent()).when(lose.clone()).then([lost.clone()]);
    paid(sent().chain([lost.clone()])).when(lose.clone()).then_nothing_happened();
    let deliver = OrderCommand::Deliver { fulfilment: Some(1) };
    paid(sent().chain([lost])).when(deliver).then([at_the_door]);
    let here = OrderRefusal::WrongStage { status: Status::Released };
    paid(cups_sealed()).when(lose).refused(here);
}

#[test]
fn what_has_no_stock_is_delivered_when_it_is_paid() {
    let request = request_of(vec![new_line("POST", 2, 400, false)], Some(pence(50)));
    let facts = || [requested(request.clone()), placed()];
    let deliver = OrderCommand::Deliver { fulfilment: None };
    given::<Order>(facts()).when(deliver.clone()).refused(OrderRefusal::NotPaid);
    let done = OrderFact::Delivered { fulfilment: None, amount: Some(pence(850)) };
    let paid_postage = || facts().into_iter().chain([SECURED]);
    given::<Order>(paid_postage()).when(deliver.clone()).then([done.clone()]);
    let there = || paid_postage().chain([done.clone()]);
    given::<Order>(there()).when(deliver.clone()).then_nothing_happened();
    let over = there().chain([OrderFact::Completed]);
    given::<Order>(over).when(deliver.clone()).then_nothing_happened();
    paid([]).when(deliver).refused(OrderRefusal::WrongStage { status: Status::Paid });
}

#[test]
fn an_order_is_complete_when_all_of_it_is_there() {
    paid(all_delivered()).when(OrderCommand::Complete).then([OrderFact::Completed]);
    paid(cups_sealed()).when(OrderCommand::Complete).refused(OrderRefusal::NotFinished);
    let over = paid(all_delivered().into_iter().chain([OrderFact::Completed]));
    over.when(OrderCommand::Complete).then_nothing_happened();
    let nothing = OrderRefusal::WrongStage { status: Status::None };
    given::<Order>([]).when(OrderCommand::Complete).refused(nothing);
}

#[test]
fn a_whole_order_is_cancelled_once() {
    let everything: &[(u32, u32)] = &[(1, 5), (2, 2), (3, 1)];
    let all = cancelled(everything, true, None);
    paid([]).when(cancel(Canceller::Customer, None)).then([all.clone()]);
    let gone = || paid([all.clone()]);
    gone().when(cancel(Canceller::Customer, None)).then_nothing_happened();
    assert_eq!(gone().state().status(), Status::Cancelled);
    let sent = paid(all_delivered());
    sent.when(cancel(Canceller::Staff, None)).refused(OrderRefusal::NothingToCancel);
    let unknown = OrderRefusal::WrongStage { status: Status::None };
    given::<Order>([]).when(cancel(Canceller::Staff, None)).refused(unknown);
}

#[test]
fn a_customer_cancels_until_it_is_packed_and_staff_until_it_is_handed_over() {
    let one_cup: &[(u32, u32)] = &[(1, 1)];
    let sealed = || paid(cups_sealed());
    let too_late = OrderRefusal::TooLate { line: 1, left: 0 };
    sealed().when(cancel(Canceller::Customer, Some(one_cup))).refused(too_late.clone());
    let back = cancelled(one_cup, false, Some(100));
    sealed().when(cancel(Canceller::Staff, Some(one_cup))).then([back]);
    let sent = paid(cups_sealed().into_iter().chain([OrderFact::Shipped { fulfilment: 1 }]));
    sent.when(cancel(Canceller::Staff, Some(one_cup))).refused(too_late);
    let twice: &[(u32, u32)] = &[(1, 3), (1, 3)];
    let left = OrderRefusal::TooLate { line: 1, left: 5 };
    paid([]).when(cancel(Canceller::Staff, Some(twice))).refused(left);
    let nothing = OrderRefusal::BadLine { line: 4 };
    paid([]).when(cancel(Canceller::Staff, Some(&[(4, 1)]))).refused(nothing);
    paid([]).when(cancel(Canceller::Staff, Some(&[]))).refused(OrderRefusal::Empty);
}

#[test]
fn a_story_says_how_much_to_keep_and_may_say_it_twice() {
    let reason = CancelReason::OutOfStock;
    let keep = |lines| OrderCommand::Keep { reason, lines: units(lines) };
    let gone = |lines| {
        let (cancellation, lines, all) = (1, units(lines), false);
        OrderFact::Cancelled { cancellation, reason, lines, all, refund: None, payment: Some(1) }
    };
    paid([]).when(keep(&[(1, 3), (2, 2)])).then([gone(&[(1, 2)])]);
    paid([gone(&[(1, 2)])]).when(keep(&[(1, 3)])).then_nothing_happened();
    paid([]).when(keep(&[(9, 0)])).refused(OrderRefusal::BadLine { line: 9 });
    // What is handed over stays.
    paid(all_delivered()).when(keep(&[(1, 0)])).then_nothing_happened();
    let rejected = given::<Order>([requested(basket()), OrderFact::Rejected { short: vec![] }]);
    rejected.when(keep(&[(1, 0)])).refused(OrderRefusal::WrongStage { status: Status::Rejected });
}

#[test]
fn a_sealed_parcel_without_goods_is_not_sent_and_gives_back_all_that_it_cost() {
    let goods: &[(u32, u32)] = &[(1, 5)];
    let undone = cancelled(CUPS_AND_POSTAGE, false, Some(950));
    paid(cups_sealed()).when(cancel(Canceller::System, Some(goods))).then([undone.clone()]);
    // The shipping goes with the mugs instead.
    let mugs = [OrderFact::Released { fulfilment: 2 }, OrderFact::Picked { fulfilment: 2 }];
    let facts = cups_sealed().into_iter().chain([undone]).chain(mugs);
    let pack = OrderCommand::Pack { fulfilment: 2, lines: units(&[(2, 2)]) };
    paid(facts).when(pack).then([packed(2, &[(2, 2)], 650)]);
}

#[test]
fn a_part_that_was_cancelled_shrinks() {
    let two_cups = cancelled(&[(1, 2)], false, None);
    let facts = cups_sealed();
    let pack = |units_left| OrderCommand::Pack { fulfilment: 1, lines: units(&[(1, units_left)]) };
    let picked = || paid(facts[..4].iter().cloned().chain([two_cups.clone()]));
    picked().when(pack(5)).refused(OrderRefusal::BadLine { line: 1 });
    picked().when(pack(3)).then([packed(1, &[(1, 3), (3, 1)], 750)]);
    let no_cups = cancelled(&[(1, 5)], false, None);
    let empty = paid([opened(1, &[(1, 5)]), no_cups]);
    let release = OrderCommand::Release { fulfilment: 1 };
    empty.when(release).refused(OrderRefusal::WrongStage { status: Status::Paid });
}

#[test]
fn what_comes_back_is_worth_what_it_cost() {
    paid(all_delivered()).when(give_back(&[(1, 2)], None)).then([returned(1, &[(1, 2)], 200, 0)]);
    let postage: &[(u32, u32)] = &[(3, 1)];
    paid(all_delivered()).when(give_back(postage, None)).then([returned(1, postage, 400, 0)]);
    let back = || paid(all_delivered().into_iter().chain([returned(1, &[(1, 2)], 200, 0)]));
    back().when(give_back(&[(1, 2)], None)).then_nothing_happened();
    let other = OrderCommand::Return { return_id: 2, lines: units(&[(1, 4)]), claimed: None };
    back().when(other).refused(OrderRefusal::NotDelivered { line: 1, left: 3 });
}

#[test]
fn more_than_it_cost_is_goodwill_and_less_is_what_was_claimed() {
    let two: &[(u32, u32)] = &[(1, 2)];
    paid(all_delivered()).when(give_back(two, Some(700))).then([returned(1, two, 200, 500)]);
    paid(all_delivered()).when(give_back(two, Some(150))).then([returned(1, two, 150, 0)]);
    paid(all_delivered()).when(give_back(two, Some(-5))).then([returned(1, two, 0, 0)]);
    let claimed = Some(Money::new(1, Currency::EUR));
    let euro = OrderCommand::Return { return_id: 1, lines: units(two), claimed };
    paid(all_delivered()).when(euro).refused(OrderRefusal::OtherCurrency);
}

#[test]
fn only_what_was_delivered_comes_back() {
    let none = OrderRefusal::NotDelivered { line: 1, left: 0 };
    paid(cups_sealed()).when(give_back(&[(1, 1)], None)).refused(none);
    let twice = OrderRefusal::NotDelivered { line: 1, left: 5 };
    paid(all_delivered()).when(give_back(&[(1, 3), (1, 3)], None)).refused(twice);
    let nothing = OrderRefusal::BadLine { line: 1 };
    paid(all_delivered()).when(give_back(&[(1, 0)], None)).refused(nothing);
    let unknown = OrderRefusal::BadLine { line: 9 };
    paid(all_delivered()).when(give_back(&[(9, 1)], None)).refused(unknown);
    paid(all_delivered()).when(give_back(&[], None)).refused(OrderRefusal::Empty);
    let unpaid = given::<Order>([requested(basket()), placed()]);
    unpaid.when(give_back(&[(1, 1)], None)).refused(OrderRefusal::NotPaid);
}

#[test]
fn a_hold_stands_beside_the_status() {
    let reason = HoldReason::Fraud;
    let (hold, unhold) = (OrderCommand::Hold { reason }, OrderCommand::Unhold { reason });
    paid([]).when(hold.clone()).then([OrderFact::Held { reason }]);
    paid([]).when(unhold.clone()).then_nothing_happened();
    let held = || paid([OrderFact::Held { reason }]);
    held().when(hold.clone()).then_nothing_happened();
    held().when(unhold).then([OrderFact::Unheld { reason }]);
    assert_eq!(held().state().status(), Status::Paid);
    assert_eq!(held().state().holds().collect::<Vec<_>>(), [reason]);
    let nothing = OrderRefusal::WrongStage { status: Status::None };
    given::<Order>([]).when(hold).refused(nothing);
}

#[test]
fn facts_are_written_small_and_read_back() {
    let read_back = |fact: &OrderFact, json: &str| {
        assert_eq!(serde_json::to_string(fact).unwrap(), json);
        assert_eq!(serde_json::from_str::<OrderFact>(json).unwrap(), *fact);
    };
    let opened_json =
        r#"{"type":"orders/fulfilment_opened@1","body":{"fulfilment":1,"lines":[[1,5]]}}"#;
    read_back(&opened(1, &[(1, 5)]), opened_json);
    read_back(&SECURED, r#"{"type":"orders/payment_secured@1","body":{"payment":1}}"#);
    let [_, there] = delivered(2);
    read_back(&there, r#"{"type":"orders/delivered@1","body":{"fulfilment":2}}"#);
    read_back(&OrderFact::Completed, r#"{"type":"orders/completed@1"}"#);
    let requested = requested(basket());
    let json = serde_json::to_string(&requested).unwrap();
    assert_eq!(serde_json::from_str::<OrderFact>(&json).unwrap(), requested);
    // A state is stored and goes on where it was.
    let order = paid(cups_sealed());
    let stored = serde_json::to_string(order.state()).unwrap();
    assert_eq!(&serde_json::from_str::<Order>(&stored).unwrap(), order.state());
}

#[test]
fn others_may_ask_what_has_become_of_it() {
    let order = paid(cups_sealed());
    let order = order.state();
    assert_eq!((order.paid_by(), order.attempts(), order.unreleased()), (Some(1), 1, 2));
    assert_eq!((order.fulfilment(1), order.fulfilment(3)), (Some(Stage::Packed), None));
    assert_eq!(order.counts(1).map(|counts| counts.at(Stage::Packed)), Some(5));
    assert!(order.line(0).is_none() && order.line(4).is_none());
    assert_eq!(order.lines(), 3);
}

#[test]
fn an_orders_token_is_spent_where_no_payment_will_spend_it() {
    let token = Some(home());
    let basket = |price| request_of(vec![new_line("CUP", 5, price, true)], None);
    let of = |price| given::<Order>([requested(OrderRequest { token, ..basket(price) })]);
    let placed = OrderFact::Placed { number: 1, pay_by: NOW };
    assert_eq!(of(100).state().spent(&OrderFact::Rejected { short: vec![] }), token);
    assert_eq!(of(100).state().spent(&placed), None, "a payment takes it over");
    assert_eq!(of(0).state().spent(&placed), token);
}
