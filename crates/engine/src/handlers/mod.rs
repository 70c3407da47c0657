//! Asking the world outside, a payment provider, a carrier, a post office for mail, and reporting
//! what it said: at least once, in order per key, with patience, and never for ever.
//!
//! ```text
//! fact -> request -> lane (one per key) -> call -> commands that report the outcome -> done
//!                       ^                   |
//!                       '- later, if it may help      else: dead letter, the lane waits for people
//! ```
//!
//! | module | what |
//! |---|---|
//! | [`Handler`] | what one kind of asking is: the request, the call, and how to say *given up* |
//! | [`Desk`] | all that is being asked: lanes, retries, letters; no thread, no clock of its own |
//! | [`Letter`] | a request that could not be done, for people to look at |
//! | [`Store`] | `letters.db`: how far the desk has come, letters, and what waits behind them |
//! | [`Handlers`] | a desk at work on a thread; [`Stepper`]: the same desk, step by step |
//!
//! A fact is *done* when every command that reports its outcome was answered, or when it lies in the
//! letters. What is not done is heard again after a crash: the call has the same idempotency key and
//! its commands the same ids, so nothing happens twice. Handlers never replay the past.

mod handler;

mod breaker;
mod limits;

mod letter;
mod store;

mod desk;

mod driver;
mod stepper;
mod surroundings;

pub use breaker::BreakerState;
pub use desk::{Desk, HandlerStatus, Report, Standing, Started, Ticket};
pub use driver::Handlers;
pub use handler::{BoxFuture, Call, Failure, Handler, Request};
pub use letter::{Errand, Letter, LetterError, LetterState, Note, Preview};
pub use limits::HandlerLimits;
pub use stepper::Stepper;
pub use store::{Store, StoreError};
pub use surroundings::{Submit, Surroundings};

#[cfg(test)]
mod tests;
