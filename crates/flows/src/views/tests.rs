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
    Actor, Currency, LineId, Money, OrderId, Origin, ParcelId, PaymentId, Recorded, ReturnId, Sku,
    Timestamp, View, spec::NOW,
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use warehouse::{inventory::StockFact, returns::ReturnFact, shipping::ParcelFact};

mod orders;
mod products;
mod stocks;
mod warehouses;

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
    order(OrderFact::Packed { fulfilment: 1, lines, amount: gbp(1_000), payment: 1, ship_to: None })
}

fn cancelled(lines: Vec<Units>, all: bool, refund: Option<Money>) -> Fact {
    let (cancellation, reason) = (1, CancelReason::Staff);
    order(OrderFact::Cancelled { cancellation, reason, lines, all, refund, payment: Some(1) })
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
