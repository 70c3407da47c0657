//! What may have happened at the packing table. Published: variants are added, never changed.

use crate::{Goods, Units};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Facts of a stream `pack/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum PackFact {
    /// A tote waits to be packed.
    #[serde(rename = "packs/opened@1")]
    Opened {
        /// With these.
        lines: Vec<Goods>,
    },
    /// These were scanned into the carton.
    #[serde(rename = "packs/verified@1")]
    Verified {
        /// Of which line.
        line: u32,
        /// How many in all so far.
        verified: u32,
    },
    /// Closed and weighed.
    #[serde(rename = "packs/sealed@1")]
    Sealed {
        /// What is in it.
        lines: Vec<Units>,
        /// With everything.
        weight_grams: u32,
        /// Which kind of carton.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carton: Option<CompactString>,
    },
    /// These are not needed any more.
    #[serde(rename = "packs/lines_cancelled@1")]
    LinesCancelled {
        /// How many of each line.
        lines: Vec<Units>,
        /// True when nothing is left.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        all: bool,
    },
}
