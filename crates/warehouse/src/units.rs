//! Units of an order's line, as every context of the warehouse speaks of them.

use kernel::Sku;
use serde::{Deserialize, Serialize};

/// Some units of a line; `[line, units]` in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, u32)", into = "(u32, u32)")]
pub struct Units {
    /// Number of the line in its order.
    pub line: u32,
    /// How many.
    pub units: u32,
}

impl From<(u32, u32)> for Units {
    fn from((line, units): (u32, u32)) -> Units {
        Units { line, units }
    }
}

impl From<Units> for (u32, u32) {
    fn from(Units { line, units }: Units) -> (u32, u32) {
        (line, units)
    }
}

/// Some units of a line, and what they are; `[line, sku, units]` in JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u32, Sku, u32)", into = "(u32, Sku, u32)")]
pub struct Goods {
    /// Number of the line in its order.
    pub line: u32,
    /// What.
    pub sku: Sku,
    /// How many.
    pub units: u32,
}

impl From<(u32, Sku, u32)> for Goods {
    fn from((line, sku, units): (u32, Sku, u32)) -> Goods {
        Goods { line, sku, units }
    }
}

impl From<Goods> for (u32, Sku, u32) {
    fn from(Goods { line, sku, units }: Goods) -> (u32, Sku, u32) {
        (line, sku, units)
    }
}
