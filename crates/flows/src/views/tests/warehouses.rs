//! Lists of the warehouse: what waits, and what is done.

use super::*;
use kernel::{Column, FulfilmentId, PackId, PickId, Quantity};
use warehouse::{
    Goods,
    fulfilments::{FulfilmentFact, FulfilmentStage},
    packs::PackFact,
    picks::{PickFact, PickLine, PickStage, ShortReason},
    returns::{Disposition, InspectedLine, ReturnLine, ReturnStage},
    shipping::{GaveUp, ParcelStatus, TrackingEvent, TrackingStatus},
};

/// True as long as the document stands on its work list.
fn waits<V: View<Business = Shop>>(document: &V::Document) -> bool {
    let since = V::COLUMNS.iter().position(|column| *column == "since").expect("a work list");
    let waits = &V::columns(document)[since];
    assert!(matches!(waits, None | Some(Column::Number(_))));
    waits.is_some()
}

#[test]
fn a_fulfilment_waits_until_the_carrier_has_it() {
    let part = |fact| Fact::Fulfilment(FulfilmentId::new(id(), 1), fact);
    let goods = |line, units| Goods { line, sku: sku("CUP"), units };
    let facts = [
        part(FulfilmentFact::Opened {
            site: crate::routing::home(),
            lines: vec![goods(1, 3), goods(2, 1)],
        }),
        part(FulfilmentFact::Released { wave: None }),
        part(FulfilmentFact::Cancelled { lines: vec![warehouse::Units::new(2, 1)], all: false }),
        part(FulfilmentFact::Packed),
        part(FulfilmentFact::HandedOver),
    ];
    let key = FulfilmentId::new(id(), 1).to_string();
    let seen = |told: usize| shown::<Fulfilments>(&facts[..told])[&key].clone();
    let open = seen(3);
    assert_eq!((open.status, open.lines.clone()), (FulfilmentStage::Released, vec![goods(1, 3)]));
    assert_eq!((open.opened_at, waits::<Fulfilments>(&open)), (Some(NOW), true));
    let columns = Fulfilments::columns(&open);
    assert_eq!(columns[..2], ["released", "MAIN"].map(|text| Some(Column::Text(text.into()))));
    assert!(waits::<Fulfilments>(&seen(4)) && !waits::<Fulfilments>(&seen(5)));
}

#[test]
fn a_pick_shows_what_is_still_wanted_and_waits_until_it_is_done() {
    let pick = |fact| Fact::Pick(PickId::new(id(), 1), fact);
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
    let seen = |told: usize| shown::<Picks>(&facts[..told])[&key].clone();
    let started = seen(5);
    assert_eq!((started.status, started.opened_at), (PickStage::Started, Some(NOW)));
    assert_eq!(started.worker, Some("worker/1".into()));
    let lines: Vec<_> =
        started.lines.iter().map(|line| (line.quantity, line.picked, line.short)).collect();
    assert_eq!(lines, [(2, 2, 0), (2, 1, 1)]);
    assert!(waits::<Picks>(&started));
    let done = seen(6);
    assert_eq!((done.status, done.lines.len(), done.version), (PickStage::Done, 2, 6));
    assert!(!waits::<Picks>(&done));
}

#[test]
fn a_pack_shows_what_is_missing_in_the_carton_and_waits_until_it_is_sealed() {
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
    let seen = |told: usize| shown::<Packs>(&facts[..told])[&key].clone();
    assert_eq!(seen(1).status, PackStatus::Open);
    let open = seen(4);
    assert_eq!((open.status, open.lines.len()), (PackStatus::Verifying, 1));
    assert_eq!((open.lines[0].quantity, open.lines[0].verified), (3, 2));
    assert!(waits::<Packs>(&open));
    let sealed = seen(5);
    assert_eq!((sealed.status, sealed.weight_grams), (PackStatus::Sealed, Some(700)));
    assert!(!waits::<Packs>(&sealed));
}

#[test]
fn a_parcel_is_for_the_van_from_its_clearing_to_its_hand_over() {
    let parcel = |fact| Fact::Parcel(ParcelId::new(id(), 1), fact);
    let seen = |facts: &[Fact]| shown::<Parcels>(facts).into_values().next().unwrap();
    let created = parcel(ParcelFact::Created {
        fulfilment: 1,
        weight_grams: 700,
        carrier: None,
        service: None,
        address: None,
    });
    let cleared = [created.clone(), labelled("T1"), parcel(ParcelFact::Cleared)];
    assert!(!waits::<Parcels>(&seen(&[created])));
    assert!(waits::<Parcels>(&seen(&cleared)));
    for end in [ParcelFact::HandedOver, ParcelFact::Cancelled] {
        let gone = seen(&[&cleared[..], &[parcel(end)]].concat());
        assert!(!waits::<Parcels>(&gone), "{gone:?}");
    }
}

