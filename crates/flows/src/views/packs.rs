//! Packs: what belongs in each carton, and what is in it.

use super::brief::{is_default, micros, time, word};
use crate::wiring::{Fact, Shop};
use compact_str::CompactString;
use kernel::{Columns, Recorded, Sku, Timestamp, View};
use serde::{Deserialize, Serialize};
use warehouse::{Goods, Units, packs::PackFact};

/// Packs, under the pack's id. Columns: `status`; `since`, which is set as long as it waits: what
/// has a value there, in its order, is the packers' list.
pub struct Packs;

/// One pack; its number is that of its fulfilment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pack {
    /// How far it is.
    pub status: PackStatus,
    /// What belongs in the carton, but for what was cancelled.
    pub lines: Vec<LineToPack>,
    /// Which carton, where cartons are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carton: Option<CompactString>,
    /// What it weighs, once it is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight_grams: Option<u32>,
    /// Since when.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub opened_at: Option<Timestamp>,
    /// Of its stream.
    pub version: u64,
}

/// One line of a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineToPack {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: u32,
    /// Seen, and in the carton.
    #[serde(default, skip_serializing_if = "is_default")]
    pub verified: u32,
}

/// How far a pack is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PackStatus {
    /// Waits for somebody.
    #[default]
    Open,
    /// Something is in the carton.
    Verifying,
    /// Closed for good.
    Sealed,
    /// Nothing is wanted any more.
    Cancelled,
}

impl View for Packs {
    type Business = Shop;
    type Document = Pack;

    const NAME: &'static str = "packs";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["status", "since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Pack(pack, _) = &recorded.fact {
            keys.push(pack.to_string());
        }
    }

    fn evolve(pack: &mut Pack, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Pack(_, fact) = &recorded.fact else { return };
        pack.version = recorded.version;
        match fact {
            PackFact::Opened { lines } => {
                let line = |goods: &Goods| LineToPack {
                    line: goods.line,
                    sku: goods.sku.clone(),
                    quantity: goods.units,
                    verified: 0,
                };
                pack.lines = lines.iter().map(line).collect();
                pack.opened_at = Some(recorded.at());
            }
            PackFact::Verified { line, units } => {
                pack.status = PackStatus::Verifying;
                pack.change(*line, |line| line.verified += units);
            }
            PackFact::LinesCancelled { lines } => {
                for Units { line, units } in lines {
                    pack.change(*line, |line| {
                        line.quantity = line.quantity.saturating_sub(*units);
                        line.verified = line.verified.min(line.quantity);
                    });
                }
                pack.lines.retain(|line| line.quantity > 0);
            }
            PackFact::Sealed { carton, weight_grams } => {
                pack.status = PackStatus::Sealed;
                (pack.carton, pack.weight_grams) = (carton.clone(), Some(*weight_grams));
            }
            PackFact::Cancelled => pack.status = PackStatus::Cancelled,
        }
    }

    fn columns(pack: &Pack) -> Columns {
        let waits = matches!(pack.status, PackStatus::Open | PackStatus::Verifying);
        vec![word(&pack.status), time(pack.opened_at.filter(|_| waits))]
    }
}

impl Pack {
    fn change(&mut self, line: u32, change: impl Fn(&mut LineToPack)) {
        self.lines.iter_mut().filter(|known| known.line == line).for_each(change);
    }
}
