//! One document a SKU.

use super::*;
use kernel::{Column, FulfilmentId, SiteId};
use warehouse::inventory::{AdjustReason, Disposition, Stage};

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

fn held(units: u32) -> Fact {
    stock(StockFact::Held { line: line(), units })
}

fn seen(facts: &[Fact]) -> Stock {
    shown::<Stocks>(facts).remove("CUP").expect("a SKU")
}

#[test]
fn stock_on_hand_falls_at_hand_over_and_rises_only_with_what_can_be_sold_again() {
    let stock = seen(&[
        received(10),
        held(3),
        stock(StockFact::Committed { line: line(), units: 3 }),
        allocated(line(), crate::routing::home(), 3),
        stock(StockFact::Picked { line: line(), units: 3 }),
        stock(StockFact::Packed { line: line(), units: 3 }),
        stock(StockFact::HandedOver { line: line(), units: 3 }),
        restocked(2, Disposition::Restock),
        restocked(1, Disposition::Scrap),
        adjusted(-4),
        adjusted(1),
    ]);
    assert_eq!((stock.on_hand(), stock.promised(), stock.available()), (6, 0, 6));
    let moved = StockMoved { received: 10, handed_over: 3, restocked: 2, adjusted: -3 };
    assert_eq!((stock.moved, stock.version), (moved, 11));
}

#[test]
fn what_is_available_counts_promises_blocked_units_and_what_is_short() {
    let put_back =
        StockFact::PutBack { site: crate::routing::home(), units: 2, location: None, lot: None };
    let short = stock(StockFact::Shortfall { line: line(), units: 2, stage: Stage::Held });
    let covered = stock(StockFact::Covered { line: line(), units: 1, stage: Stage::Held });
    let available = |facts: &[Fact]| seen(facts).available();
    assert_eq!(available(&[received(10), held(4)]), 6);
    assert_eq!(available(&[received(10), held(4), released(4, Stage::Held, 0)]), 10);
    let taken = [
        received(10),
        held(4),
        stock(StockFact::Committed { line: line(), units: 4 }),
        allocated(line(), crate::routing::home(), 4),
        stock(StockFact::Picked { line: line(), units: 2 }),
        released(2, Stage::Picked, 0),
    ];
    assert_eq!((available(&taken), seen(&taken).blocked()), (6, 2));
    assert_eq!(available(&[&taken[..], &[stock(put_back)]].concat()), 8);
    let undercut = [received(4), held(4), short, adjusted(-2)];
    assert_eq!(available(&undercut), 0);
    let mended = [&undercut[..], &[received(1), covered]].concat();
    assert_eq!((available(&mended), seen(&mended).short), (0, 1));
}

#[test]
fn only_what_runs_low_is_listed_by_what_is_left() {
    assert_eq!(Stocks::columns(&seen(&[received(101)])), [None]);
    assert_eq!(Stocks::columns(&seen(&[received(101), held(1)])), [Some(Column::Number(100))]);
}

#[test]
fn each_site_shows_what_it_has_set_aside() {
    let other: SiteId = "NORTH".parse().unwrap();
    let far = LineId::new(id(), 2);
    let receive = StockFact::Received {
        site: other.clone(),
        units: 5,
        location: None,
        lot: None,
        reference: None,
    };
    let mut facts = vec![
        received(10),
        stock(receive),
        held(2),
        stock(StockFact::Held { line: far, units: 3 }),
        stock(StockFact::Committed { line: line(), units: 2 }),
        stock(StockFact::Committed { line: far, units: 3 }),
        allocated(line(), crate::routing::home(), 2),
        allocated(far, other.clone(), 3),
        stock(StockFact::Picked { line: far, units: 2 }),
        stock(StockFact::ShortPicked { line: far, units: 1 }),
        stock(StockFact::Packed { line: far, units: 2 }),
    ];
    let at = |stock: &Stock, nth: usize| {
        let site = &stock.sites[nth];
        (site.on_hand, site.allocated, site.picked, site.packed)
    };
    let before = seen(&facts);
    assert_eq!((at(&before, 0), at(&before, 1)), ((10, 2, 0, 0), (5, 0, 0, 2)));
    assert_eq!((before.held, before.committed), (0, 1));
    facts.push(stock(StockFact::HandedOver { line: far, units: 2 }));
    // Nothing of the line is left at the other site: it may be sent from the first.
    facts.push(allocated(far, crate::routing::home(), 1));
    let after = seen(&facts);
    assert_eq!((at(&after, 0), at(&after, 1)), ((10, 3, 0, 0), (3, 0, 0, 0)));
}

fn allocated(line: LineId, site: SiteId, units: u32) -> Fact {
    let (fulfilment, location, lot) = (FulfilmentId::new(id(), 1), None, None);
    stock(StockFact::Allocated { line, fulfilment, site, units, location, lot })
}
