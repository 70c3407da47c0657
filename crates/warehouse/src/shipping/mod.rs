//! Shipping: a parcel gets its label, leaves with the carrier, and is followed to the door.
//!
//! ```text
//! created → labelled → (cleared: its money was captured) → handed over → in transit … → delivered
//!                                                                          lost, returned, cancelled
//! ```

mod facts;
mod parcel;

#[cfg(test)]
mod tests;

pub use facts::{CarrierErrand, ParcelFact, TrackingEvent, TrackingStatus};
pub use parcel::{Parcel, ParcelCommand, ParcelRefusal};
