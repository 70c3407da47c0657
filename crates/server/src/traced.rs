//! Seeing what is asked outside: each call is a span of the trace that its story's request began, is
//! timed, and says in the log what became of it.

use crate::http::telemetry::join_trace;
use engine::handlers::{BoxFuture, Call, Failure, Handler, Request};
use flows::{Command, Shop};
use kernel::{CommandId, Recorded};
use std::time::{Duration, Instant};
use tracing::Instrument;

/// A handler that is watched.
pub(crate) struct Traced<H>(pub(crate) H);

impl<H: Handler<Shop>> Handler<Shop> for Traced<H> {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn provider(&self) -> &'static str {
        self.0.provider()
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        self.0.request(recorded)
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        let (handler, key, attempt) = (self.0.name(), call.idempotency_key, call.attempt);
        let correlation = correlation_of(call.request);
        let span = tracing::info_span!(
            "outside",
            handler,
            key,
            attempt,
            correlation = correlation.as_ref().map(tracing::field::display)
        );
        if let Some(id) = correlation {
            join_trace(&span, id.0);
        }
        let watched = async move {
            let begin = Instant::now();
            let outcome = self.0.call(call).await;
            let word = match &outcome {
                Ok(_) => "answered",
                Err(Failure::Transient(_)) => "transient",
                Err(Failure::Permanent(_)) => "permanent",
            };
            let seconds = begin.elapsed().as_secs_f64();
            let labels = [("handler", handler), ("outcome", word)];
            metrics::histogram!("cartage_outside_seconds", &labels).record(seconds);
            match &outcome {
                Ok(commands) => tracing::debug!(commands = commands.len(), seconds, "answered"),
                Err(failure @ Failure::Permanent(_)) => {
                    tracing::warn!(%failure, seconds, "cannot be done");
                }
                Err(failure) => tracing::debug!(%failure, seconds, "not answered"),
            }
            outcome
        };
        Box::pin(watched.instrument(span))
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        self.0.gave_up(request, reason)
    }

    fn give_up_after(&self) -> Option<Duration> {
        self.0.give_up_after()
    }

    fn key_window(&self) -> Duration {
        self.0.key_window()
    }
}

/// What the story's request is called, as the letter has it.
fn correlation_of(request: &Request) -> Option<CommandId> {
    request.body.get("correlation")?.as_str()?.parse().ok()
}
