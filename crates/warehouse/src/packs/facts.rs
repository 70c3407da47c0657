//! What may have happened to a pack. Published: variants are added, never changed.

use crate::{Goods, Units};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Facts of a stream `pack/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum PackFact {
    /// These have been picked and shall be packed.
    #[serde(rename = "packs/opened@1")]
    Opened {
        /// What.
        lines: Vec<Goods>,
    },
    /// Seen, and put into the carton.
    #[serde(rename = "packs/verified@1")]
    Verified {
        /// Number of the line in its order.
        line: u32,
        /// How many more.
        units: u32,
    },
    /// Closed for good.
    #[serde(rename = "packs/sealed@1")]
    Sealed {
        /// Which carton, where cartons are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carton: Option<CompactString>,
        /// What it weighs.
        weight_grams: u32,
    },
    /// These are not wanted any more, and come out again.
    #[serde(rename = "packs/lines_cancelled@1")]
    LinesCancelled {
        /// How many fewer of each line.
        lines: Vec<Units>,
    },
    /// Nothing is wanted any more.
    #[serde(rename = "packs/cancelled@1")]
    Cancelled,
}
