//! One document an order.

use super::*;
use commerce::{orders::Stage, payments::PaymentStatus};
use kernel::{Column, FulfilmentId};
use warehouse::{
    fulfilments::{FulfilmentFact, FulfilmentStage},
    returns::ReturnStage,
    shipping::{ParcelStatus, TrackingEvent, TrackingStatus},
};

fn seen(facts: &[Fact]) -> Order {
    shown::<Orders>(facts).remove(&id().to_string()).expect("an order")
}

fn opened() -> Fact {
    let lines = vec![units(1, 2), units(2, 1)];
    order(OrderFact::FulfilmentOpened { fulfilment: 1, lines })
}

fn secured() -> Fact {
    order(OrderFact::PaymentSecured { payment: 1 })
}

/// Up to the parcel with two cups and a mug at the carrier's; a cup is still in the shop.
fn way() -> Vec<Fact> {
    vec![
        requested(),
        placed(),
        secured(),
        opened(),
        order(OrderFact::Released { fulfilment: 1 }),
        order(OrderFact::Picked { fulfilment: 1 }),
        packed(),
        order(OrderFact::Shipped { fulfilment: 1 }),
    ]
}

#[test]
fn an_order_tells_its_number_its_total_and_how_far_it_is() {
    use OrderStatus as Status;
    let end = [
        cancelled(vec![units(3, 1)], false, None),
        order(OrderFact::Delivered { fulfilment: Some(1), amount: None }),
        order(OrderFact::Completed),
    ];
    let facts = [way(), end.to_vec()].concat();
    let statuses = [
        Status::Requested,
        Status::Placed,
        Status::Paid,
        Status::Paid,
        Status::Released,
        Status::Released,
        Status::Released,
        Status::PartlyShipped,
        Status::Shipped,
        Status::Delivered,
        Status::Completed,
    ];
    for (told, status) in (1..).zip(statuses) {
        let order = seen(&facts[..told]);
        assert_eq!(order.status, status, "after {told} facts");
        assert_eq!((order.totals().total, order.quantity()), (gbp(1_200), 4));
    }
    let order = seen(&facts);
    assert_eq!((order.number, order.units(Stage::Cancelled), order.lines.len()), (100_001, 1, 3));
    assert_eq!((order.placed_at, order.version), (Some(NOW + Duration::from_secs(1)), 11));
    let totals = order.totals();
    assert_eq!((totals.goods, totals.shipping, totals.tax), (gbp(1_100), gbp(100), gbp(0)));
}

