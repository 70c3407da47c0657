//! One kind of asking outside: what a fact asks for, the call, and what to say when it is given up.

use kernel::{Business, Recorded, Timestamp};
use serde::{Deserialize, Serialize};
use std::{pin::Pin, time::Duration};

/// A call that is under way.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Asks the outside on behalf of a fact. Called at least once per request, so the provider must be
/// given the idempotency key.
pub trait Handler<B: Business>: Send + Sync + 'static {
    /// `authorise-payment`: stable for ever, part of command ids and of the provider's keys.
    fn name(&self) -> &'static str;

    /// Whom it asks; handlers with the same provider share its circuit breaker.
    fn provider(&self) -> &'static str;

    /// What a fact asks of the outside, if anything. Pure.
    fn request(&self, recorded: &Recorded<B>) -> Option<Request>;

    /// Asks the outside; the commands report the outcome and are sent in order.
    ///
    /// # Errors
    /// [`Failure::Transient`] when asking again may help, [`Failure::Permanent`] when it cannot.
    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<B::Command>, Failure>>;

    /// The commands by which the story hears that the request was given up.
    fn gave_up(&self, request: &Request, reason: &str) -> Vec<B::Command>;

    /// How long after the fact the story is told by itself that a failed request was given up; the
    /// letter stays for people. None: the story waits until somebody decides.
    fn give_up_after(&self) -> Option<Duration> {
        Some(DAY)
    }

    /// How long the provider remembers an idempotency key.
    fn key_window(&self) -> Duration {
        DAY
    }
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Requests with the same key keep their order.
    pub key: String,
    /// As the handler understands it; people may edit it in a letter. References only, no personal
    /// data: it is kept with its history.
    pub body: serde_json::Value,
    /// What the provider knows the request by, where the same may be asked for by several facts.
    /// None: each fact is a request of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// One attempt at a request.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// What is asked for.
    pub request: &'a Request,
    /// `<handler>/<reference>`, without one `<handler>/<position>`, and `.1`, `.2`… after it was
    /// edited: the same for every attempt.
    pub idempotency_key: &'a str,
    /// When the fact happened.
    pub at: Timestamp,
    /// The time now.
    pub now: Timestamp,
    /// Counted from 1.
    pub attempt: u32,
    /// The provider may have forgotten the key, or knows an earlier one (it was edited after an
    /// attempt): ask first what became of it.
    pub uncertain: bool,
}

/// Why a call had no outcome. A *no* of the provider is an outcome, not a failure.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Asking again may help: no connection, no answer in time, overloaded.
    #[error("{0}")]
    Transient(String),
    /// Asking again cannot help: the request is malformed, the credentials are wrong.
    #[error("{0}")]
    Permanent(String),
}
