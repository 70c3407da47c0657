//! Fulfilling, step by step.

use super::*;
use crate::{Fulfil, Refusal};
use commerce::{
    orders::HoldReason,
    payments::{PaymentRefusal, PaymentStatus},
};
use kernel::{
    PackId, ParcelId, PickId, VaultId,
    spec::{NOW, Story, story},
};
use std::time::Duration;
use warehouse::{
    Goods,
    fulfilments::{FulfilmentCommand, FulfilmentFact},
    inventory::StockRefusal,
    packs::{PackCommand, PackFact},
    picks::{PickCommand, PickFact, PickLine, ShortReason},
    shipping::{GaveUp, ParcelCommand, ParcelFact, TrackingEvent, TrackingStatus},
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const HOUR: Duration = Duration::from_secs(60 * 60);

fn own(fact: FulfilmentFact) -> Fact {
    Fact::Fulfilment(part(), fact)
}

fn pick(fact: PickFact) -> Fact {
    Fact::Pick(PickId::new(order_id(), 1), fact)
}

fn pack(fact: PackFact) -> Fact {
    Fact::Pack(PackId::new(order_id(), 1), fact)
}

fn parcel(fact: ParcelFact) -> Fact {
    Fact::Parcel(ParcelId::new(order_id(), 1), fact)
}

fn ask_own(command: FulfilmentCommand) -> Step {
    Step::Ask(Command::Fulfilment(part(), command))
}

fn ask_pick(command: PickCommand) -> Step {
    Step::Ask(Command::Pick(PickId::new(order_id(), 1), command))
}

fn ask_pack(command: PackCommand) -> Step {
    Step::Ask(Command::Pack(PackId::new(order_id(), 1), command))
}

fn ask_parcel(command: ParcelCommand) -> Step {
    Step::Ask(Command::Parcel(ParcelId::new(order_id(), 1), command))
}

fn allocate(number: u32, units: u32) -> StockCommand {
    let (location, lot, site) = (None, None, crate::routing::home());
    StockCommand::Allocate { line: line(number), fulfilment: part(), site, units, location, lot }
}

fn allocated(number: u32, units: u32) -> StockFact {
    let (location, lot, site) = (None, None, crate::routing::home());
    StockFact::Allocated { line: line(number), fulfilment: part(), site, units, location, lot }
}

fn opened() -> Story<Fulfil> {
    let goods = |line, code, units| Goods { line, sku: sku(code), units };
    let lines = vec![goods(1, "CUP", 2), goods(2, "MUG", 1)];
    let site = crate::routing::home();
    story::<Fulfil>(part()).hears(own(FulfilmentFact::Opened { site, lines }))
}

fn picking() -> Story<Fulfil> {
    opened()
        .hears(own(FulfilmentFact::Released { wave: None }))
        .hears(stock("CUP", allocated(1, 2)))
        .hears(stock("MUG", allocated(2, 1)))
}

fn line_picked(line: u32, units: u32) -> Fact {
    pick(PickFact::LinePicked { line, units, tote: None })
}

fn packing() -> Story<Fulfil> {
    picking().hears(line_picked(1, 2)).hears(line_picked(2, 1)).hears(pick(PickFact::Done))
}

fn sealed() -> Story<Fulfil> {
    packing()
        .hears(pack(PackFact::Verified { line: 1, units: 2 }))
        .hears(pack(PackFact::Verified { line: 2, units: 1 }))
        .hears(pack(PackFact::Sealed { carton: None, weight_grams: 700 }))
}

fn home() -> VaultId {
    "00000000-0000-4000-8000-00000000000a".parse().unwrap()
}

fn to_be_paid() -> Story<Fulfil> {
    let lines = vec![units(1, 2), units(2, 1)];
    sealed().hears(order(OrderFact::Packed {
        fulfilment: 1,
        lines,
        amount: gbp(900),
        payment: 1,
        ship_to: Some(home()),
    }))
}

fn captured() -> Fact {
    payment(1, PaymentFact::Captured { capture: 1, amount: gbp(900) })
}

fn labelled() -> Fact {
    let (carrier, service) = ("royal-mail".into(), "tracked-48".into());
    parcel(ParcelFact::Labelled { tracking_number: "T".into(), carrier, service })
}

fn on_the_way() -> Story<Fulfil> {
    to_be_paid().hears(captured()).hears(labelled()).hears(parcel(ParcelFact::HandedOver))
}

fn capture() -> PaymentCommand {
    PaymentCommand::Capture { capture: 1, amount: gbp(900) }
}

fn nothing(reason: CancelReason) -> Step {
    keep(reason, vec![units(1, 0), units(2, 0)])
}

#[test]
fn a_fulfilment_is_released_allocated_and_then_picked() {
    let wanted = |line, code, units| PickLine { line, sku: sku(code), units, location: None };
    let lines = vec![wanted(1, "CUP", 2), wanted(2, "MUG", 1)];
    opened()
        .then([ask_own(FulfilmentCommand::Release { wave: None })])
        .hears(own(FulfilmentFact::Released { wave: None }))
        .then([
            ask_order(OrderCommand::Release { fulfilment: 1 }),
            ask_stock("CUP", allocate(1, 2)),
            ask_stock("MUG", allocate(2, 1)),
        ])
        .hears(stock("CUP", allocated(1, 2)))
        .then([])
        .hears(stock("MUG", allocated(2, 1)))
        .then([ask_pick(PickCommand::Open { fulfilment: 1, lines })]);
}

#[test]
fn a_line_that_the_site_does_not_have_is_not_sent_and_the_others_are_picked() {
    let refusal = StockRefusal::NotAtSite { site: crate::routing::home(), available: 1 };
    let lines = vec![PickLine { line: 2, sku: sku("MUG"), units: 1, location: None }];
    opened()
        .hears(own(FulfilmentFact::Released { wave: None }))
        .hears(stock("MUG", allocated(2, 1)))
        .is_refused(Command::Stock(sku("CUP"), allocate(1, 2)), Refusal::Stock(refusal))
        .then([
            keep(CancelReason::OutOfStock, vec![units(1, 0)]),
            ask_pick(PickCommand::Open { fulfilment: 1, lines }),
        ]);
}

#[test]
fn what_is_picked_leaves_its_bin_and_what_is_not_found_is_not_sent() {
    let short = PickFact::LineShort { line: 1, found: 1, reason: ShortReason::Short };
    picking()
        .hears(pick(PickFact::Started { worker: "worker/1".into() }))
        .then([ask_own(FulfilmentCommand::StartPicking)])
        .hears(line_picked(1, 1))
        .then([ask_stock("CUP", StockCommand::Pick { line: line(1), units: 1 })])
        .hears(pick(short))
        .then([
            ask_stock("CUP", StockCommand::ShortPick { line: line(1), found: 1 }),
            keep(CancelReason::OutOfStock, vec![units(1, 1)]),
        ]);
}

#[test]
fn what_was_picked_is_packed() {
    let goods = |line, code, units| Goods { line, sku: sku(code), units };
    let lines = vec![goods(1, "CUP", 2), goods(2, "MUG", 1)];
    packing()
        .then([
            ask_order(OrderCommand::Pick { fulfilment: 1 }),
            ask_pack(PackCommand::Open { lines }),
        ])
        .hears(pack(PackFact::Verified { line: 1, units: 1 }))
        .then([ask_stock("CUP", StockCommand::Pack { line: line(1), units: 1 })])
        .hears(pack(PackFact::Verified { line: 1, units: 1 }))
        .then([ask_stock("CUP", StockCommand::Pack { line: line(1), units: 2 })]);
    let lines = vec![units(1, 2), units(2, 1)];
    sealed().then([
        ask_order(OrderCommand::Pack { fulfilment: 1, lines }),
        ask_own(FulfilmentCommand::Pack),
    ]);
}

#[test]
fn a_parcel_leaves_only_when_it_is_paid_and_labelled_in_whatever_order() {
    let create = ParcelCommand::Create {
        fulfilment: 1,
        weight_grams: 700,
        carrier: None,
        service: None,
        address: Some(home()),
    };
    to_be_paid().then([ask_payment(1, capture()), ask_parcel(create)]);
    let clear = || [ask_parcel(ParcelCommand::Clear)];
    to_be_paid().hears(captured()).then([]).hears(labelled()).then(clear());
    to_be_paid().hears(labelled()).then([]).hears(captured()).then(clear());
    // Old news.
    to_be_paid().hears(labelled()).hears(captured()).hears(captured()).then([]);
}

#[test]
fn a_hand_over_takes_the_goods_from_the_stock_once() {
    on_the_way()
        .then([
            ask_stock("CUP", StockCommand::HandOver { line: line(1) }),
            ask_stock("MUG", StockCommand::HandOver { line: line(2) }),
            ask_order(OrderCommand::Ship { fulfilment: 1 }),
            ask_own(FulfilmentCommand::HandOver),
            wake(NOW + DAY, "track"),
        ])
        .hears(parcel(ParcelFact::HandedOver))
        .then([]);
}

#[test]
fn a_capture_that_fails_three_times_leaves_nothing_to_send() {
    let failed =
        || payment(1, PaymentFact::CaptureFailed { capture: 1, reason: "no".into(), attempt: 0 });
    let hold = || ask_order(OrderCommand::Hold { reason: HoldReason::Payment });
    let refusal = Refusal::Payment(PaymentRefusal::NotAuthorised(PaymentStatus::Expired));
    let asked = Command::Payment(PaymentId::new(order_id(), 1), capture());
    let twice = || {
        to_be_paid()
            .hears(failed())
            .then([hold(), wake(NOW + HOUR, "capture_again")])
            .hears(failed())
            .then([])
            .wakes("capture_again")
            .then([ask_payment(1, capture())])
            .is_refused(asked.clone(), refusal.clone())
            .then([hold(), wake(NOW + 2 * HOUR, "capture_again")])
            .wakes("capture_again")
    };
    twice().hears(failed()).then([nothing(CancelReason::PaymentDeclined)]);
    twice().hears(captured()).then([
        Step::Forget("capture_again".into()),
        ask_order(OrderCommand::Unhold { reason: HoldReason::Payment }),
    ]);
}

fn no_label() -> Fact {
    parcel(ParcelFact::LabelFailed { reason: "no".into() })
}

fn label_asked() -> Fact {
    parcel(ParcelFact::LabelAsked {
        number: 2,
        weight_grams: 700,
        carrier: None,
        service: Some("express".into()),
        address: Some(home()),
        replaces: None,
    })
}

fn wait_for_people() -> [Step; 1] {
    [wake(NOW + 3 * DAY, "label")]
}

fn wait_no_longer() -> Step {
    Step::Forget("label".into())
}

#[test]
fn a_parcel_that_has_no_label_for_three_days_is_not_sent() {
    let given_up = parcel(ParcelFact::GaveUp { what: GaveUp::Label, reason: "no answer".into() });
    for no in [no_label(), given_up] {
        to_be_paid()
            .hears(no)
            .then(wait_for_people())
            // Old news.
            .hears(no_label())
            .then([])
            .wakes("label")
            .then([nothing(CancelReason::Undeliverable)]);
    }
}

#[test]
fn a_parcel_without_a_label_is_sent_when_people_get_it_another_in_time() {
    to_be_paid()
        .hears(captured())
        .hears(no_label())
        .then(wait_for_people())
        .hears(label_asked())
        .then([wait_no_longer()])
        .hears(labelled())
        .then([ask_parcel(ParcelCommand::Clear)]);
    // The letter was tried again.
    let late = [ask_parcel(ParcelCommand::Clear), wait_no_longer()];
    to_be_paid().hears(captured()).hears(no_label()).hears(labelled()).then(late);
    to_be_paid()
        .hears(no_label())
        .hears(label_asked())
        .hears(no_label())
        .then(wait_for_people())
        .wakes("label")
        .then([nothing(CancelReason::Undeliverable)]);
}

#[test]
fn a_second_label_does_nothing_twice() {
    let cleared = || parcel(ParcelFact::Cleared);
    to_be_paid()
        .hears(captured())
        .hears(labelled())
        .hears(cleared())
        .hears(label_asked())
        .then([])
        .hears(labelled())
        .then([])
        .hears(captured())
        .then([]);
}

#[test]
fn a_parcel_whose_label_was_replaced_is_cleared_with_the_new_one() {
    to_be_paid()
        .hears(labelled())
        .hears(label_asked())
        .then([])
        .hears(captured())
        .then([])
        .hears(labelled())
        .then([ask_parcel(ParcelCommand::Clear)]);
}

#[test]
fn the_carrier_is_asked_daily_and_each_question_has_its_number() {
    let asked = |inquiry| parcel(ParcelFact::CarrierAsked { inquiry });
    let ask =
        |inquiry| [ask_parcel(ParcelCommand::AskCarrier { inquiry }), wake(NOW + DAY, "track")];
    on_the_way()
        .wakes("track")
        .then(ask(1))
        // Nobody has heard of the first one yet.
        .wakes("track")
        .then(ask(1))
        .hears(asked(1))
        .then([])
        .wakes("track")
        .then(ask(2));
}

#[test]
fn a_parcel_unseen_for_ten_days_is_lost_only_if_the_carrier_was_asked_meanwhile() {
    let late = NOW + 10 * DAY;
    let gone = TrackingEvent { at: late + DAY, status: TrackingStatus::Lost, place: None };
    let ask = ask_parcel(ParcelCommand::AskCarrier { inquiry: 1 });
    // The shop stood still for ten days: nobody has asked.
    on_the_way()
        .at(late)
        .wakes("track")
        .then([ask, wake(late + DAY, "track")])
        .hears(parcel(ParcelFact::CarrierAsked { inquiry: 1 }))
        .then([])
        .at(late + DAY)
        .wakes("track")
        .then([
            ask_parcel(ParcelCommand::Track { events: vec![gone] }),
            wake(late + 2 * DAY, "track"),
        ]);
}

#[test]
fn a_parcel_that_arrives_ends_the_story_also_when_it_was_lost() {
    let delivered = || {
        [
            ask_order(OrderCommand::Deliver { fulfilment: Some(1) }),
            ask_own(FulfilmentCommand::Deliver),
            Step::Done,
        ]
    };
    on_the_way().hears(parcel(ParcelFact::Delivered { at: NOW })).then(delivered());
    on_the_way()
        .hears(parcel(ParcelFact::Lost { at: NOW }))
        .hears(parcel(ParcelFact::Delivered { at: NOW }))
        .then(delivered());
    let seen = TrackingEvent { at: NOW, status: TrackingStatus::InTransit, place: None };
    on_the_way().hears(parcel(ParcelFact::Tracked(seen))).then([]);
}

#[test]
fn a_lost_parcel_gives_back_what_the_order_says_it_was_worth() {
    let lost = OrderFact::Lost { fulfilment: 1, amount: gbp(650), payment: 1 };
    let refund = PaymentCommand::Refund { refund: 2_000_001, amount: gbp(650), reason: None };
    on_the_way()
        .hears(parcel(ParcelFact::Lost { at: NOW }))
        .then([
            ask_order(OrderCommand::Lose { fulfilment: 1 }),
            ask_own(FulfilmentCommand::Lose),
            Step::Forget("track".into()),
            wake(NOW + 3 * DAY, "lost"),
        ])
        .hears(order(lost))
        .then([])
        .wakes("lost")
        .then([ask_payment(1, refund)])
        .hears(payment(1, PaymentFact::Refunded { refund: 2_000_001, amount: gbp(650) }))
        .then([Step::Done]);
}

#[test]
fn fewer_units_reach_whoever_has_them_in_his_hands() {
    let gone = |line, units, all| {
        let lines = vec![warehouse::Units::new(line, units)];
        own(FulfilmentFact::Cancelled { lines, all })
    };
    let keep = || vec![warehouse::Units::new(1, 1)];
    picking().hears(gone(1, 1, false)).then([ask_pick(PickCommand::CancelLines { keep: keep() })]);
    packing().hears(gone(1, 1, false)).then([ask_pack(PackCommand::CancelLines { keep: keep() })]);
    sealed().hears(gone(1, 1, false)).then([]);
    sealed().hears(gone(1, 2, true)).then([ask_parcel(ParcelCommand::Cancel), Step::Done]);
}