#[test]
fn each_line_counts_its_units() {
    let facts = way();
    let counts = |told: usize| {
        let units: Vec<String> = seen(&facts[..told])
            .lines
            .iter()
            .map(|line| serde_json::to_string(&line.units).unwrap())
            .collect();
        units.join(" ")
    };
    assert_eq!(counts(1), r#"{"open":2} {"open":1} {"open":1}"#);
    assert_eq!(counts(2), r#"{"held":2} {"held":1} {"held":1}"#);
    assert_eq!(counts(4), r#"{"committed":2} {"committed":1} {"committed":1}"#);
    assert_eq!(counts(7), r#"{"packed":2} {"packed":1} {"committed":1}"#);
    assert_eq!(counts(8), r#"{"shipped":2} {"shipped":1} {"committed":1}"#);
}

#[test]
fn an_order_without_a_parcel_is_delivered_at_once() {
    let delivered = order(OrderFact::Delivered { fulfilment: None, amount: Some(gbp(1_200)) });
    assert_eq!(seen(&[requested(), placed(), secured(), delivered]).status, OrderStatus::Delivered);
}

#[test]
fn a_placed_order_is_listed_by_number_status_time_and_customer_and_weighs_little() {
    let started =
        PaymentFact::Started { amount: gbp(1_200), method: Default::default(), token: None };
    let order = seen(&[requested(), placed(), payment(started)]);
    let expected = [
        Some(Column::Number(100_001)),
        Some(Column::Text("placed".into())),
        Some(Column::Number((NOW + Duration::from_secs(1)).micros())),
        Some(Column::Text("018f0000-0000-7000-8000-00000000c001".into())),
    ];
    assert_eq!(Orders::columns(&order), expected);
    let json = serde_json::to_string(&order).unwrap();
    assert!(json.len() < 600, "{} bytes: {json}", json.len());
    assert_eq!(Orders::columns(&seen(&[requested()]))[0], None);
}

#[test]
fn what_is_refunded_stands_at_its_lines_and_shipping_at_none() {
    let lost = OrderFact::Lost { fulfilment: 1, amount: gbp(1_000), payment: 1 };
    let refunded = |facts: &[Fact]| {
        let lines = seen(facts).lines;
        lines.iter().map(|line| line.refunded).collect::<Vec<_>>()
    };
    assert_eq!(refunded(&[way(), vec![order(lost)]].concat()), [500, 400, 0]);
    let returned = OrderFact::Returned {
        return_id: 1,
        lines: vec![units(1, 1), units(2, 1)],
        refund: gbp(325),
        goodwill: gbp(0),
        payment: 1,
    };
    let delivered = OrderFact::Delivered { fulfilment: Some(1), amount: None };
    let back = [way(), vec![order(delivered), order(returned)]].concat();
    assert_eq!(refunded(&back), [125, 200, 0]);
    assert_eq!(seen(&back).units(Stage::Returned), 2);
    let taken_out = cancelled(vec![units(1, 1), units(3, 1)], false, Some(gbp(250)));
    assert_eq!(refunded(&[way()[..7].to_vec(), vec![taken_out]].concat()), [250, 0, 0]);
}

#[test]
fn payments_stand_where_their_provider_left_them() {
    let started = |pence| PaymentFact::Started {
        amount: gbp(pence),
        method: Default::default(),
        token: None,
    };
    let yes = || PaymentFact::Authorised { reference: "A".into(), expires_at: Some(NOW) };
    let captured = |pence| PaymentFact::Captured { capture: 1, amount: gbp(pence) };
    let refunded = |pence| PaymentFact::Refunded { refund: 1, amount: gbp(pence) };
    let facts = [
        (started(1_200), PaymentStatus::Started),
        (PaymentFact::ActionRequired, PaymentStatus::ActionRequired),
        (yes(), PaymentStatus::Authorised),
        (PaymentFact::QueryAsked, PaymentStatus::Authorised),
        (captured(1_000), PaymentStatus::Captured),
        (yes(), PaymentStatus::Captured),
        (refunded(400), PaymentStatus::PartlyRefunded),
        (refunded(600), PaymentStatus::Refunded),
    ];
    let mut told = vec![requested(), placed()];
    for (fact, status) in facts {
        told.push(payment(fact));
        assert_eq!(seen(&told).payments[0].status, status, "{:?}", told.last());
    }
    let order = seen(&told);
    let OrderPayment { number, amount, captured, refunded, expires_at, .. } =
        order.payments[0].clone();
    assert_eq!((number, amount, captured, refunded), (1, 1_200, 1_000, 1_000));
    assert_eq!((expires_at, order.version), (Some(NOW), 2));
}

#[test]
fn fulfilments_parcels_and_returns_stand_beside_the_lines() {
    let site = crate::routing::home;
    let goods = warehouse::Goods { line: 1, sku: sku("CUP"), units: 2 };
    let parcel = |fact| Fact::Parcel(ParcelId::new(id(), 1), fact);
    let part = |fact| Fact::Fulfilment(FulfilmentId::new(id(), 1), fact);
    let labelled = ParcelFact::Labelled {
        tracking_number: "T1".into(),
        carrier: "royal-mail".into(),
        service: "48".into(),
    };
    let created = ParcelFact::Created {
        fulfilment: 1,
        weight_grams: 700,
        carrier: None,
        service: None,
        address: None,
    };
    let scan = |at, status| ParcelFact::Tracked(TrackingEvent { at, status, place: None });
    let more = [
        part(FulfilmentFact::Opened { site: site(), lines: vec![goods] }),
        part(FulfilmentFact::Packed),
        parcel(created),
        parcel(labelled),
        parcel(scan(NOW + DAY, TrackingStatus::OutForDelivery)),
        parcel(scan(NOW, TrackingStatus::InTransit)),
        Fact::Return(ReturnId::new(id(), 1), ReturnFact::Authorised),
    ];
    let order = seen(&[way(), more.to_vec()].concat());
    let [part] = &order.fulfilments[..] else { panic!("one fulfilment") };
    assert_eq!((&part.site, part.status), (&Some(site()), FulfilmentStage::Packed));
    assert_eq!((part.stage, part.lines.len()), (Stage::Shipped, 2));
    let [parcel] = &order.parcels[..] else { panic!("one parcel") };
    assert_eq!(parcel.status, ParcelStatus::OutForDelivery, "an older scan changes nothing");
    assert_eq!(parcel.tracking_number.as_deref(), Some("T1"));
    assert_eq!(order.returns, [OrderReturn { number: 1, status: ReturnStage::Authorised }]);
}

#[test]
fn a_rejected_order_may_be_asked_for_again() {
    let rejected = order(OrderFact::Rejected { short: vec![] });
    let facts = [requested(), rejected, requested(), placed()];
    assert_eq!(seen(&facts[..2]).status, OrderStatus::Rejected);
    assert_eq!(seen(&facts).status, OrderStatus::Placed);
    assert_eq!(seen(&facts).quantity(), 4);
}

#[test]
fn holds_and_the_reason_of_a_cancellation_are_shown() {
    use commerce::orders::HoldReason;
    let held = |reason| order(OrderFact::Held { reason });
    let unheld = order(OrderFact::Unheld { reason: HoldReason::Address });
    let all = cancelled(vec![units(1, 2), units(2, 1), units(3, 1)], true, None);
    let facts =
        [requested(), placed(), held(HoldReason::Address), held(HoldReason::Fraud), unheld, all];
    let order = seen(&facts);
    assert_eq!((order.status, order.on_hold), (OrderStatus::Cancelled, vec![HoldReason::Fraud]));
    assert_eq!((order.cancel_reason, order.pay_by), (Some(CancelReason::Staff), None));
}
