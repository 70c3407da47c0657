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

mod commands;
mod facts;
mod stages;

mod order;

mod parts;
mod way_back;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use crate::method::PaymentMethod;
pub use commands::{
    Canceller, NewLine, OrderCommand, OrderLimits, OrderRefusal, OrderRequest, Status,
};
pub use facts::{CancelReason, HoldReason, OrderFact, OrderLine, Requested, ShortLine, Units};
pub use order::{Line, Order};
pub use stages::{Counts, Stage};
