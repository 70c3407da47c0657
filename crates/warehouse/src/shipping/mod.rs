//! Shipping: parcels on their way from the packing table to the door, as the carrier tells it.
//!
//! ```text
//! created → labelled → cleared → handed over → in transit → out for delivery → delivered
//!     └── cancelled ──────┘            attempt failed, delayed, lost, returned to sender
//! ```
//!
//! *Cleared* means paid for: no parcel leaves before. The carrier tells late, twice and in any order;
//! each thing it tells is recorded once and never refused, also what nobody expected any more.
//!
//! A parcel is *relabelled* when its carrier gave no label or one of another service is wished for; then
//! it is *created* again, and does not leave, until the carrier has answered. One label counts at a time,
//! all others are void.

mod facts;
mod parcel;

mod labels;

#[cfg(test)]
mod tests;

pub use facts::{GaveUp, ParcelFact, TrackingEvent, TrackingStatus};
pub use parcel::{Parcel, ParcelCommand, ParcelRefusal, ParcelStatus};
