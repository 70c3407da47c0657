//! What may have happened to a fulfilment. Published: variants are added, never changed.

use crate::{Goods, Units};
use compact_str::CompactString;
use kernel::{SiteId, VaultId};
use serde::{Deserialize, Serialize};

/// Facts of a stream `fulfilment/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum FulfilmentFact {
    /// A site is to send these.
    #[serde(rename = "fulfilments/opened@1")]
    Opened {
        /// Which.
        site: SiteId,
        /// What.
        lines: Vec<Goods>,
        /// Where to, in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        address: Option<VaultId>,
    },
    /// Work may begin: by itself, or with a wave.
    #[serde(rename = "fulfilments/released@1")]
    Released {
        /// Which wave; none when it streams.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wave: Option<CompactString>,
    },
    /// Sealed.
    #[serde(rename = "fulfilments/packed@1")]
    Packed,
    /// With the carrier.
    #[serde(rename = "fulfilments/handed_over@1")]
    HandedOver,
    /// With the customer.
    #[serde(rename = "fulfilments/delivered@1")]
    Delivered,
    /// Gone on the way.
    #[serde(rename = "fulfilments/lost@1")]
    Lost,
    /// These are not sent.
    #[serde(rename = "fulfilments/cancelled@1")]
    Cancelled {
        /// How many of each line.
        lines: Vec<Units>,
        /// True when nothing is left.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    },
}
