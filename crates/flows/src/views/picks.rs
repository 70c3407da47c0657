//! Picks: what is to be taken from the shelves, and what was.

use super::brief::{is_default, micros, time, word};
use crate::wiring::{Fact, Shop};
use compact_str::CompactString;
use kernel::{Actor, Columns, Recorded, Sku, Timestamp, View};
use serde::{Deserialize, Serialize};
use warehouse::{
    Units,
    picks::{PickFact, PickStage},
};

/// Picks, under the pick's id. Columns: `status`; `since`, which is set as long as it waits: what
/// has a value there, in its order, is the pickers' list.
pub struct Picks;

/// One pick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pick {
    /// For which fulfilment of its order.
    pub fulfilment: u32,
    /// How far it is.
    pub status: PickStage,
    /// Who is on the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub worker: Option<Actor>,
    /// What is to be taken, but for what was cancelled.
    pub lines: Vec<LineToPick>,
    /// Since when.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// Of its stream.
    pub version: u64,
}

/// One line of a pick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineToPick {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// Bin, where bins are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<CompactString>,
    /// How many.
    pub quantity: u32,
    /// In the tote.
    #[serde(default, skip_serializing_if = "is_default")]
    pub picked: u32,
    /// Not found: the line is finished without them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub short: u32,
}

impl LineToPick {
    /// How many there will be in the tote when the line is finished.
    pub fn wanted(&self) -> u32 {
        self.quantity.saturating_sub(self.short)
    }
}

impl View for Picks {
    type Business = Shop;
    type Document = Pick;

    const NAME: &'static str = "picks";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["status", "since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Pick(pick, _) = &recorded.fact {
            keys.push(pick.to_string());
        }
    }

    fn evolve(pick: &mut Pick, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Pick(_, fact) = &recorded.fact else { return };
        pick.hear(fact, recorded.at());
        pick.version = recorded.version;
    }

    fn columns(pick: &Pick) -> Columns {
        let waits = matches!(pick.status, PickStage::Open | PickStage::Started);
        vec![word(&pick.status), time(pick.opened_at.filter(|_| waits))]
    }
}

impl Pick {
    fn hear(&mut self, fact: &PickFact, at: Timestamp) {
        match fact {
            PickFact::Opened { fulfilment, lines } => {
                let line = |line: &warehouse::picks::PickLine| LineToPick {
                    line: line.line,
                    sku: line.sku.clone(),
                    location: line.location.clone(),
                    quantity: line.units,
                    picked: 0,
                    short: 0,
                };
                (self.fulfilment, self.status) = (*fulfilment, PickStage::Open);
                (self.lines, self.opened_at) = (lines.iter().map(line).collect(), Some(at));
            }
            PickFact::Started { worker } => {
                (self.status, self.worker) = (PickStage::Started, Some(worker.clone()));
            }
            PickFact::LetGo => (self.status, self.worker) = (PickStage::Open, None),
            PickFact::LinePicked { line, units, .. } => {
                self.change(*line, |line| line.picked = *units);
            }
            PickFact::LineShort { line, found, .. } => self.change(*line, |line| {
                line.picked = *found;
                line.short = line.quantity.saturating_sub(*found);
            }),
            PickFact::LinesCancelled { lines } => {
                for Units { line, units } in lines {
                    self.change(*line, |line| {
                        line.quantity = line.quantity.saturating_sub(*units);
                        line.picked = line.picked.min(line.wanted());
                    });
                }
                self.lines.retain(|line| line.quantity > 0);
            }
            PickFact::Done => self.status = PickStage::Done,
            PickFact::Cancelled => self.status = PickStage::Cancelled,
        }
    }

    fn change(&mut self, line: u32, change: impl Fn(&mut LineToPick)) {
        self.lines.iter_mut().filter(|known| known.line == line).for_each(change);
    }
}
