//! Order timeline: what has happened to one order, in the order in which it happened.

use crate::wiring::{Fact, Shop};
use kernel::{Columns, OrderId, Recorded, Timestamp, View};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// What happened to an order, its payments, parcels and returns, under the order's id.
pub struct OrderTimeline;

/// All of it, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timeline {
    /// One entry a fact.
    pub moments: Vec<Moment>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Moment {
    /// When.
    pub at: Timestamp,
    /// In words.
    pub what: Cow<'static, str>,
    /// Which payment, parcel or return, where there may be several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
}

impl View for OrderTimeline {
    type Business = Shop;
    type Document = Timeline;

    const NAME: &'static str = "order_timeline";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &[];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Some((order, ..)) = told(&recorded.fact) {
            keys.push(order.to_string());
        }
    }

    fn evolve(timeline: &mut Timeline, _: &str, recorded: &Recorded<Shop>) {
        if let Some((_, number, what)) = told(&recorded.fact) {
            let at = recorded.at();
            timeline.moments.push(Moment { at, what: Cow::Borrowed(what), number });
        }
    }

    fn columns(_: &Timeline) -> Columns {
        vec![]
    }
}

/// Whose, which, and in words; none for what a customer need not know.
fn told(fact: &Fact) -> Option<(OrderId, Option<u32>, &'static str)> {
    match fact {
        Fact::Order(order, fact) => order_words(fact).map(|words| (*order, None, words)),
        Fact::Payment(payment, fact) => {
            payment_words(fact).map(|words| (payment.order, Some(payment.number), words))
        }
        Fact::Parcel(parcel, fact) => {
            parcel_words(fact).map(|words| (parcel.order, Some(parcel.number), words))
        }
        Fact::Return(id, fact) => {
            return_words(fact).map(|words| (id.order, Some(id.number), words))
        }
        _ => None,
    }
}

fn order_words(fact: &commerce::orders::OrderFact) -> Option<&'static str> {
    use commerce::orders::OrderFact as F;
    Some(match fact {
        F::Requested(_) => "ordered",
        F::Rejected { .. } => "rejected: not everything was in stock",
        F::Placed { .. } => "placed",
        F::PaymentSecured { .. } => "payment secured",
        F::Released { .. } => "being prepared",
        F::Packed { .. } => "packed",
        F::Shipped { .. } => "shipped",
        F::Delivered { .. } => "delivered",
        F::Lost { .. } => "lost on the way",
        F::Cancelled { all: true, .. } => "cancelled",
        F::Cancelled { all: false, .. } => "partly cancelled",
        F::Returned { .. } => "return accepted",
        F::Completed => "completed",
        F::Held { .. } => "on hold",
        F::Unheld { .. } => "hold lifted",
        F::PaymentTried { .. } | F::FulfilmentOpened { .. } | F::Picked { .. } => return None,
    })
}

fn payment_words(fact: &commerce::payments::PaymentFact) -> Option<&'static str> {
    use commerce::payments::PaymentFact as F;
    Some(match fact {
        F::Authorised { .. } => "payment authorised",
        F::Declined { .. } => "payment declined",
        F::Captured { .. } => "payment taken",
        F::CaptureFailed { .. } => "payment could not be taken",
        F::Refunded { .. } => "money given back",
        F::Voided => "payment released",
        F::Started { .. }
        | F::ActionRequired
        | F::Expired
        | F::CaptureAsked { .. }
        | F::RefundAsked { .. }
        | F::RefundFailed { .. }
        | F::VoidAsked
        | F::SurplusVoidAsked { .. }
        | F::SurplusVoided { .. }
        | F::QueryAsked
        | F::GaveUp { .. } => return None,
    })
}

fn parcel_words(fact: &warehouse::shipping::ParcelFact) -> Option<&'static str> {
    use warehouse::shipping::{ParcelFact as F, TrackingStatus as S};
    Some(match fact {
        F::LabelAsked { .. } => "another label asked for",
        F::HandedOver => "parcel handed over to the carrier",
        F::Tracked(event) => match event.status {
            S::OutForDelivery => "parcel out for delivery",
            S::AttemptFailed => "nobody was there",
            S::Delayed => "parcel delayed",
            _ => "parcel on its way",
        },
        F::Delivered { .. } => "parcel delivered",
        F::Lost { .. } => "parcel lost",
        F::ReturnedToSender { .. } => "parcel came back",
        _ => return None,
    })
}

fn return_words(fact: &warehouse::returns::ReturnFact) -> Option<&'static str> {
    use warehouse::returns::ReturnFact as F;
    Some(match fact {
        F::Requested { .. } => "return requested",
        F::Authorised => "return authorised",
        F::Refused { .. } => "return refused",
        F::Received { .. } => "return received",
        F::Settled { .. } => "return settled",
        F::Expired => "return expired",
        F::InTransit | F::Inspected { .. } | F::Closed => return None,
    })
}
