//! From facts to documents.

use super::*;
use crate::wiring::{Fact, Shop};
use commerce::{
    credit_notes::{CreditNoteFact, CreditNoteIssue, CreditReason},
    ledger::LedgerFact,
    orders::{CancelReason, OrderFact, OrderLine, Requested, Units},
    payments::PaymentFact,
};
use kernel::{
    Actor, Currency, LineId, Money, OrderId, Origin, PackId, ParcelId, PaymentId, PickId, Quantity,
    Recorded, ReturnId, Sku, Timestamp, View, spec::NOW,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use warehouse::{
    Goods,
    inventory::{AdjustReason, Disposition, Stage, StockFact},
    packs::PackFact,
    picks::{PickFact, PickLine, ShortReason},
    returns::{ReturnFact, ReturnLine},
    shipping::ParcelFact,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The documents of a view after these facts, a second apart.
fn shown<V: View<Business = Shop>>(facts: &[Fact]) -> BTreeMap<String, V::Document> {
    let seconds = |number: u64| NOW + Duration::from_secs(number);
    shown_at::<V>((0..).zip(facts).map(|(number, fact)| (seconds(number), fact.clone())))
}

fn shown_at<V: View<Business = Shop>>(
    facts: impl IntoIterator<Item = (Timestamp, Fact)>,
) -> BTreeMap<String, V::Document> {
    let mut documents: BTreeMap<String, V::Document> = BTreeMap::new();
    for (position, (at, fact)) in (1..).zip(facts) {
        let (command, correlation, fingerprint) = (None, None, None);
        let origin = Origin { at, command, correlation, actor: Actor::SYSTEM, fingerprint };
        let (version, cause, origin) = (position, None, Arc::new(origin));
        let recorded = Recorded { position, version, cause, origin, fact };
        let mut keys = Vec::new();
        V::concerns(&recorded, &mut keys);
        for key in keys {
            V::evolve(documents.entry(key.clone()).or_default(), &key, &recorded);
        }
    }
    for document in documents.values() {
        assert_eq!(V::columns(document).len(), V::COLUMNS.len());
        let json = serde_json::to_string(document).unwrap();
        assert!(serde_json::from_str::<V::Document>(&json).unwrap() == *document, "{json}");
    }
    documents
}

fn id() -> OrderId {
    "018f0000-0000-7000-8000-000000000001".parse().unwrap()
}

fn sku(code: &str) -> Sku {
    code.parse().unwrap()
}

fn gbp(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn order(fact: OrderFact) -> Fact {
    Fact::Order(id(), fact)
}

fn payment(fact: PaymentFact) -> Fact {
    Fact::Payment(PaymentId::new(id(), 1), fact)
}

fn stock(fact: StockFact) -> Fact {
    Fact::Stock(sku("CUP"), fact)
}

fn pick(fact: PickFact) -> Fact {
    Fact::Pick(PickId::new(id(), 1), fact)
}

fn line() -> LineId {
    LineId::new(id(), 1)
}

/// Two cups, a mug and postage to France.
fn requested() -> Fact {
    let line = |code, units, pence, stock_kept| OrderLine {
        sku: sku(code),
        units,
        unit_price: gbp(pence),
        stock_kept,
    };
    order(OrderFact::Requested(Box::new(Requested {
        customer: "018f0000-0000-7000-8000-00000000c001".parse().unwrap(),
        country: "France".into(),
        currency: Currency::GBP,
        lines: vec![
            line("CUP", 2, 250, true),
            line("MUG", 1, 400, true),
            line("CUP", 1, 200, true),
        ],
        shipping: Some(gbp(100)),
        method: Default::default(),
        token: None,
        ship_to: None,
        email: None,
        pay_within_seconds: None,
        return_window_days: None,
        from_cart: false,
    })))
}

fn placed() -> Fact {
    order(OrderFact::Placed { number: 100_001, pay_by: NOW })
}

fn units(line: u32, units: u32) -> Units {
    Units { line, units }
}

fn packed() -> Fact {
    let lines = vec![units(1, 2), units(2, 1)];
    order(OrderFact::Packed { fulfilment: 1, lines, amount: gbp(1_000), payment: 1 })
}

fn cancelled(lines: Vec<Units>, all: bool, refund: Option<Money>) -> Fact {
    let (cancellation, reason) = (1, CancelReason::Staff);
    order(OrderFact::Cancelled { cancellation, reason, lines, all, refund, payment: Some(1) })
}

#[test]
fn an_order_summary_tells_number_total_and_how_far_it_is() {
    let facts = [
        requested(),
        placed(),
        order(OrderFact::PaymentSecured { payment: 1 }),
        order(OrderFact::Released { fulfilment: 1 }),
        packed(),
        order(OrderFact::Shipped { fulfilment: 1 }),
        cancelled(vec![units(3, 1)], false, None),
        order(OrderFact::Delivered { fulfilment: Some(1), amount: None }),
        order(OrderFact::Completed),
    ];
    use SummaryStatus as Status;
    let statuses = [
        Status::Requested,
        Status::Placed,
        Status::Paid,
        Status::Released,
        Status::Released,
        Status::PartlyShipped,
        Status::Shipped,
        Status::Delivered,
        Status::Completed,
    ];
    for (told, status) in (1..).zip(statuses) {
        let summary = &shown::<OrderSummary>(&facts[..told])[&id().to_string()];
        assert_eq!(summary.status, status, "after {told} facts");
        assert_eq!((summary.total, summary.units), (Some(gbp(1_200)), 4));
    }
    let summary = &shown::<OrderSummary>(&facts)[&id().to_string()];
    assert_eq!((summary.number, summary.cancelled, summary.lines), (100_001, 1, 3));
    assert_eq!(summary.placed_at, Some(NOW + Duration::from_secs(1)));
}

#[test]
fn an_order_without_a_parcel_is_delivered_at_once() {
    let delivered = order(OrderFact::Delivered { fulfilment: None, amount: Some(gbp(1_200)) });
    let summary = shown::<OrderSummary>(&[requested(), placed(), delivered]);
    assert_eq!(summary[&id().to_string()].status, SummaryStatus::Delivered);
}

#[test]
fn a_timeline_tells_what_happened_in_words_and_nothing_that_is_nobodys_business() {
    let parcel = |fact| Fact::Parcel(ParcelId::new(id(), 1), fact);
    let timeline = shown::<OrderTimeline>(&[
        requested(),
        stock(StockFact::Held { line: line(), units: 2 }),
        placed(),
        payment(PaymentFact::Authorised { reference: "A".into(), expires_at: None }),
        payment(PaymentFact::QueryAsked),
        packed(),
        parcel(ParcelFact::HandedOver),
        cancelled(vec![units(3, 1)], false, None),
        Fact::Return(ReturnId::new(id(), 2), ReturnFact::Authorised),
    ]);
    let told: Vec<(&str, Option<u32>)> = timeline[&id().to_string()]
        .moments
        .iter()
        .map(|moment| (moment.what.as_ref(), moment.number))
        .collect();
    let expected = [
        ("ordered", None),
        ("placed", None),
        ("payment authorised", Some(1)),
        ("packed", None),
        ("parcel handed over to the carrier", Some(1)),
        ("partly cancelled", None),
        ("return authorised", Some(2)),
    ];
    assert_eq!(told, expected);
}

fn received(units: u32) -> Fact {
    let (location, lot, reference) = (None, None, None);
    stock(StockFact::Received { site: crate::routing::home(), units, location, lot, reference })
}

fn released(units: u32, stage: Stage, short: u32) -> Fact {
    stock(StockFact::Released { line: line(), units, stage, short })
}

fn restocked(units: u32, disposition: Disposition) -> Fact {
    let (site, return_id, line) = (crate::routing::home(), ReturnId::new(id(), 1), 1);
    stock(StockFact::Restocked { site, return_id, line, units, disposition })
}

fn adjusted(change: i64) -> Fact {
    let (site, reason, location, lot) = (crate::routing::home(), AdjustReason::Count, None, None);
    stock(StockFact::Adjusted { site, change, reason, location, lot })
}

#[test]
fn stock_on_hand_falls_at_hand_over_and_rises_only_with_what_can_be_sold_again() {
    let stock = shown::<StockOnHand>(&[
        received(10),
        stock(StockFact::Held { line: line(), units: 3 }),
        stock(StockFact::HandedOver { line: line(), units: 3 }),
        restocked(2, Disposition::Restock),
        restocked(1, Disposition::Scrap),
        adjusted(-4),
        adjusted(1),
    ]);
    let expected = OnHand { on_hand: 6, received: 10, handed_over: 3, restocked: 2, adjusted: -3 };
    assert_eq!(stock["CUP"], expected);
}

#[test]
fn available_to_promise_counts_promises_blocked_units_and_what_is_short() {
    let held = |units| stock(StockFact::Held { line: line(), units });
    let site = crate::routing::home;
    let put_back = stock(StockFact::PutBack { site: site(), units: 2, location: None, lot: None });
    let short = stock(StockFact::Shortfall { line: line(), units: 2, stage: Stage::Held });
    let covered = stock(StockFact::Covered { line: line(), units: 1, stage: Stage::Held });
    let available = |facts: &[Fact]| shown::<AvailableToPromise>(facts)["CUP"].available;
    assert_eq!(available(&[received(10), held(4)]), 6);
    assert_eq!(available(&[received(10), held(4), released(4, Stage::Held, 0)]), 10);
    let taken = released(2, Stage::Picked, 0);
    assert_eq!(available(&[received(10), held(4), taken.clone()]), 6);
    assert_eq!(available(&[received(10), held(4), taken, put_back]), 8);
    let undercut = [received(4), held(4), short, adjusted(-2)];
    assert_eq!(available(&undercut), 0);
    let mended = [&undercut[..], &[received(1), covered]].concat();
    assert_eq!(available(&mended), 0);
    assert_eq!(shown::<AvailableToPromise>(&mended)["CUP"].short, 1);
}

#[test]
fn sales_belong_to_the_day_of_the_fact() {
    let returned = OrderFact::Returned {
        return_id: 1,
        lines: vec![units(1, 1)],
        refund: gbp(250),
        goodwill: gbp(50),
        payment: 1,
    };
    let days = shown_at::<SalesPerDay>([
        (NOW, requested()),
        (NOW + DAY, packed()),
        (NOW + DAY, cancelled(vec![units(1, 1)], false, Some(gbp(100)))),
        (NOW + DAY * 2, order(returned)),
    ]);
    let sales = |orders, units, minor| Sales { orders, units, minor };
    assert_eq!(days["2026-11-20"], sales(1, 4, 0));
    assert_eq!(days["2026-11-21"], sales(0, 0, 900));
    assert_eq!(days["2026-11-22"], sales(0, 0, -250));
}

#[test]
fn sales_per_product_and_country_count_an_order_once() {
    let products = shown::<SalesPerProduct>(&[requested()]);
    assert_eq!(products["CUP"], Sales { orders: 1, units: 3, minor: 700 });
    assert_eq!(products["MUG"], Sales { orders: 1, units: 1, minor: 400 });
    let countries = shown::<SalesPerCountry>(&[requested()]);
    assert_eq!(countries["France"], Sales { orders: 1, units: 4, minor: 1_100 });
}

#[test]
fn the_cash_ledger_balances_what_was_taken_given_back_and_corrected() {
    let issue = CreditNoteIssue {
        customer: None,
        country: None,
        amount: gbp(30),
        reason: CreditReason::Goodwill,
        return_id: None,
        sku: None,
        units: 0,
    };
    let note = kernel::CreditNoteId(id().0);
    let adjusted = LedgerFact::Adjusted { amount: gbp(-200), reason: "bad_debt".into() };
    let cash = shown::<CashLedger>(&[
        payment(PaymentFact::Captured { capture: 1, amount: gbp(900) }),
        payment(PaymentFact::Refunded { refund: 1, amount: gbp(250) }),
        payment(PaymentFact::Captured { capture: 2, amount: Money::new(5, Currency::EUR) }),
        Fact::CreditNote(note, CreditNoteFact::Issued(issue)),
        Fact::Ledger("cash".parse().unwrap(), adjusted),
    ]);
    let (captured, refunded, credited) = (900, 250, 30);
    let pounds = Cash { captured, refunded, credited, adjusted: -200, balance: 450 };
    assert_eq!(cash["GBP"], pounds);
    assert_eq!(cash["EUR"].balance, 5);
}

#[test]
fn a_pick_list_shows_what_is_still_wanted_until_the_pick_is_done() {
    let line = |line, units| PickLine { line, sku: sku("CUP"), units, location: None };
    let facts = [
        pick(PickFact::Opened { fulfilment: 1, lines: vec![line(1, 3), line(2, 2)] }),
        pick(PickFact::Started { worker: "worker/1".into() }),
        pick(PickFact::LinesCancelled { lines: vec![warehouse::Units::new(1, 1)] }),
        pick(PickFact::LinePicked { line: 1, units: 2, tote: None }),
        pick(PickFact::LineShort { line: 2, found: 1, reason: ShortReason::Short }),
        pick(PickFact::Done),
    ];
    let key = PickId::new(id(), 1).to_string();
    let list = &shown::<PickList>(&facts[..5])[&key];
    assert_eq!((list.started, list.since), (true, Some(NOW)));
    assert_eq!(list.lines, [line(1, 2), line(2, 1)]);
    assert_eq!(list.picked, [warehouse::Units::new(1, 2)]);
    assert_eq!(shown::<PickList>(&facts)[&key], ToPick::default());
}

#[test]
fn a_pack_list_shows_what_is_missing_in_the_carton_until_it_is_sealed() {
    let pack = |fact| Fact::Pack(PackId::new(id(), 1), fact);
    let goods = |line, units| Goods { line, sku: sku("CUP"), units };
    let facts = [
        pack(PackFact::Opened { lines: vec![goods(1, 3), goods(2, 1)] }),
        pack(PackFact::Verified { line: 1, units: 1 }),
        pack(PackFact::Verified { line: 1, units: 1 }),
        pack(PackFact::LinesCancelled { lines: vec![warehouse::Units::new(2, 1)] }),
        pack(PackFact::Sealed { carton: None, weight_grams: 700 }),
    ];
    let key = PackId::new(id(), 1).to_string();
    let list = &shown::<PackList>(&facts[..4])[&key];
    assert_eq!(list.lines, [goods(1, 3)]);
    assert_eq!(list.verified, [warehouse::Units::new(1, 2)]);
    assert_eq!(shown::<PackList>(&facts)[&key], ToPack::default());
}

#[test]
fn a_parcel_is_for_the_van_from_its_clearing_to_its_hand_over() {
    let parcel = |fact| Fact::Parcel(ParcelId::new(id(), 1), fact);
    let key = ParcelId::new(id(), 1).to_string();
    let cleared = [parcel(ParcelFact::Cleared)];
    assert_eq!(shown::<VanList>(&cleared)[&key], ToShip { since: Some(NOW) });
    for end in [ParcelFact::HandedOver, ParcelFact::Cancelled] {
        let facts = [parcel(ParcelFact::Cleared), parcel(end)];
        assert_eq!(shown::<VanList>(&facts)[&key], ToShip::default());
    }
}

#[test]
fn a_return_is_on_the_list_until_somebody_has_looked_at_it() {
    let some = |fact| Fact::Return(ReturnId::new(id(), 1), fact);
    let line = ReturnLine {
        line: 1,
        sku: sku("CUP"),
        quantity: Quantity::new(1).unwrap(),
        reason: Default::default(),
        stock_kept: true,
    };
    let facts = [
        some(ReturnFact::Requested { lines: vec![line.clone()], claimed: None }),
        some(ReturnFact::Authorised),
        some(ReturnFact::Received { lines: vec![warehouse::Units::new(1, 1)] }),
        some(ReturnFact::Inspected { lines: vec![] }),
    ];
    let key = ReturnId::new(id(), 1).to_string();
    let list = &shown::<ReturnList>(&facts[..3])[&key];
    assert_eq!((list.authorised, list.received, &list.lines), (true, true, &vec![line]));
    assert_eq!(shown::<ReturnList>(&facts)[&key], ToReturn::default());
}
