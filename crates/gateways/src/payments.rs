//! A provider of payments that is simulated: yes, no, late, twice, or no answer, by seed.

use crate::{Mood, asked::PaymentAsked};
use commerce::payments::{Errand, PaymentCommand};
use engine::handlers::{BoxFuture, Call, Failure, Handler, Request};
use flows::{Command, Shop};
use kernel::Recorded;

/// Does everything that a payment asks of its provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimulatedProvider {
    /// How reliable it is.
    pub mood: Mood,
}

impl Handler<Shop> for SimulatedProvider {
    fn name(&self) -> &'static str {
        "pay"
    }

    fn provider(&self) -> &'static str {
        "simulated-payments"
    }

    fn request(&self, recorded: &Recorded<Shop>) -> Option<Request> {
        Some(PaymentAsked::of(recorded)?.request())
    }

    fn call<'a>(&'a self, call: Call<'a>) -> BoxFuture<'a, Result<Vec<Command>, Failure>> {
        Box::pin(std::future::ready(self.answer(&call)))
    }

    fn gave_up(&self, request: &Request, reason: &str) -> Vec<Command> {
        PaymentAsked::gave_up(request, reason)
    }
}

impl SimulatedProvider {
    fn answer(&self, call: &Call<'_>) -> Result<Vec<Command>, Failure> {
        let asked = PaymentAsked::read(call.request)?;
        let key = call.idempotency_key;
        let dice = |what: &str, attempt| self.mood.dice(what, key, attempt);
        if dice("fails", call.attempt) < self.mood.fails
            || dice("loses", call.attempt) < self.mood.loses
        {
            // For the asker these are the same: it must ask again under the same key.
            return Err(Failure::Transient("no answer".to_owned()));
        }
        let PaymentAsked { payment, errand, number, amount, attempt, reference, .. } = asked;
        let attempt = attempt.unwrap_or(0);
        if let (Errand::Void, Some(reference)) = (errand, reference) {
            let gone = PaymentCommand::VoidSurplusDone { reference };
            return Ok(vec![Command::Payment(payment, gone)]);
        }
        let no = || dice("declines", 0) < self.mood.declines;
        let command = match (errand, number, amount) {
            (Errand::Authorise, ..) if dice("hesitates", 0) < self.mood.hesitates => {
                return Ok(vec![]);
            }
            (Errand::Authorise, ..) if no() => {
                PaymentCommand::Decline { reason: "insufficient_funds".into() }
            }
            (Errand::Authorise | Errand::Query, ..) => PaymentCommand::Authorise {
                reference: compact_str::format_compact!("sim-{payment}"),
                expires_at: None,
            },
            (Errand::Capture, Some(capture), Some(_)) if no() => {
                PaymentCommand::CaptureFailed { capture, reason: "refused".into(), attempt }
            }
            (Errand::Capture, Some(capture), Some(amount)) => {
                PaymentCommand::CaptureDone { capture, amount }
            }
            (Errand::Refund, Some(refund), Some(_)) if no() => {
                PaymentCommand::RefundFailed { refund, reason: "account_closed".into(), attempt }
            }
            (Errand::Refund, Some(refund), Some(amount)) => {
                PaymentCommand::RefundDone { refund, amount }
            }
            (Errand::Void, ..) => PaymentCommand::VoidDone,
            (Errand::Capture | Errand::Refund, ..) => {
                return Err(Failure::Permanent("number or amount is missing".to_owned()));
            }
        };
        let command = Command::Payment(payment, command);
        Ok(match dice("repeats", call.attempt) < self.mood.repeats {
            true => vec![command.clone(), command],
            false => vec![command],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use commerce::payments::PaymentFact;
    use flows::Fact;
    use kernel::{Actor, Currency, Money, Origin, spec::NOW};
    use std::sync::Arc;

    const PAYMENT: &str = "018f0000-0000-7000-8000-000000000001.1";

    /// What the provider knows this request by.
    fn known_by(position: u64, fact: PaymentFact) -> Option<String> {
        let fact = Fact::Payment(PAYMENT.parse().expect("an order and a number"), fact);
        let (command, correlation, fingerprint) = (None, None, None);
        let origin = Origin { at: NOW, command, correlation, actor: Actor::SYSTEM, fingerprint };
        let origin = Arc::new(origin);
        let recorded = Recorded { position, version: 1, cause: None, origin, fact };
        SimulatedProvider::default().request(&recorded).expect("something is asked").reference
    }

    fn name(what: &str) -> Option<String> {
        Some(format!("{PAYMENT}/{what}"))
    }

    #[test]
    fn what_is_asked_again_is_the_same_request_to_the_provider() {
        let amount = Money::new(900, Currency::GBP);
        for position in [7, 90] {
            let capture = |attempt| PaymentFact::CaptureAsked { capture: 2, amount, attempt };
            assert_eq!(known_by(position, capture(0)), name("capture/2/0"));
            assert_eq!(known_by(position, capture(1)), name("capture/2/1"));
            let refund =
                PaymentFact::RefundAsked { refund: 1_000_001, amount, attempt: 0, reason: None };
            assert_eq!(known_by(position, refund), name("refund/1000001/0"));
            let surplus = PaymentFact::SurplusVoidAsked { reference: "B".into() };
            assert_eq!(known_by(position, surplus), name("void/B"));
        }
    }

    #[test]
    fn a_yes_is_forgotten_each_time_that_it_is_asked_for() {
        assert_eq!(known_by(7, PaymentFact::VoidAsked), None);
    }
}
