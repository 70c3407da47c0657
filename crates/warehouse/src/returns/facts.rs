//! What may have happened to a return. Published: variants are added, never changed.

use crate::{Units, inventory::Disposition};
use kernel::{Money, Sku};
use serde::{Deserialize, Serialize};

/// Facts of a stream `return/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum ReturnFact {
    /// Somebody wants to send these back.
    #[serde(rename = "returns/requested@1")]
    Requested {
        /// What.
        lines: Vec<ReturnLine>,
        /// What is asked for them, where it is not what they cost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed: Option<Money>,
    },
    /// Send them.
    #[serde(rename = "returns/authorised@1")]
    Authorised,
    /// Keep them.
    #[serde(rename = "returns/refused@1")]
    Refused,
    /// The carrier has them.
    #[serde(rename = "returns/in_transit@1")]
    InTransit,
    /// They are here.
    #[serde(rename = "returns/received@1")]
    Received {
        /// How many of each line.
        lines: Vec<Units>,
    },
    /// Somebody has looked at them.
    #[serde(rename = "returns/inspected@1")]
    Inspected {
        /// What becomes of them.
        lines: Vec<InspectedLine>,
    },
    /// Stock and money have moved.
    #[serde(rename = "returns/settled@1")]
    Settled {
        /// Paid back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund: Option<Money>,
        /// Credited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        goodwill: Option<Money>,
    },
    /// Nothing was sent in time.
    #[serde(rename = "returns/expired@1")]
    Expired,
}

/// A line that is to come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub units: u32,
    /// Why.
    #[serde(default, skip_serializing_if = "ReturnReason::is_unknown")]
    pub reason: ReturnReason,
    /// False for postage and the like: nothing comes back but money.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub stock_kept: bool,
}

fn yes() -> bool {
    true
}

/// Why it comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// Nobody has said.
    #[default]
    Unknown,
    /// Broken.
    Damaged,
    /// Not what was ordered.
    WrongItem,
    /// Not wanted any more.
    ChangedMind,
    /// Does not fit.
    WrongSize,
}

impl ReturnReason {
    fn is_unknown(&self) -> bool {
        *self == ReturnReason::Unknown
    }
}

/// A line that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InspectedLine {
    /// Number of the line in its order.
    pub line: u32,
    /// How many are accepted.
    pub units: u32,
    /// What becomes of them.
    #[serde(default)]
    pub disposition: Disposition,
}
