//! What may have happened to a fulfilment. Published: variants are added, never changed.

use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::SiteId;
use serde::{Deserialize, Serialize};

/// Facts of a stream `fulfilment/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum FulfilmentFact {
    /// A site shall send these.
    #[serde(rename = "fulfilments/opened@1")]
    Opened {
        /// Which site.
        site: SiteId,
        /// What.
        lines: Vec<Goods>,
    },
    /// The site may begin.
    #[serde(rename = "fulfilments/released@1")]
    Released {
        /// With which wave; none where orders are released one by one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wave: Option<CompactString>,
    },
    /// A picker is on the way.
    #[serde(rename = "fulfilments/picking_started@1")]
    PickingStarted,
    /// The parcel is sealed.
    #[serde(rename = "fulfilments/packed@1")]
    Packed,
    /// The carrier has it.
    #[serde(rename = "fulfilments/handed_over@1")]
    HandedOver,
    /// The customer has it.
    #[serde(rename = "fulfilments/delivered@1")]
    Delivered,
    /// These will not be sent.
    #[serde(rename = "fulfilments/cancelled@1")]
    Cancelled {
        /// How many fewer of each line.
        lines: Vec<Units>,
        /// True when nothing is left.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    },
    /// The carrier has lost it.
    #[serde(rename = "fulfilments/lost@1")]
    Lost,
}
