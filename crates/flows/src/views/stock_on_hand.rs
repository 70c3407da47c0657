//! Stock on hand: how much lies in the building, for each SKU.

use crate::wiring::{Fact, Shop};
use kernel::{Columns, Recorded, View};
use serde::{Deserialize, Serialize};
use warehouse::inventory::{Disposition, StockFact};

/// Units on hand, under the SKU.
pub struct StockOnHand;

/// One SKU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct OnHand {
    /// Now.
    pub on_hand: i64,
    /// Came in from suppliers, ever.
    pub received: u64,
    /// Left with a carrier, ever.
    pub handed_over: u64,
    /// Came back and can be sold, ever.
    pub restocked: u64,
    /// Found less lost, ever.
    pub adjusted: i64,
}

impl View for StockOnHand {
    type Business = Shop;
    type Document = OnHand;

    const NAME: &'static str = "stock_on_hand";
    const SHAPE: u32 = 2;
    const COLUMNS: &'static [&'static str] = &[];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Stock(sku, fact) = &recorded.fact
            && change(fact).is_some()
        {
            keys.push(sku.to_string());
        }
    }

    fn evolve(stock: &mut OnHand, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Stock(_, fact) = &recorded.fact else { return };
        let Some(change) = change(fact) else { return };
        stock.on_hand += change;
        let units = change.unsigned_abs();
        match fact {
            StockFact::Received { .. } => stock.received += units,
            StockFact::HandedOver { .. } => stock.handed_over += units,
            StockFact::Restocked { .. } => stock.restocked += units,
            StockFact::Adjusted { .. } => stock.adjusted += change,
            _ => {}
        }
    }

    fn columns(_: &OnHand) -> Columns {
        Vec::new()
    }
}

/// By how much a fact changes what lies in the building.
pub(super) fn change(fact: &StockFact) -> Option<i64> {
    match fact {
        StockFact::Received { units, .. }
        | StockFact::Restocked { units, disposition: Disposition::Restock, .. } => {
            Some(i64::from(*units))
        }
        StockFact::HandedOver { units, .. } => Some(-i64::from(*units)),
        StockFact::Adjusted { change, .. } => Some(*change),
        _ => None,
    }
}
