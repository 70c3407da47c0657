//! What may have happened to a parcel. Published: variants are added, never changed.

use compact_str::CompactString;
use kernel::{Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// Facts of a stream `parcel/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum ParcelFact {
    /// There is a parcel that needs a label.
    #[serde(rename = "shipping/created@1")]
    Created {
        /// Of which fulfilment of the order.
        fulfilment: u32,
        /// What it weighs.
        weight_grams: u32,
        /// With whom, where that is chosen already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carrier: Option<CompactString>,
        /// How fast, where that is chosen already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<CompactString>,
        /// Where to, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<VaultId>,
    },
    /// The carrier expects it.
    #[serde(rename = "shipping/labelled@1")]
    Labelled {
        /// What the carrier calls it.
        tracking_number: CompactString,
        /// With whom.
        carrier: CompactString,
        /// How fast.
        service: CompactString,
    },
    /// The carrier does not want it.
    #[serde(rename = "shipping/label_failed@1")]
    LabelFailed {
        /// In its words.
        reason: CompactString,
    },
    /// A label is asked for again: none was given, or one of another service is wished for.
    #[serde(rename = "shipping/label_asked@1")]
    LabelAsked {
        /// Which of the parcel's labels, from 1; the same again when nobody answered.
        number: u32,
        /// What the parcel weighs.
        weight_grams: u32,
        /// With whom, where that is chosen already.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carrier: Option<CompactString>,
        /// How fast; without, the carrier chooses.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        service: Option<CompactString>,
        /// Where to, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<VaultId>,
        /// The tracking number of the label in whose place it comes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        replaces: Option<CompactString>,
    },
    /// A label that nobody will use is to be void.
    #[serde(rename = "shipping/label_void_asked@1")]
    LabelVoidAsked {
        /// Which of the parcel's labels, from 1.
        number: u32,
        /// What the carrier calls it, where it has said so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tracking_number: Option<CompactString>,
    },
    /// Paid for: it may leave.
    #[serde(rename = "shipping/cleared@1")]
    Cleared,
    /// The carrier has it.
    #[serde(rename = "shipping/handed_over@1")]
    HandedOver,
    /// Nobody has seen it for long: what became of it?
    #[serde(rename = "shipping/carrier_asked@1")]
    CarrierAsked {
        /// How often that was asked.
        inquiry: u32,
    },
    /// The carrier has seen it.
    #[serde(rename = "shipping/tracked@1")]
    Tracked(TrackingEvent),
    /// The customer has it.
    #[serde(rename = "shipping/delivered@1")]
    Delivered {
        /// Since when, by the carrier's clock.
        at: Timestamp,
    },
    /// The carrier cannot find it.
    #[serde(rename = "shipping/lost@1")]
    Lost {
        /// Since when, by the carrier's clock.
        at: Timestamp,
    },
    /// It comes back.
    #[serde(rename = "shipping/returned_to_sender@1")]
    ReturnedToSender {
        /// Since when, by the carrier's clock.
        at: Timestamp,
    },
    /// It is not sent; its label is void.
    #[serde(rename = "shipping/cancelled@1")]
    Cancelled,
    /// What was asked of the carrier got no answer.
    #[serde(rename = "shipping/gave_up@1")]
    GaveUp {
        /// What was asked.
        what: GaveUp,
        /// Why there was no answer.
        reason: CompactString,
    },
}

/// The carrier saw it, or says what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingEvent {
    /// When, by the carrier's clock.
    pub at: Timestamp,
    /// What it says.
    pub status: TrackingStatus,
    /// The town, nothing closer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<CompactString>,
}

/// What a carrier says of a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingStatus {
    /// On its way.
    InTransit,
    /// In the van.
    OutForDelivery,
    /// Nobody was there.
    AttemptFailed,
    /// Later than promised.
    Delayed,
    /// The customer has it.
    Delivered,
    /// It cannot be found.
    Lost,
    /// It comes back.
    Returned,
}

/// What got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GaveUp {
    /// A label.
    Label,
    /// What became of it.
    Inquiry,
    /// That its label is void.
    Void,
}
