//! Returns: goods come back, are looked at, and only then move stock and money.
//!
//! `requested → authorised → in transit → received → inspected → settled`; refused, expired.

mod facts;
mod goods_return;

#[cfg(test)]
mod tests;

pub use facts::{InspectedLine, ReturnFact, ReturnLine, ReturnReason};
pub use goods_return::{Return, ReturnCommand, ReturnRefusal, ReturnStatus};
