//! Picks: the way of one person through the shelves for one fulfilment.
//!
//! ```text
//! opened → started → line picked, line short … → done
//!    └────────┴── lines cancelled ──→ cancelled, when nothing is left to pick
//! ```
//!
//! Each scan tells how many of its line are in the tote *in all*, so that a scanner may send twice.

mod facts;
mod pick;

#[cfg(test)]
mod tests;

pub use facts::{PickFact, PickLine, ShortReason};
pub use pick::{Pick, PickCommand, PickRefusal, PickStage};
