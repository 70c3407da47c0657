//! Fulfilments: the part of an order that one site sends.
//!
//! `open → released → picking → packed → handed over → delivered`; cancelled, whole or in part; lost.

mod facts;
mod fulfilment;

#[cfg(test)]
mod tests;

pub use facts::FulfilmentFact;
pub use fulfilment::{Fulfilment, FulfilmentCommand, FulfilmentRefusal, FulfilmentStatus};
