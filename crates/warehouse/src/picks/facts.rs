//! What may have happened on a pick. Published: variants are added, never changed.

use crate::{Goods, Units};
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Facts of a stream `pick/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum PickFact {
    /// There is something to take.
    #[serde(rename = "picks/opened@1")]
    Opened {
        /// What.
        lines: Vec<Goods>,
    },
    /// Somebody is on the way.
    #[serde(rename = "picks/started@1")]
    Started {
        /// A reference, no name.
        worker: CompactString,
    },
    /// These lie in the tote.
    #[serde(rename = "picks/line_picked@1")]
    LinePicked {
        /// Of which line.
        line: u32,
        /// How many in all so far.
        picked: u32,
    },
    /// No more than these were there.
    #[serde(rename = "picks/line_short@1")]
    LineShort {
        /// Of which line.
        line: u32,
        /// How many in all were found.
        found: u32,
        /// How many are missing.
        missing: u32,
        /// Why.
        reason: ShortReason,
    },
    /// These are not needed any more.
    #[serde(rename = "picks/lines_cancelled@1")]
    LinesCancelled {
        /// How many of each line.
        lines: Vec<Units>,
    },
    /// Nothing is left to take.
    #[serde(rename = "picks/done@1")]
    Done,
}

/// Why a picker did not find enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortReason {
    /// The bin was empty.
    NotFound,
    /// What was there is broken.
    Damaged,
}
