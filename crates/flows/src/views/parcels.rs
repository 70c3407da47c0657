//! Parcels: where each one is, and what the carrier says of it.

use super::brief::{micros, time, word};
use crate::wiring::{Fact, Shop};
use compact_str::CompactString;
use kernel::{Column, Columns, OrderId, Recorded, Timestamp, View};
use serde::{Deserialize, Serialize};
use warehouse::shipping::{GaveUp, ParcelFact, ParcelStatus, TrackingEvent, TrackingStatus};

/// Parcels, under the parcel's id. Columns: `status`; `order`; `tracking_number`; `since`, which is
/// set from its clearing to its hand-over, while it has a label: what has a value there, in its order,
/// is for the van.
pub struct Parcels;

/// One parcel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Parcel {
    /// Whose goods are in it.
    pub order: Option<OrderId>,
    /// Of which fulfilment of the order.
    pub fulfilment: u32,
    /// Where it is.
    pub status: ParcelStatus,
    /// With whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CompactString>,
    /// How fast; while a label is asked for, what is wished for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<CompactString>,
    /// What the carrier calls it. A label that was replaced is void: nothing travels under its number,
    /// and whoever looks for that finds nothing, as for any number that never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<CompactString>,
    /// What it weighs.
    pub weight_grams: u32,
    /// Why it has no label: the carrier did not want it, in his words, or did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label_failed: Option<CompactString>,
    /// What the carrier saw, in the order in which he told it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<TrackingEvent>,
    /// When the carrier saw it last, by his clock.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// When it was sealed.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// Since when it waits for the van.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub cleared_at: Option<Timestamp>,
    /// When the carrier took it.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub handed_over_at: Option<Timestamp>,
    /// Of its stream.
    pub version: u64,
}

impl View for Parcels {
    type Business = Shop;
    type Document = Parcel;

    const NAME: &'static str = "parcels";
    const SHAPE: u32 = 2;
    const COLUMNS: &'static [&'static str] = &["status", "order", "tracking_number", "since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Parcel(parcel, _) = &recorded.fact {
            keys.push(parcel.to_string());
        }
    }

    fn evolve(parcel: &mut Parcel, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Parcel(id, fact) = &recorded.fact else { return };
        (parcel.order, parcel.version) = (Some(id.order), recorded.version);
        parcel.hear(fact, recorded.at());
        follow(&mut parcel.status, &mut parcel.seen_at, fact);
    }

    fn columns(parcel: &Parcel) -> Columns {
        let gone = parcel.handed_over_at.is_some() || parcel.status == ParcelStatus::Cancelled;
        let stays = gone || parcel.tracking_number.is_none();
        vec![
            word(&parcel.status),
            parcel.order.map(|order| Column::Text(order.to_string())),
            parcel.tracking_number.as_ref().map(|number| Column::Text(number.to_string())),
            time(parcel.cleared_at.filter(|_| !stays)),
        ]
    }
}

impl Parcel {
    fn hear(&mut self, fact: &ParcelFact, now: Timestamp) {
        match fact {
            ParcelFact::Created { fulfilment, weight_grams, carrier, service, .. } => {
                (self.fulfilment, self.weight_grams) = (*fulfilment, *weight_grams);
                (self.carrier, self.service) = (carrier.clone(), service.clone());
                self.created_at = Some(now);
            }
            ParcelFact::Labelled { tracking_number, carrier, service } => {
                self.tracking_number = Some(tracking_number.clone());
                (self.carrier, self.service) = (Some(carrier.clone()), Some(service.clone()));
                self.label_failed = None;
            }
            ParcelFact::LabelFailed { reason } => self.label_failed = Some(reason.clone()),
            ParcelFact::GaveUp { what: GaveUp::Label, reason }
                if self.tracking_number.is_none() =>
            {
                self.label_failed = Some(reason.clone());
            }
            ParcelFact::LabelAsked { carrier, service, .. } => {
                (self.carrier, self.service) = (carrier.clone(), service.clone());
                (self.tracking_number, self.label_failed) = (None, None);
            }
            ParcelFact::Cleared => self.cleared_at = Some(now),
            ParcelFact::HandedOver => self.handed_over_at = Some(now),
            ParcelFact::Tracked(event) => self.events.push(event.clone()),
            ParcelFact::Delivered { at } => self.end(*at, TrackingStatus::Delivered),
            ParcelFact::Lost { at } => self.end(*at, TrackingStatus::Lost),
            ParcelFact::ReturnedToSender { at } => self.end(*at, TrackingStatus::Returned),
            ParcelFact::Cancelled
            | ParcelFact::LabelVoidAsked { .. }
            | ParcelFact::CarrierAsked { .. }
            | ParcelFact::GaveUp { .. } => {}
        }
    }

    fn end(&mut self, at: Timestamp, status: TrackingStatus) {
        self.events.push(TrackingEvent { at, status, place: None });
    }
}

/// Where a parcel is after a fact; an older sighting does not bring it back to where it was.
pub(super) fn follow(
    status: &mut ParcelStatus,
    seen_at: &mut Option<Timestamp>,
    fact: &ParcelFact,
) {
    use ParcelStatus as Status;
    *status = match fact {
        ParcelFact::Created { .. } => Status::Created,
        ParcelFact::Labelled { .. } if *status == Status::Created => Status::Labelled,
        ParcelFact::LabelAsked { .. } if *status == Status::Labelled => Status::Created,
        // The carrier's own scan may have come before ours.
        ParcelFact::HandedOver if *status == Status::Labelled => Status::HandedOver,
        ParcelFact::Tracked(event) if seen_at.is_none_or(|seen| event.at >= seen) => {
            *seen_at = Some(event.at);
            match (*status, event.status) {
                (Status::Delivered | Status::Lost | Status::Returned | Status::Cancelled, _) => {
                    return;
                }
                (_, TrackingStatus::InTransit) => Status::InTransit,
                (_, TrackingStatus::OutForDelivery) => Status::OutForDelivery,
                (_, TrackingStatus::AttemptFailed) => Status::AttemptFailed,
                (_, TrackingStatus::Delayed) => Status::Delayed,
                _ => return,
            }
        }
        ParcelFact::Delivered { at }
        | ParcelFact::Lost { at }
        | ParcelFact::ReturnedToSender { at } => {
            *seen_at = (*seen_at).max(Some(*at));
            match fact {
                ParcelFact::Delivered { .. } => Status::Delivered,
                ParcelFact::Lost { .. } => Status::Lost,
                _ => Status::Returned,
            }
        }
        ParcelFact::Cancelled => Status::Cancelled,
        ParcelFact::Labelled { .. }
        | ParcelFact::HandedOver
        | ParcelFact::Tracked(_)
        | ParcelFact::LabelFailed { .. }
        | ParcelFact::LabelAsked { .. }
        | ParcelFact::LabelVoidAsked { .. }
        | ParcelFact::Cleared
        | ParcelFact::CarrierAsked { .. }
        | ParcelFact::GaveUp { .. } => return,
    };
}
