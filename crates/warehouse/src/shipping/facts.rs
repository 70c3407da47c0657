//! What may have happened to a parcel. Published: variants are added, never changed.

use compact_str::CompactString;
use kernel::{Timestamp, VaultId};
use serde::{Deserialize, Serialize};

/// Facts of a stream `parcel/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum ParcelFact {
    /// A sealed carton waits for its label.
    #[serde(rename = "parcels/created@1")]
    Created {
        /// Which fulfilment of the order is in it.
        fulfilment: u32,
        /// With everything.
        weight_grams: u32,
        /// Where it goes, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<VaultId>,
    },
    /// The carrier takes it.
    #[serde(rename = "parcels/labelled@1")]
    Labelled {
        /// Which carrier.
        carrier: CompactString,
        /// Which of its services.
        service: CompactString,
        /// What the carrier calls the parcel.
        tracking_number: CompactString,
    },
    /// The carrier is to be asked for a label once more.
    #[serde(rename = "parcels/label_asked@1")]
    LabelAsked,
    /// The carrier does not take it.
    #[serde(rename = "parcels/label_failed@1")]
    LabelFailed {
        /// The carrier's code.
        reason: CompactString,
    },
    /// It may leave.
    #[serde(rename = "parcels/cleared@1")]
    Cleared,
    /// The carrier has it.
    #[serde(rename = "parcels/handed_over@1")]
    HandedOver,
    /// The carrier is to say where it is.
    #[serde(rename = "parcels/carrier_asked@1")]
    CarrierAsked,
    /// It was seen on its way.
    #[serde(rename = "parcels/tracked@1")]
    Tracked {
        /// When.
        at: Timestamp,
        /// How.
        status: TrackingStatus,
    },
    /// The customer has it.
    #[serde(rename = "parcels/delivered@1")]
    Delivered {
        /// Since when.
        at: Timestamp,
    },
    /// Nobody knows where it is.
    #[serde(rename = "parcels/lost@1")]
    Lost,
    /// It comes back.
    #[serde(rename = "parcels/returned@1")]
    Returned {
        /// Since when.
        at: Timestamp,
    },
    /// It is not sent.
    #[serde(rename = "parcels/cancelled@1")]
    Cancelled,
    /// The carrier could not be reached for too long.
    #[serde(rename = "parcels/gave_up@1")]
    GaveUp {
        /// What was wanted.
        errand: CarrierErrand,
        /// What went wrong.
        reason: CompactString,
    },
}

/// One thing that a carrier tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrackingEvent {
    /// When it happened.
    pub at: Timestamp,
    /// What.
    pub status: TrackingStatus,
}

/// Where a parcel is on its way (product.md, Packing and shipping).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrackingStatus {
    /// Between depots.
    InTransit,
    /// In the van.
    OutForDelivery,
    /// Nobody was there.
    AttemptFailed,
    /// Later than promised.
    Delayed,
    /// With the customer.
    Delivered,
    /// Gone.
    Lost,
    /// On its way back.
    Returned,
}

/// What is asked of a carrier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarrierErrand {
    /// Take it.
    Label,
    /// Where is it?
    Track,
}
