//! What is true of a payment whatever is asked and whatever its provider says.

use super::*;
use kernel::{Currency, Decider, Money, spec::NOW};
use proptest::prelude::*;

fn pence(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

/// What a story asks; the provider answers it faithfully, by number, now or later.
#[derive(Clone, Debug)]
enum Event {
    Asked(PaymentCommand),
    /// The oldest errand that is open: done or failed.
    Answered(bool),
    /// The last outcome once more.
    Repeated,
}

fn any_event() -> impl Strategy<Value = Event> {
    let capture = |(capture, minor)| PaymentCommand::Capture { capture, amount: pence(minor) };
    let refund =
        |(refund, minor)| PaymentCommand::Refund { refund, amount: pence(minor), reason: None };
    let given_up = |(errand, number)| PaymentCommand::GiveUp {
        errand,
        number: Some(number),
        reason: "unreachable".into(),
    };
    let errand = prop_oneof![Just(Errand::Void), Just(Errand::Query), Just(Errand::Authorise)];
    prop_oneof![
        4 => (1_u32..5, -5_i64..700).prop_map(capture).prop_map(Event::Asked),
        4 => (1_u32..5, -5_i64..500).prop_map(refund).prop_map(Event::Asked),
        1 => Just(Event::Asked(PaymentCommand::Void)),
        1 => (errand, 1_u32..5).prop_map(given_up).prop_map(Event::Asked),
        6 => prop::bool::weighted(0.8).prop_map(Event::Answered),
        2 => Just(Event::Repeated),
    ]
}

fn outcome(fact: &PaymentFact, yes: bool) -> Option<PaymentCommand> {
    let reason = || "limit".into();
    Some(match (fact, yes) {
        (PaymentFact::CaptureAsked { capture, amount, .. }, true) => {
            PaymentCommand::CaptureDone { capture: *capture, amount: *amount }
        }
        (PaymentFact::CaptureAsked { capture, attempt, .. }, false) => {
            PaymentCommand::CaptureFailed { capture: *capture, reason: reason(), attempt: *attempt }
        }
        (PaymentFact::RefundAsked { refund, amount, .. }, true) => {
            PaymentCommand::RefundDone { refund: *refund, amount: *amount }
        }
        (PaymentFact::RefundAsked { refund, attempt, .. }, false) => {
            PaymentCommand::RefundFailed { refund: *refund, reason: reason(), attempt: *attempt }
        }
        _ => return None,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn never_more_is_taken_than_agreed_nor_given_back_than_taken(
        events in prop::collection::vec(any_event(), 0..60),
    ) {
        let mut payment = Payment::default();
        let amount = pence(1_000);
        payment.evolve(&PaymentFact::Started { amount, method: PaymentMethod::Card, token: None });
        payment.evolve(&PaymentFact::Authorised { reference: "A".into(), expires_at: None });
        let mut open: Vec<PaymentFact> = Vec::new();
        let mut last: Option<PaymentCommand> = None;
        let mut told = (0, 0);
        for event in events {
            let (command, repeated) = match event {
                Event::Asked(command) => (Some(command), false),
                Event::Answered(_) if open.is_empty() => (None, false),
                Event::Answered(yes) => (outcome(&open.remove(0), yes), false),
                Event::Repeated => (last.clone(), true),
            };
            let Some(command) = command else { continue };
            let Ok(facts) = payment.decide(&command, NOW) else { continue };
            prop_assert!(!repeated || facts.is_empty(), "{command:?} twice: {facts:?}");
            for fact in facts {
                payment.evolve(&fact);
                match &fact {
                    PaymentFact::CaptureAsked { .. } | PaymentFact::RefundAsked { .. } => {
                        open.push(fact);
                    }
                    PaymentFact::Captured { amount, .. } => told.0 += amount.minor,
                    PaymentFact::Refunded { amount, .. } => told.1 += amount.minor,
                    _ => {}
                }
            }
            if outcome_of_provider(&command) {
                last = Some(command);
            }
            let (captured, refunded) = payment.balance();
            prop_assert_eq!((captured, refunded), told);
            prop_assert!((0..=1_000).contains(&captured), "captured {captured}");
            prop_assert!((0..=captured).contains(&refunded), "refunded {refunded} of {captured}");
        }
    }

    #[test]
    fn an_outcome_is_never_refused(
        events in prop::collection::vec(any_event(), 0..30),
        number in 1_u32..5,
        minor in 1_i64..2_000,
    ) {
        let mut payment = Payment::default();
        let (amount, method) = (pence(1_000), PaymentMethod::Card);
        payment.evolve(&PaymentFact::Started { amount, method, token: None });
        for event in events {
            let Event::Asked(command) = event else { continue };
            let facts = payment.decide(&command, NOW).unwrap_or_default();
            facts.iter().for_each(|fact| payment.evolve(fact));
        }
        let reason = || "limit".into();
        let amount = pence(minor);
        for outcome in [
            PaymentCommand::Authorise { reference: "B".into(), expires_at: None },
            PaymentCommand::Decline { reason: reason() },
            PaymentCommand::RequireAction,
            PaymentCommand::Expire,
            PaymentCommand::CaptureDone { capture: number, amount },
            PaymentCommand::CaptureFailed { capture: number, reason: reason(), attempt: 0 },
            PaymentCommand::RefundDone { refund: number, amount },
            PaymentCommand::RefundFailed { refund: number, reason: reason(), attempt: 0 },
            PaymentCommand::VoidDone,
            PaymentCommand::VoidSurplusDone { reference: "C".into() },
            PaymentCommand::GiveUp { errand: Errand::Void, number: None, reason: reason() },
        ] {
            let facts = payment.decide(&outcome, NOW);
            prop_assert!(facts.is_ok(), "{outcome:?}: {facts:?}");
            facts.unwrap_or_default().iter().for_each(|fact| payment.evolve(fact));
        }
    }
}

fn outcome_of_provider(command: &PaymentCommand) -> bool {
    matches!(command, PaymentCommand::CaptureDone { .. } | PaymentCommand::RefundDone { .. })
}
