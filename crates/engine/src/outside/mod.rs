//! Handlers: what a fact asks of the outside world, and how the answer comes back as a command.
//!
//! Delivered at least once, with a key that stays the same, in order per lane, several lanes at once.
//! What fails is tried again behind a breaker for each provider; what still fails becomes a dead
//! letter and parks its lane; and after a while its story is told that it was given up.
//! Handlers never replay the past.

mod breaker;
mod desk;
mod driver;
mod letters;

use kernel::{Business, Recorded, Timestamp};
use std::{future::Future, pin::Pin, time::Duration};

pub use breaker::BreakerState;
pub use desk::{Desk, DeskLimits, Ticket};
pub use driver::{Clerk, Driver, Progress, Stopped, Submit};
pub use letters::{Letter, Letters};

/// Does one thing outside, for the facts that ask for it.
pub trait Handler<B: Business>: Send + Sync + 'static {
    /// What it does, `authorise-payment`. Part of command ids, so it never changes.
    fn name(&self) -> &'static str;

    /// Whom it asks; handlers of one provider share a breaker.
    fn provider(&self) -> &'static str;

    /// What a fact asks of the outside, if anything. Pure.
    fn request(&self, recorded: &Recorded<B>) -> Option<Request>;

    /// Asks the outside; what comes back is told by commands, sent in order.
    fn call(&self, call: Call) -> Calling<B>;

    /// Tells the story that this was given up.
    fn gave_up(&self, request: &Request, reason: &str) -> Vec<B::Command>;

    /// After so long without success the story is told that it was given up.
    fn patience(&self) -> Duration {
        Duration::from_secs(24 * 60 * 60)
    }
}

/// A call under way.
pub type Calling<B> = Pin<
    Box<dyn Future<Output = Result<Vec<<B as Business>::Command>, Failure>> + Send + 'static>,
>;

/// What is asked of the outside.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The lane: requests of one lane go one after the other.
    pub lane: String,
    /// As the handler understands it; people may edit it in a dead letter.
    pub body: serde_json::Value,
}

/// One attempt.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// The same at every attempt, so that the provider does it once.
    pub idempotency_key: String,
    /// When the fact happened.
    pub at: Timestamp,
    /// The time of this attempt.
    pub now: Timestamp,
    /// Counted from 1.
    pub attempt: u32,
}

impl Call {
    /// The request is older than providers remember keys: ask first what became of it.
    pub fn is_uncertain(&self) -> bool {
        self.attempt > 1 && self.now.since(self.at) > Duration::from_secs(24 * 60 * 60)
    }
}

/// Why a call brought no answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Trying again may help.
    Transient(String),
    /// It will not.
    Permanent(String),
}