fn labelled(number: &str) -> Fact {
    Fact::Parcel(
        ParcelId::new(id(), 1),
        ParcelFact::Labelled {
            tracking_number: number.into(),
            carrier: "royal-mail".into(),
            service: "48".into(),
        },
    )
}

#[test]
fn a_parcel_that_is_relabelled_waits_for_its_label_and_is_not_found_by_the_old_number() {
    let parcel = |fact| Fact::Parcel(ParcelId::new(id(), 1), fact);
    let asked = ParcelFact::LabelAsked {
        number: 2,
        weight_grams: 700,
        carrier: None,
        service: Some("24".into()),
        address: None,
        replaces: Some("T1".into()),
    };
    let nobody = ParcelFact::GaveUp { what: GaveUp::Label, reason: "no answer".into() };
    let created = ParcelFact::Created {
        fulfilment: 1,
        weight_grams: 700,
        carrier: None,
        service: None,
        address: None,
    };
    let facts = [
        parcel(created),
        labelled("T1"),
        parcel(ParcelFact::Cleared),
        parcel(asked.clone()),
        parcel(nobody),
        parcel(asked),
        labelled("T2"),
    ];
    let seen = |told: usize| shown::<Parcels>(&facts[..told]).into_values().next().unwrap();
    let number = |told: usize| Parcels::columns(&seen(told))[2].clone();
    let pending = seen(4);
    assert_eq!((pending.status, pending.service.as_deref()), (ParcelStatus::Created, Some("24")));
    assert!(!waits::<Parcels>(&pending));
    assert_eq!(number(4), None);
    assert_eq!(seen(5).label_failed.as_deref(), Some("no answer"));
    assert_eq!(seen(6).label_failed, None);
    assert!(waits::<Parcels>(&seen(7)));
    assert_eq!(number(7), Some(Column::Text("T2".into())));
}

#[test]
fn a_parcel_is_found_by_its_number_and_tells_where_it_was_seen() {
    let parcel = |fact| Fact::Parcel(ParcelId::new(id(), 1), fact);
    let event = |at, status| TrackingEvent { at, status, place: Some("Leeds".into()) };
    let facts = [
        parcel(ParcelFact::Labelled {
            tracking_number: "T1".into(),
            carrier: "royal-mail".into(),
            service: "48".into(),
        }),
        parcel(ParcelFact::HandedOver),
        parcel(ParcelFact::Tracked(event(NOW + DAY, TrackingStatus::OutForDelivery))),
        parcel(ParcelFact::Tracked(event(NOW, TrackingStatus::InTransit))),
        parcel(ParcelFact::Delivered { at: NOW + DAY * 2 }),
        parcel(ParcelFact::Tracked(event(NOW + DAY * 3, TrackingStatus::InTransit))),
    ];
    let seen = |told: usize| shown::<Parcels>(&facts[..told]).into_values().next().unwrap();
    assert_eq!(seen(4).status, ParcelStatus::OutForDelivery);
    let there = seen(6);
    assert_eq!((there.status, there.events.len()), (ParcelStatus::Delivered, 4));
    assert_eq!(there.seen_at, Some(NOW + DAY * 3));
    let columns = Parcels::columns(&there);
    assert_eq!(columns[1], Some(Column::Text(id().to_string())));
    assert_eq!(columns[2], Some(Column::Text("T1".into())));
}

#[test]
fn a_return_is_on_the_list_until_somebody_has_looked_at_it() {
    let some = |fact| Fact::Return(ReturnId::new(id(), 1), fact);
    let line = ReturnLine {
        line: 1,
        sku: sku("CUP"),
        quantity: Quantity::new(2).unwrap(),
        reason: Default::default(),
        stock_kept: true,
    };
    let judged = |units, disposition| InspectedLine { line: 1, units, disposition };
    let inspected = vec![judged(1, Disposition::Restock), judged(1, Disposition::BackToCustomer)];
    let facts = [
        some(ReturnFact::Requested { lines: vec![line], claimed: None }),
        some(ReturnFact::Authorised),
        some(ReturnFact::Received { lines: vec![warehouse::Units::new(1, 2)] }),
        some(ReturnFact::Inspected { lines: inspected }),
        some(ReturnFact::Settled { refund: gbp(250), goodwill: gbp(0) }),
    ];
    let seen = |told: usize| shown::<Returns>(&facts[..told]).into_values().next().unwrap();
    for told in 1..4 {
        assert!(waits::<Returns>(&seen(told)), "after {told} facts");
    }
    assert!(!seen(1).is_expected() && seen(2).is_expected() && seen(3).is_received());
    let settled = seen(5);
    assert_eq!((settled.status, settled.refund), (ReturnStage::Settled, Some(gbp(250))));
    assert_eq!(settled.goodwill, None);
    let line = &settled.lines[0];
    assert_eq!((line.requested, line.received, line.accepted), (2, 2, 1));
    assert!(line.disposition().is_some() && !waits::<Returns>(&settled));
}
