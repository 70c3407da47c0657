//! Returns: goods that come back, from the wish to the refund.
//!
//! ```text
//! requested → authorised → in transit → received → inspected → settled → closed
//!      └→ refused    └→ expired, when nothing was sent in time
//! ```
//!
//! Of each line: requested ≥ received ≥ inspected. Inspection says what becomes of each unit, and
//! nothing else moves stock or money.

mod decider;
mod facts;

#[cfg(test)]
mod tests;

pub use decider::{Return, ReturnCommand, ReturnRefusal, ReturnStage};
pub use facts::{Disposition, InspectedLine, ReturnFact, ReturnLine, ReturnReason};
