//! Inventory: of one SKU, how much lies where, and to which order line it is promised.
//!
//! ```text
//! received → on hand      held → committed → allocated → picked → packed → handed over
//!    ↑ restocked, put back  └────────┴── released ──┴────────┴────────┘
//! ```
//!
//! Always, at every single fact, and no term below zero:
//! *sellable on hand + short = held + committed + allocated + picked + packed + available*.
//! At every site as well: what pickers are after, less what is known to be short, lies in its bins.
//!
//! - On hand falls at hand-over only; what is in totes and parcels is on hand, but in no bin.
//! - *Released* units give back exactly what they took: at once while they lie in their bin; what
//!   was picked or packed is *to put back* (blocked) until somebody has scanned it there.
//! - A fact of the physical world is not refused for what it undercuts: promises without goods become
//!   *short*, the newest first, holds before commitments, and what a picker is after only where its
//!   site has no other. Whatever comes in *covers* the oldest short promise before it can be sold.
//! - A *short pick* blocks what the system believes is left in that bin; where no bins are kept, as
//!   many units as were missing.

mod facts;
mod places;
mod promise;
mod stock;

mod rules;

mod memory;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use facts::{AdjustReason, BlockReason, Disposition, StockFact};
pub use places::{AtSite, Place};
pub use promise::{Promise, Stage};
pub use stock::{Stock, StockCommand, StockRefusal};
