//! What may have happened to the stock of a SKU. Published: variants are added, never changed.

use super::Stage;
use compact_str::CompactString;
use kernel::{FulfilmentId, LineId, ReturnId, SiteId};
use serde::{Deserialize, Serialize};

/// Facts of a stream `stock/…`. Counts of units are what this fact adds or moves, never totals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "body")]
pub enum StockFact {
    /// Goods have come in.
    #[serde(rename = "inventory/received@1")]
    Received {
        /// Where.
        site: SiteId,
        /// How many.
        units: u32,
        /// Bin, where bins are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<CompactString>,
        /// Of the delivery.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<CompactString>,
    },
    /// There is more or less than was believed.
    #[serde(rename = "inventory/adjusted@1")]
    Adjusted {
        /// Where.
        site: SiteId,
        /// How many more; negative: fewer. Only units that could be sold.
        change: i64,
        /// Why.
        reason: AdjustReason,
        /// Bin, where bins are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<CompactString>,
    },
    /// Kept for a line until it is paid.
    #[serde(rename = "inventory/held@1")]
    Held {
        /// For which line.
        line: LineId,
        /// How many.
        units: u32,
    },
    /// Paid for: all that was held for the line.
    #[serde(rename = "inventory/committed@1")]
    Committed {
        /// Which line.
        line: LineId,
        /// How many; 0 where it was not yet written down.
        #[serde(default, skip_serializing_if = "is_zero")]
        units: u32,
    },
    /// Promised no more. What was picked or packed becomes *to put back*.
    #[serde(rename = "inventory/released@1")]
    Released {
        /// Which line.
        line: LineId,
        /// How many.
        units: u32,
        /// How far they had come.
        stage: Stage,
        /// How many of them were short, so that nothing is given back.
        #[serde(default, skip_serializing_if = "is_zero")]
        short: u32,
    },
    /// A site will send these; they were committed.
    #[serde(rename = "inventory/allocated@1")]
    Allocated {
        /// Which line.
        line: LineId,
        /// For which fulfilment of the order.
        fulfilment: FulfilmentId,
        /// Where.
        site: SiteId,
        /// How many.
        units: u32,
        /// Bin, where bins are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<CompactString>,
    },
    /// Out of the bin, in a tote.
    #[serde(rename = "inventory/picked@1")]
    Picked {
        /// Which line.
        line: LineId,
        /// How many more.
        units: u32,
    },
    /// The picker did not find these: allocated before, they are committed again.
    #[serde(rename = "inventory/short_picked@1")]
    ShortPicked {
        /// Which line.
        line: LineId,
        /// How many were missing.
        units: u32,
    },
    /// In a parcel.
    #[serde(rename = "inventory/packed@1")]
    Packed {
        /// Which line.
        line: LineId,
        /// How many more.
        units: u32,
    },
    /// With the carrier, and on hand no more.
    #[serde(rename = "inventory/handed_over@1")]
    HandedOver {
        /// Which line.
        line: LineId,
        /// How many.
        units: u32,
    },
    /// Back in a bin after a cancellation, and sellable.
    #[serde(rename = "inventory/put_back@1")]
    PutBack {
        /// Where.
        site: SiteId,
        /// How many.
        units: u32,
        /// Bin, where bins are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<CompactString>,
    },
    /// Came back from a customer.
    #[serde(rename = "inventory/restocked@1")]
    Restocked {
        /// Where.
        site: SiteId,
        /// With which return.
        return_id: ReturnId,
        /// Number of the line in its order.
        line: u32,
        /// How many.
        units: u32,
        /// What becomes of them; only what is restocked is on hand again.
        #[serde(default, skip_serializing_if = "Disposition::is_restock")]
        disposition: Disposition,
    },
    /// A promise cannot be kept. Stated before the fact that makes it so.
    #[serde(rename = "inventory/shortfall@1")]
    Shortfall {
        /// To which line.
        line: LineId,
        /// How many units more are missing.
        units: u32,
        /// How far the promise had come.
        stage: Stage,
    },
    /// A promise that was short can be kept after all.
    #[serde(rename = "inventory/covered@1")]
    Covered {
        /// To which line.
        line: LineId,
        /// How many units fewer are missing.
        units: u32,
        /// How far the promise has come.
        stage: Stage,
    },
    /// May not be sold for now.
    #[serde(rename = "inventory/blocked@1")]
    Blocked {
        /// Where.
        site: SiteId,
        /// How many.
        units: u32,
        /// Why.
        reason: BlockReason,
        /// Bin, where bins are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<CompactString>,
    },
    /// May be sold again; or is gone, when an adjustment follows in the same breath.
    #[serde(rename = "inventory/unblocked@1")]
    Unblocked {
        /// Where.
        site: SiteId,
        /// How many.
        units: u32,
        /// Why they were blocked.
        reason: BlockReason,
        /// Bin, where bins are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        lot: Option<CompactString>,
    },
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Why there is more or less than was believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustReason {
    /// Somebody counted.
    Count,
    /// Broken.
    Damage,
    /// Found.
    Found,
    /// Gone.
    Loss,
    /// It was booked wrongly.
    Correction,
}

/// Why units may not be sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockReason {
    /// A picker did not find what should lie there.
    Counting,
    /// They cannot be sold as they are.
    Damaged,
    /// Somebody has to look at them.
    Quarantine,
    /// Taken for an order that was cancelled.
    ToPutBack,
}

impl BlockReason {
    /// The order in which an adjustment looks for what is gone, after what could be sold: what was
    /// being counted was believed to be gone anyhow and comes even before that.
    pub(super) const ALL: [BlockReason; 4] = [
        BlockReason::Counting,
        BlockReason::Damaged,
        BlockReason::Quarantine,
        BlockReason::ToPutBack,
    ];
}

/// What becomes of a unit that came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// It can be sold again.
    #[default]
    Restock,
    /// Somebody has to mend it.
    Refurbish,
    /// It is thrown away.
    Scrap,
    /// The supplier takes it.
    BackToSupplier,
    /// The customer keeps it.
    BackToCustomer,
}

impl Disposition {
    fn is_restock(&self) -> bool {
        *self == Disposition::Restock
    }
}
