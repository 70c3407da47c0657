//! Fulfilments: the part of an order that one site sends, and how far it has come.
//!
//! ```text
//! opened → released → picking → packed → handed over → delivered
//!    └────────┴── cancelled ──┴────┘          └→ lost → (delivered after all)
//! ```
//!
//! Picking, packing and the parcel are contexts of their own; this one says what the order may rely on.

mod facts;
mod fulfilment;

#[cfg(test)]
mod tests;

pub use facts::FulfilmentFact;
pub use fulfilment::{Fulfilment, FulfilmentCommand, FulfilmentRefusal, FulfilmentStage};
