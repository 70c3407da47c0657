//! What may have happened to a pick. Published: variants are added, never changed.

use crate::Units;
use compact_str::CompactString;
use kernel::{Actor, Sku};
use serde::{Deserialize, Serialize};

/// Facts of a stream `pick/…`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum PickFact {
    /// Somebody shall take these from the shelves.
    #[serde(rename = "picks/opened@1")]
    Opened {
        /// For which fulfilment of the order.
        fulfilment: u32,
        /// What, and where it lies.
        lines: Vec<PickLine>,
    },
    /// Somebody is on the way.
    #[serde(rename = "picks/started@1")]
    Started {
        /// Who: `worker/…`, never a name.
        worker: Actor,
    },
    /// It waits for somebody again; what is in the tote stays in it.
    #[serde(rename = "picks/let_go@1")]
    LetGo,
    /// In the tote.
    #[serde(rename = "picks/line_picked@1")]
    LinePicked {
        /// Number of the line in its order.
        line: u32,
        /// How many, in all so far.
        units: u32,
        /// In which tote, where totes are scanned.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tote: Option<CompactString>,
    },
    /// There are no more; the line is finished.
    #[serde(rename = "picks/line_short@1")]
    LineShort {
        /// Number of the line in its order.
        line: u32,
        /// How many there were, in all.
        found: u32,
        /// Why not more.
        reason: ShortReason,
    },
    /// These are not wanted any more.
    #[serde(rename = "picks/lines_cancelled@1")]
    LinesCancelled {
        /// How many fewer of each line.
        lines: Vec<Units>,
    },
    /// Every line is finished.
    #[serde(rename = "picks/done@1")]
    Done,
    /// Nothing is wanted any more.
    #[serde(rename = "picks/cancelled@1")]
    Cancelled,
}

/// What is to be picked; `[line, sku, units]` in JSON, or `[line, sku, units, location]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct PickLine {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub units: u32,
    /// Bin, where bins are kept.
    pub location: Option<CompactString>,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Anywhere(u32, Sku, u32),
    In(u32, Sku, u32, CompactString),
}

impl From<Written> for PickLine {
    fn from(written: Written) -> PickLine {
        match written {
            Written::Anywhere(line, sku, units) => PickLine { line, sku, units, location: None },
            Written::In(line, sku, units, bin) => {
                PickLine { line, sku, units, location: Some(bin) }
            }
        }
    }
}

impl From<PickLine> for Written {
    fn from(PickLine { line, sku, units, location }: PickLine) -> Written {
        match location {
            None => Written::Anywhere(line, sku, units),
            Some(bin) => Written::In(line, sku, units, bin),
        }
    }
}

/// Why there were not more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShortReason {
    /// They are not there.
    Short,
    /// They are broken.
    Damaged,
    /// Something else lies there.
    WrongItem,
    /// Nobody can reach them.
    LocationBlocked,
}
