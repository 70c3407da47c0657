//! Payments: one attempt to pay for an order, as the provider tells it.
//!
//! ```text
//! started → authorised → captured (part by part) → refunded (part by part)
//!    ↓          ↓
//! declined    voided
//! ```
//!
//! An outcome of the outside world is never refused: it is recorded, even if unexpected, and the
//! story answers it. What is asked of the provider has a number, so that it is done once: asked again
//! while it is in doubt, it is the same request; only after a no the next attempt is another one.
//!
//! Cash on delivery is a promise: no provider is asked, neither for the promise nor to take the money or
//! give it back. Until a carrier tells what he has collected, what is handed to him counts as taken.

mod commands;
mod errands;
mod facts;
mod payment;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

pub use crate::method::PaymentMethod;
pub use commands::{PaymentCommand, PaymentRefusal, PaymentStatus};
pub use facts::{Errand, PaymentFact, RefundReason};
pub use payment::{PROMISE, Payment};
