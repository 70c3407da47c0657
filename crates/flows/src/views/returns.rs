//! Returns: what comes back, and what becomes of it.

use super::brief::{is_default, is_true, micros, time, word, yes};
use crate::wiring::{Fact, Shop};
use kernel::{Column, Columns, Money, OrderId, Recorded, Sku, Timestamp, View};
use serde::{Deserialize, Serialize};
use warehouse::{
    Units,
    returns::{Disposition, InspectedLine, ReturnFact, ReturnLine, ReturnReason, ReturnStage},
};

/// Returns, under the return's id. Columns: `status`; `order`; `since`, which is set until somebody
/// has looked at what came: what has a value there, in its order, is the returns desk's list.
pub struct Returns;

/// One return.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Return {
    /// Of which order.
    pub order: Option<OrderId>,
    /// How far it is.
    pub status: ReturnStage,
    /// What was announced, what came, and what was accepted.
    pub lines: Vec<LineToReturn>,
    /// What the customer wants for it, where that is not what it cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed: Option<Money>,
    /// What he got of what he had paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refund: Option<Money>,
    /// What he got beyond it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goodwill: Option<Money>,
    /// Since when.
    #[serde(with = "micros", skip_serializing_if = "Option::is_none")]
    pub requested_at: Option<Timestamp>,
    /// Of its stream.
    pub version: u64,
}

/// One line of a return.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineToReturn {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// Announced.
    pub requested: u32,
    /// Here.
    #[serde(default, skip_serializing_if = "is_default")]
    pub received: u32,
    /// Refunded.
    #[serde(default, skip_serializing_if = "is_default")]
    pub accepted: u32,
    /// Why it comes back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reason: ReturnReason,
    /// False for postage and the like.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub stock_kept: bool,
    /// What becomes of its units, as somebody has decided.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inspected: Vec<(u32, Disposition)>,
}

impl LineToReturn {
    /// What becomes of most of its units.
    pub fn disposition(&self) -> Option<Disposition> {
        let most = self.inspected.iter().max_by_key(|(units, _)| *units);
        most.map(|(_, disposition)| *disposition)
    }
}

impl Return {
    /// It may be sent, or has come, and nobody has looked at it yet.
    pub fn is_expected(&self) -> bool {
        use ReturnStage as Stage;
        matches!(self.status, Stage::Authorised | Stage::InTransit | Stage::Received)
    }

    /// Something is here and waits for somebody to look at it.
    pub fn is_received(&self) -> bool {
        self.status == ReturnStage::Received
    }
}

impl View for Returns {
    type Business = Shop;
    type Document = Return;

    const NAME: &'static str = "returns";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["status", "order", "since"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Return(id, _) = &recorded.fact {
            keys.push(id.to_string());
        }
    }

    fn evolve(coming: &mut Return, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Return(id, fact) = &recorded.fact else { return };
        (coming.order, coming.version) = (Some(id.order), recorded.version);
        coming.status = stage(fact);
        match fact {
            ReturnFact::Requested { lines, claimed } => {
                coming.lines = lines.iter().map(announced).collect();
                (coming.claimed, coming.requested_at) = (*claimed, Some(recorded.at()));
            }
            ReturnFact::Received { lines } => {
                for Units { line, units } in lines {
                    coming.change(*line, |line| line.received += units);
                }
            }
            ReturnFact::Inspected { lines } => {
                for inspected in lines {
                    let InspectedLine { line, units, disposition } = *inspected;
                    coming.change(line, |line| {
                        line.inspected.push((units, disposition));
                        line.accepted += if inspected.is_accepted() { units } else { 0 };
                    });
                }
            }
            ReturnFact::Settled { refund, goodwill } => {
                coming.refund = Some(*refund);
                coming.goodwill = Some(*goodwill).filter(|goodwill| !goodwill.is_zero());
            }
            ReturnFact::Authorised
            | ReturnFact::Refused { .. }
            | ReturnFact::InTransit
            | ReturnFact::Expired
            | ReturnFact::Closed => {}
        }
    }

    fn columns(coming: &Return) -> Columns {
        let waits = coming.is_expected() || coming.status == ReturnStage::Requested;
        vec![
            word(&coming.status),
            coming.order.map(|order| Column::Text(order.to_string())),
            time(coming.requested_at.filter(|_| waits)),
        ]
    }
}

impl Return {
    fn change(&mut self, line: u32, change: impl Fn(&mut LineToReturn)) {
        self.lines.iter_mut().filter(|known| known.line == line).for_each(change);
    }
}

fn announced(line: &ReturnLine) -> LineToReturn {
    LineToReturn {
        line: line.line,
        sku: line.sku.clone(),
        requested: line.quantity.units(),
        received: 0,
        accepted: 0,
        reason: line.reason,
        stock_kept: line.stock_kept,
        inspected: Vec::new(),
    }
}

/// How far a return is after a fact.
pub(super) fn stage(fact: &ReturnFact) -> ReturnStage {
    match fact {
        ReturnFact::Requested { .. } => ReturnStage::Requested,
        ReturnFact::Authorised => ReturnStage::Authorised,
        ReturnFact::Refused { .. } => ReturnStage::Refused,
        ReturnFact::InTransit => ReturnStage::InTransit,
        ReturnFact::Received { .. } => ReturnStage::Received,
        ReturnFact::Inspected { .. } => ReturnStage::Inspected,
        ReturnFact::Settled { .. } => ReturnStage::Settled,
        ReturnFact::Expired => ReturnStage::Expired,
        ReturnFact::Closed => ReturnStage::Closed,
    }
}
