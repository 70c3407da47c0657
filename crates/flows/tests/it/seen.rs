//! What the views show is what the deciders remember, after whatever has happened.

use crate::world::World;
use commerce::orders::{self, Stage, Status};
use flows::{
    Shop, State, Stream,
    views::{Fulfilments, Order, Orders, Packs, Parcels, Picks, Returns, Stock, Stocks},
};
use kernel::View;
use std::collections::BTreeMap;
use warehouse::inventory::{self, Stage as Promise};

const STAGES: [Stage; 11] = [
    Stage::Open,
    Stage::Held,
    Stage::Committed,
    Stage::Released,
    Stage::Picked,
    Stage::Packed,
    Stage::Shipped,
    Stage::Delivered,
    Stage::Cancelled,
    Stage::Returned,
    Stage::Lost,
];

fn shown<V: View<Business = Shop>>(world: &World) -> BTreeMap<String, V::Document> {
    let mut documents: BTreeMap<String, V::Document> = BTreeMap::new();
    let mut keys = Vec::new();
    for recorded in &world.journal {
        V::concerns(recorded, &mut keys);
        for key in keys.drain(..) {
            V::evolve(documents.entry(key.clone()).or_default(), &key, recorded);
        }
    }
    documents
}

/// Every document agrees with the decider that it is about.
#[track_caller]
pub(crate) fn views_agree(world: &World) {
    let orders = shown::<Orders>(world);
    let (picks, packs) = (shown::<Picks>(world), shown::<Packs>(world));
    let (parcels, returns) = (shown::<Parcels>(world), shown::<Returns>(world));
    let (fulfilments, stocks) = (shown::<Fulfilments>(world), shown::<Stocks>(world));
    for (stream, state) in world.states() {
        match (stream, state) {
            (Stream::Order(id), State::Order(known)) => same_order(&orders[&id.to_string()], known),
            (Stream::Payment(id), State::Payment(known)) => {
                let order = &orders[&id.order.to_string()];
                let seen = order.payments.iter().find(|seen| seen.number == id.number);
                let seen = seen.expect("an order shows its payments");
                assert_eq!(seen.status, known.status(), "{id}");
                assert_eq!((seen.captured, seen.refunded), known.balance(), "{id}");
                assert_eq!(Some(order.money(seen.amount)), known.amount(), "{id}");
            }
            (Stream::Fulfilment(id), State::Fulfilment(known)) => {
                let seen = &fulfilments[&id.to_string()];
                assert_eq!(seen.status, known.stage(), "{id}");
                let lines: Vec<_> = seen.lines.iter().map(|seen| (seen.line, seen.units)).collect();
                let expected = known.lines().iter().map(|known| (known.line, known.units));
                assert_eq!(lines, expected.collect::<Vec<_>>(), "{id}");
                let order = &orders[&id.order.to_string()].fulfilments;
                let part = order.iter().find(|part| part.number == id.number);
                assert_eq!(part.map(|part| part.status), Some(known.stage()), "{id}");
            }
            (Stream::Pick(id), State::Pick(known)) => {
                let seen = &picks[&id.to_string()];
                assert_eq!(seen.status, known.stage(), "{id}");
                let picked = seen.lines.iter().map(|line| (line.line, line.picked));
                let picked: Vec<_> = picked.filter(|(_, units)| *units > 0).collect();
                let expected = known.picked().map(|known| (known.line, known.units));
                let expected: Vec<_> = expected.filter(|(_, units)| *units > 0).collect();
                assert_eq!(picked, expected, "{id}");
            }
            (Stream::Pack(id), State::Pack(known)) => {
                let seen = packs[&id.to_string()].lines.iter();
                let seen: Vec<_> = seen.map(|line| (line.line, line.quantity)).collect();
                let expected = known.lines().filter(|known| known.units > 0);
                let expected = expected.map(|known| (known.line, known.units));
                assert_eq!(seen, expected.collect::<Vec<_>>(), "{id}");
            }
            (Stream::Parcel(id), State::Parcel(known)) => {
                let seen = &parcels[&id.to_string()];
                assert_eq!(seen.status, known.status(), "{id}");
                assert_eq!(seen.tracking_number.as_deref(), known.tracking_number(), "{id}");
                assert_eq!(seen.seen_at, known.last_seen(), "{id}");
                let order = &orders[&id.order.to_string()].parcels;
                let brief = order.iter().find(|parcel| parcel.number == id.number);
                assert_eq!(brief.map(|parcel| parcel.status), Some(known.status()), "{id}");
            }
            (Stream::Return(id), State::Return(known)) => {
                assert_eq!(returns[&id.to_string()].status, known.stage(), "{id}");
            }
            (Stream::Stock(sku), State::Stock(known)) => {
                same_stock(&stocks[&sku.to_string()], known);
            }
            _ => {}
        }
    }
}

#[track_caller]
fn same_order(seen: &Order, known: &orders::Order) {
    for (number, line) in (1..).zip(&seen.lines) {
        let counts = known.counts(number).expect("a line that was asked for");
        let expected: Vec<u32> = STAGES.iter().map(|stage| counts.at(*stage)).collect();
        let units: Vec<u32> = STAGES.iter().map(|stage| line.units.at(*stage)).collect();
        assert_eq!(units, expected, "line {number}");
        assert_eq!(units.iter().sum::<u32>(), line.quantity, "line {number}");
    }
    assert_eq!(seen.lines.len(), known.lines());
    let word = |status: &dyn std::fmt::Debug| format!("{status:?}");
    assert_ne!(known.status(), Status::None);
    assert_eq!(word(&seen.status), word(&known.status()));
    assert_eq!(seen.totals().total, known.total());
    assert_eq!(seen.paid_by, known.paid_by());
    for reason in known.holds() {
        assert!(seen.on_hold.contains(&reason), "{reason:?}");
    }
    assert_eq!(seen.on_hold.len(), known.holds().count());
    for part in &seen.fulfilments {
        // A site may have opened what the order does not know of.
        let stage = known.fulfilment(part.number).unwrap_or(Stage::Committed);
        assert_eq!(part.stage, stage);
    }
}

#[track_caller]
fn same_stock(seen: &Stock, known: &inventory::Stock) {
    let units = |units: u64| i64::try_from(units).expect("a handful");
    let stages = [
        (Promise::Held, seen.held),
        (Promise::Committed, seen.committed),
        (Promise::Allocated, seen.allocated()),
        (Promise::Picked, seen.picked()),
        (Promise::Packed, seen.packed()),
    ];
    for (stage, seen) in stages {
        assert_eq!(seen, units(known.at(stage)), "{stage:?}");
    }
    assert_eq!(seen.on_hand(), units(known.on_hand()));
    assert_eq!(seen.blocked(), units(known.blocked()));
    assert_eq!(seen.short, units(known.short()));
    assert_eq!(seen.available(), units(known.available()));
    for site in &seen.sites {
        let at = known.site(&site.site).expect("a site where some of it lies");
        let known = [Promise::Allocated, Promise::Picked, Promise::Packed].map(|at_| at.at(at_));
        assert_eq!([site.allocated, site.picked, site.packed], known.map(units), "{}", site.site);
        assert_eq!(site.on_hand, units(at.on_hand()), "{}", site.site);
        assert_eq!(site.blocked, units(at.blocked()), "{}", site.site);
    }
}
