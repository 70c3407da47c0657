//! Available to promise: how much of each SKU the shop may still sell.

use super::stock_on_hand::change;
use crate::wiring::{Fact, Shop};
use kernel::{Column, Columns, Recorded, View};
use serde::{Deserialize, Serialize};
use warehouse::inventory::{Stage, StockFact};

/// What may still be promised, under the SKU.
pub struct AvailableToPromise;

/// Up to so many units a SKU is listed in the order of what is left. What is plentiful is not: its
/// place in that order would change with every order, for nobody.
const LOW: i64 = 100;

/// One SKU: *available = on hand − blocked − promised + short*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Promises {
    /// In the building.
    pub on_hand: i64,
    /// Of it, what may not be sold.
    pub blocked: i64,
    /// Promised to order lines, at any stage.
    pub promised: i64,
    /// Promised and not there.
    pub short: i64,
    /// What may still be promised.
    pub available: i64,
}

impl View for AvailableToPromise {
    type Business = Shop;
    type Document = Promises;

    const NAME: &'static str = "available_to_promise";
    const SHAPE: u32 = 2;
    const COLUMNS: &'static [&'static str] = &["low"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Stock(sku, fact) = &recorded.fact
            && !matches!(
                fact,
                StockFact::Committed { .. }
                    | StockFact::Allocated { .. }
                    | StockFact::Picked { .. }
                    | StockFact::ShortPicked { .. }
                    | StockFact::Packed { .. }
            )
        {
            keys.push(sku.to_string());
        }
    }

    fn evolve(stock: &mut Promises, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Stock(_, fact) = &recorded.fact else { return };
        stock.on_hand += change(fact).unwrap_or(0);
        match fact {
            StockFact::Held { units, .. } => stock.promised += i64::from(*units),
            StockFact::Released { units, stage, short, .. } => {
                stock.promised -= i64::from(*units);
                stock.short -= i64::from(*short);
                // What was taken from its bin has to be put back before it can be sold.
                if matches!(stage, Stage::Picked | Stage::Packed) {
                    stock.blocked += i64::from(*units - *short);
                }
            }
            StockFact::HandedOver { units, .. } => stock.promised -= i64::from(*units),
            StockFact::PutBack { units, .. } | StockFact::Unblocked { units, .. } => {
                stock.blocked -= i64::from(*units);
            }
            StockFact::Blocked { units, .. } => stock.blocked += i64::from(*units),
            StockFact::Shortfall { units, .. } => stock.short += i64::from(*units),
            StockFact::Covered { units, .. } => stock.short -= i64::from(*units),
            _ => {}
        }
        stock.available = stock.on_hand - stock.blocked - stock.promised + stock.short;
    }

    fn columns(stock: &Promises) -> Columns {
        vec![(stock.available <= LOW).then_some(Column::Number(stock.available))]
    }
}
