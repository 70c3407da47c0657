//! Orders: what a customer has asked for, what has become of every unit of it, and what it costs.
//!
//! ```text
//! requested → placed → (payment secured) → released → picked → packed → shipped → delivered → completed
//!     ↓          ↓                 cancelled: whole, a line, some units, until handed over
//!  rejected   cancelled                                   delivered → returned
//! ```
//!
//! Each line counts its units by stage, and the counts always add up to the line's quantity. The
//! order is the only authority on what its units cost: what a parcel is worth, what a return is worth.

mod facts;
mod order;
mod stages;

#[cfg(test)]
mod tests;

pub use facts::{CancelReason, HoldReason, OrderFact, OrderLine, Requested, ShortLine, Units};
pub use order::{
    Canceller, NewLine, Order, OrderCommand, OrderLimits, OrderRefusal, OrderRequest, Status,
};
pub use stages::{Counts, Stage};
