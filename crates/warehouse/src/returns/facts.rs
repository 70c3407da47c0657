//! What may have happened to a return. Published: variants are added, never changed.

use crate::Units;
use kernel::{Money, Quantity, Sku, VaultId};
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
        /// What he wants for it; none: what it cost.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        claimed: Option<Money>,
    },
    /// He may send it.
    #[serde(rename = "returns/authorised@1")]
    Authorised,
    /// He may not.
    #[serde(rename = "returns/refused@1")]
    Refused {
        /// Why, in words; in the vault.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<VaultId>,
    },
    /// The carrier has it.
    #[serde(rename = "returns/in_transit@1")]
    InTransit,
    /// These have arrived.
    #[serde(rename = "returns/received@1")]
    Received {
        /// How many more of each line.
        lines: Vec<Units>,
    },
    /// Somebody has looked at them.
    #[serde(rename = "returns/inspected@1")]
    Inspected {
        /// What becomes of them.
        lines: Vec<InspectedLine>,
    },
    /// The customer has his money.
    #[serde(rename = "returns/settled@1")]
    Settled {
        /// Of what was paid.
        refund: Money,
        /// Beyond it.
        goodwill: Money,
    },
    /// Nothing was sent in time.
    #[serde(rename = "returns/expired@1")]
    Expired,
    /// Nothing more will happen.
    #[serde(rename = "returns/closed@1")]
    Closed,
}

/// What is to come back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReturnLine {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
    /// Why.
    #[serde(default, skip_serializing_if = "ReturnReason::is_unwanted")]
    pub reason: ReturnReason,
    /// False for postage and the like: taken back like goods, but there is nothing to restock.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    pub stock_kept: bool,
}

fn yes() -> bool {
    true
}

/// Why something comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReturnReason {
    /// It is not wanted any more.
    #[default]
    Unwanted,
    /// It is broken.
    Damaged,
    /// It does not work.
    Faulty,
    /// It is something else.
    WrongItem,
    /// It is not what was described.
    NotAsDescribed,
    /// It came too late.
    TooLate,
    /// It could not be delivered, or was not taken.
    Undelivered,
}

impl ReturnReason {
    fn is_unwanted(&self) -> bool {
        *self == ReturnReason::Unwanted
    }
}

/// What becomes of some units of a line; `[line, units, disposition]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32, Disposition)", into = "(u32, u32, Disposition)")]
pub struct InspectedLine {
    /// Number of the line in its order.
    pub line: u32,
    /// How many.
    pub units: u32,
    /// What becomes of them.
    pub disposition: Disposition,
}

impl From<(u32, u32, Disposition)> for InspectedLine {
    fn from((line, units, disposition): (u32, u32, Disposition)) -> InspectedLine {
        InspectedLine { line, units, disposition }
    }
}

impl From<InspectedLine> for (u32, u32, Disposition) {
    fn from(InspectedLine { line, units, disposition }: InspectedLine) -> Self {
        (line, units, disposition)
    }
}

/// What becomes of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It can be sold again.
    Restock,
    /// Somebody has to mend it.
    Refurbish,
    /// It is thrown away.
    Scrap,
    /// The supplier takes it.
    BackToSupplier,
    /// It is not accepted: the customer gets it back, and no money.
    BackToCustomer,
}
