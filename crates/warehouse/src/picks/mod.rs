//! Picks: somebody walks along the shelves and takes what a fulfilment needs.
//!
//! `open → started → done`; each line is picked in one or several takes, or found short.

mod facts;
mod pick;

#[cfg(test)]
mod tests;

pub use facts::{PickFact, ShortReason};
pub use pick::{Pick, PickCommand, PickRefusal};
