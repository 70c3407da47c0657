//! What a payment does: the specification.

use super::*;
use kernel::{
    Currency, Decider, Money,
    spec::{Given, NOW, given},
};

fn pence(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn started() -> PaymentFact {
    PaymentFact::Started { amount: pence(1_000), method: PaymentMethod::Card, token: None }
}

fn start(minor: i64) -> PaymentCommand {
    PaymentCommand::Start { amount: pence(minor), method: PaymentMethod::Card, token: None }
}

fn authorised(reference: &str) -> PaymentFact {
    PaymentFact::Authorised { reference: reference.into(), expires_at: Some(NOW) }
}

fn authorise(reference: &str) -> PaymentCommand {
    PaymentCommand::Authorise { reference: reference.into(), expires_at: Some(NOW) }
}

fn declined() -> PaymentFact {
    PaymentFact::Declined { reason: "no_money".into() }
}

fn captured(capture: u32, minor: i64) -> PaymentFact {
    PaymentFact::Captured { capture, amount: pence(minor) }
}

fn refunded(refund: u32, minor: i64) -> PaymentFact {
    PaymentFact::Refunded { refund, amount: pence(minor) }
}

fn gave_up(errand: Errand, number: Option<u32>) -> PaymentFact {
    PaymentFact::GaveUp { errand, number, reason: "unreachable".into() }
}

/// A payment of 10.00 after these.
fn begun(then: impl IntoIterator<Item = PaymentFact>) -> Given<Payment> {
    given([started()].into_iter().chain(then))
}

/// The provider has said yes, then these.
fn agreed(then: impl IntoIterator<Item = PaymentFact>) -> Given<Payment> {
    begun([authorised("A")].into_iter().chain(then))
}

fn not_authorised(status: PaymentStatus) -> PaymentRefusal {
    PaymentRefusal::NotAuthorised(status)
}

#[test]
fn a_payment_is_started_once_for_more_than_nothing() {
    given::<Payment>([]).when(start(1_000)).then([started()]);
    begun([]).when(start(1_000)).then_nothing_happened();
    begun([]).when(start(999)).refused(PaymentRefusal::AlreadyStarted);
    given::<Payment>([]).when(start(0)).refused(PaymentRefusal::Nothing);
    given::<Payment>([]).when(start(-1)).refused(PaymentRefusal::Nothing);
    given::<Payment>([]).when(authorise("A")).refused(PaymentRefusal::NotStarted);
    given::<Payment>([]).when(PaymentCommand::Void).refused(PaymentRefusal::NotStarted);
}

#[test]
fn the_provider_says_yes_or_no_or_asks_the_customer_something() {
    begun([]).when(authorise("A")).then([authorised("A")]);
    agreed([]).when(authorise("A")).then_nothing_happened();
    let decline = || PaymentCommand::Decline { reason: "no_money".into() };
    begun([]).when(decline()).then([declined()]);
    begun([declined()]).when(decline()).then_nothing_happened();
    begun([]).when(PaymentCommand::RequireAction).then([PaymentFact::ActionRequired]);
    let asked = || begun([PaymentFact::ActionRequired]);
    asked().when(PaymentCommand::RequireAction).then_nothing_happened();
    asked().when(authorise("A")).then([authorised("A")]);
    asked().when(decline()).then([declined()]);
}

#[test]
fn a_yes_that_comes_too_late_or_twice_is_recorded() {
    for over in [declined(), PaymentFact::Expired, PaymentFact::Voided] {
        begun([over]).when(authorise("A")).then([authorised("A")]);
    }
    agreed([PaymentFact::Voided]).when(authorise("A")).then_nothing_happened();
    agreed([]).when(authorise("B")).then([authorised("B")]);
    // What was taken stays taken.
    let taken = || agreed([captured(1, 400), authorised("B")]);
    assert_eq!(taken().state().status(), PaymentStatus::Captured);
}

#[test]
fn a_no_after_a_yes_is_old_news() {
    let decline = PaymentCommand::Decline { reason: "no_money".into() };
    agreed([]).when(decline).then_nothing_happened();
    agreed([]).when(PaymentCommand::Expire).then([PaymentFact::Expired]);
    agreed([PaymentFact::Expired]).when(PaymentCommand::Expire).then_nothing_happened();
    agreed([captured(1, 400)]).when(PaymentCommand::Expire).then_nothing_happened();
}

#[test]
fn a_capture_is_asked_for_once_by_its_number() {
    let capture = |capture, minor| PaymentCommand::Capture { capture, amount: pence(minor) };
    let asked =
        |capture, minor| PaymentFact::CaptureAsked { capture, amount: pence(minor), attempt: 0 };
    agreed([]).when(capture(1, 400)).then([asked(1, 400)]);
    agreed([asked(1, 400)]).when(capture(1, 400)).then_nothing_happened();
    agreed([captured(1, 400)]).when(capture(1, 400)).then_nothing_happened();
    agreed([captured(1, 400)]).when(capture(2, 600)).then([asked(2, 600)]);
    let left = PaymentRefusal::BeyondAuthorised { left: pence(600) };
    agreed([captured(1, 400)]).when(capture(2, 601)).refused(left.clone());
    agreed([asked(1, 400)]).when(capture(2, 601)).refused(left);
    agreed([]).when(capture(1, 0)).refused(PaymentRefusal::Nothing);
    let euro = PaymentCommand::Capture { capture: 1, amount: Money::new(1, Currency::EUR) };
    agreed([]).when(euro).refused(PaymentRefusal::OtherCurrency);
}

#[test]
fn nothing_is_captured_without_a_yes() {
    let capture = || PaymentCommand::Capture { capture: 1, amount: pence(400) };
    begun([]).when(capture()).refused(not_authorised(PaymentStatus::Started));
    begun([declined()]).when(capture()).refused(not_authorised(PaymentStatus::Declined));
    let void = agreed([PaymentFact::VoidAsked]);
    void.when(capture()).refused(not_authorised(PaymentStatus::Authorised));
    let gone = agreed([PaymentFact::Voided]);
    gone.when(capture()).refused(not_authorised(PaymentStatus::Voided));
}

#[test]
fn a_capture_that_failed_may_be_asked_for_again() {
    let amount = pence(400);
    let asked = PaymentFact::CaptureAsked { capture: 1, amount, attempt: 0 };
    let failed = PaymentFact::CaptureFailed { capture: 1, reason: "limit".into(), attempt: 0 };
    let fail = PaymentCommand::CaptureFailed { capture: 1, reason: "limit".into(), attempt: 0 };
    agreed([asked.clone()]).when(fail.clone()).then([failed.clone()]);
    agreed([asked.clone(), failed.clone()]).when(fail).then_nothing_happened();
    let capture = |minor| PaymentCommand::Capture { capture: 1, amount: pence(minor) };
    let anew = |minor| PaymentFact::CaptureAsked { capture: 1, amount: pence(minor), attempt: 1 };
    agreed([asked.clone(), failed.clone()]).when(capture(400)).then([anew(400)]);
    agreed([asked.clone(), failed]).when(capture(300)).then([anew(300)]);
    // Perhaps it was done, so the very same is asked for.
    for minor in [400, 300] {
        let doubtful = agreed([asked.clone(), gave_up(Errand::Capture, Some(1))]);
        doubtful.when(capture(minor)).then([asked.clone()]);
    }
}

#[test]
fn what_was_taken_is_recorded_once_even_if_nobody_expected_it() {
    let done = PaymentCommand::CaptureDone { capture: 1, amount: pence(400) };
    agreed([]).when(done.clone()).then([captured(1, 400)]);
    agreed([captured(1, 400)]).when(done.clone()).then_nothing_happened();
    let late = agreed([
        PaymentFact::CaptureAsked { capture: 1, amount: pence(400), attempt: 0 },
        gave_up(Errand::Capture, Some(1)),
    ]);
    late.when(done).then([captured(1, 400)]);
    assert_eq!(agreed([captured(1, 400)]).state().balance(), (400, 0));
}

#[test]
fn no_more_is_given_back_than_was_taken() {
    let refund =
        |refund, minor| PaymentCommand::Refund { refund, amount: pence(minor), reason: None };
    let asked = |refund, minor| PaymentFact::RefundAsked {
        refund,
        amount: pence(minor),
        attempt: 0,
        reason: None,
    };
    let taken = |then: Vec<_>| agreed([captured(1, 400)].into_iter().chain(then));
    taken(vec![]).when(refund(1, 400)).then([asked(1, 400)]);
    taken(vec![asked(1, 300)]).when(refund(1, 300)).then_nothing_happened();
    taken(vec![refunded(1, 300)]).when(refund(1, 300)).then_nothing_happened();
    let left = PaymentRefusal::BeyondCaptured { left: pence(100) };
    taken(vec![asked(1, 300)]).when(refund(2, 101)).refused(left.clone());
    taken(vec![refunded(1, 300)]).when(refund(2, 101)).refused(left);
    let none = PaymentRefusal::BeyondCaptured { left: pence(0) };
    agreed([]).when(refund(1, 1)).refused(none);
    taken(vec![]).when(refund(1, 0)).refused(PaymentRefusal::Nothing);
    let euro =
        PaymentCommand::Refund { refund: 1, amount: Money::new(1, Currency::EUR), reason: None };
    taken(vec![]).when(euro).refused(PaymentRefusal::OtherCurrency);
}

#[test]
fn a_refund_that_failed_may_be_asked_for_again() {
    let amount = pence(100);
    let asked = PaymentFact::RefundAsked { refund: 1, amount, attempt: 0, reason: None };
    let failed = PaymentFact::RefundFailed { refund: 1, reason: "closed".into(), attempt: 0 };
    let fail = PaymentCommand::RefundFailed { refund: 1, reason: "closed".into(), attempt: 0 };
    let taken = |then: Vec<_>| agreed([captured(1, 400)].into_iter().chain(then));
    taken(vec![asked.clone()]).when(fail.clone()).then([failed.clone()]);
    taken(vec![]).when(fail).then_nothing_happened();
    let refund = || PaymentCommand::Refund { refund: 1, amount, reason: None };
    let anew = PaymentFact::RefundAsked { refund: 1, amount, attempt: 1, reason: None };
    taken(vec![asked.clone(), failed]).when(refund()).then([anew]);
    let doubtful = || taken(vec![asked.clone(), gave_up(Errand::Refund, Some(1))]);
    doubtful().when(refund()).then([asked.clone()]);
    // What may have been given back is not given to anyone else.
    let left = PaymentRefusal::BeyondCaptured { left: pence(300) };
    let more = PaymentCommand::Refund { refund: 2, amount: pence(301), reason: None };
    doubtful().when(more).refused(left);
    let done = PaymentCommand::RefundDone { refund: 1, amount };
    taken(vec![asked]).when(done.clone()).then([refunded(1, 100)]);
    taken(vec![refunded(1, 100)]).when(done).then_nothing_happened();
}

#[test]
fn a_no_that_is_heard_again_is_no_answer_to_the_next_attempt() {
    let amount = pence(100);
    let no = |attempt| PaymentFact::RefundFailed { refund: 1, reason: "closed".into(), attempt };
    let say =
        |attempt| PaymentCommand::RefundFailed { refund: 1, reason: "closed".into(), attempt };
    let ask = |attempt| PaymentFact::RefundAsked { refund: 1, amount, attempt, reason: None };
    let twice = || agreed([captured(1, 400), ask(0), no(0), ask(1)]);
    twice().when(say(0)).then_nothing_happened();
    twice().when(say(1)).then([no(1)]);
    let no = |attempt| PaymentFact::CaptureFailed { capture: 1, reason: "limit".into(), attempt };
    let say =
        |attempt| PaymentCommand::CaptureFailed { capture: 1, reason: "limit".into(), attempt };
    let ask = |attempt| PaymentFact::CaptureAsked { capture: 1, amount, attempt };
    let twice = || agreed([ask(0), no(0), ask(1)]);
    twice().when(say(0)).then_nothing_happened();
    twice().when(say(1)).then([no(1)]);
    // After it was given up a no ends the doubt.
    let doubtful = agreed([ask(0), gave_up(Errand::Capture, Some(1))]);
    doubtful.when(say(0)).then([no(0)]);
}

#[test]
fn the_status_tells_what_is_left_of_what_was_taken() {
    let status = |facts: Vec<PaymentFact>| agreed(facts).state().status();
    assert_eq!(status(vec![captured(1, 400)]), PaymentStatus::Captured);
    let some = vec![captured(1, 400), refunded(1, 300)];
    assert_eq!(status(some.clone()), PaymentStatus::PartlyRefunded);
    let more = some.iter().cloned().chain([captured(2, 100)]).collect();
    assert_eq!(status(more), PaymentStatus::PartlyRefunded);
    let all = some.into_iter().chain([refunded(2, 100)]).collect();
    assert_eq!(status(all), PaymentStatus::Refunded);
}

#[test]
fn a_yes_that_is_not_used_is_given_back_once() {
    agreed([]).when(PaymentCommand::Void).then([PaymentFact::VoidAsked]);
    agreed([PaymentFact::VoidAsked]).when(PaymentCommand::Void).then_nothing_happened();
    agreed([PaymentFact::VoidAsked]).when(PaymentCommand::VoidDone).then([PaymentFact::Voided]);
    let gone = || agreed([PaymentFact::VoidAsked, PaymentFact::Voided]);
    gone().when(PaymentCommand::VoidDone).then_nothing_happened();
    gone().when(PaymentCommand::Void).then_nothing_happened();
    begun([]).when(PaymentCommand::Void).then([PaymentFact::VoidAsked]);
    begun([declined()]).when(PaymentCommand::Void).then_nothing_happened();
    let taken = PaymentRefusal::AlreadyCaptured { captured: pence(400) };
    agreed([captured(1, 400)]).when(PaymentCommand::Void).refused(taken);
}

#[test]
fn a_second_yes_under_another_name_is_given_back_and_the_first_one_pays() {
    let void = |name: &str| PaymentCommand::VoidSurplus { reference: name.into() };
    let asked = || PaymentFact::SurplusVoidAsked { reference: "B".into() };
    let voided = PaymentFact::SurplusVoided { reference: "B".into() };
    for before in [vec![], vec![captured(1, 400)]] {
        let twice = |then: &[PaymentFact]| agreed([&before[..], &[authorised("B")], then].concat());
        twice(&[]).when(void("B")).then([asked()]);
        twice(&[]).when(void("A")).then_nothing_happened();
        twice(&[asked()]).when(void("B")).then_nothing_happened();
        twice(&[asked()]).when(authorise("B")).then_nothing_happened();
        let done = PaymentCommand::VoidSurplusDone { reference: "B".into() };
        twice(&[asked()]).when(done).then([voided.clone()]);
        // The payment stands.
        let capture = PaymentCommand::Capture { capture: 2, amount: pence(100) };
        let taken = PaymentFact::CaptureAsked { capture: 2, amount: pence(100), attempt: 0 };
        twice(&[asked(), voided.clone()]).when(capture).then([taken]);
    }
}

#[test]
fn a_void_is_asked_for_again_when_it_was_given_up_or_a_yes_came_after_it() {
    let given_up = [PaymentFact::VoidAsked, gave_up(Errand::Void, None)];
    agreed(given_up).when(PaymentCommand::Void).then([PaymentFact::VoidAsked]);
    let crossed = begun([PaymentFact::VoidAsked, PaymentFact::Voided, authorised("A")]);
    crossed.when(PaymentCommand::Void).then([PaymentFact::VoidAsked]);
}

#[test]
fn the_provider_is_asked_what_became_of_it_while_nobody_knows() {
    begun([]).when(PaymentCommand::Query).then([PaymentFact::QueryAsked]);
    agreed([]).when(PaymentCommand::Query).then_nothing_happened();
    begun([declined()]).when(PaymentCommand::Query).then_nothing_happened();
    let reason = "unreachable".into();
    let give_up = PaymentCommand::GiveUp { errand: Errand::Query, number: None, reason };
    begun([]).when(give_up).then([gave_up(Errand::Query, None)]);
    let state = begun([gave_up(Errand::Authorise, None)]);
    assert_eq!(state.state().amount(), Some(pence(1_000)));
}

fn promised(then: impl IntoIterator<Item = PaymentFact>) -> Given<Payment> {
    let method = PaymentMethod::CashOnDelivery;
    let started = PaymentFact::Started { amount: pence(1_000), method, token: None };
    let promise = PaymentFact::Authorised { reference: PROMISE.into(), expires_at: None };
    given([started, promise].into_iter().chain(then))
}

#[test]
fn cash_on_delivery_is_promised_at_once_and_no_provider_is_asked() {
    let method = PaymentMethod::CashOnDelivery;
    let start = PaymentCommand::Start { amount: pence(1_000), method, token: None };
    let started = PaymentFact::Started { amount: pence(1_000), method, token: None };
    let promise = PaymentFact::Authorised { reference: PROMISE.into(), expires_at: None };
    given::<Payment>([]).when(start.clone()).then([started, promise]);
    promised([]).when(start).then([]);
    promised([]).when(PaymentCommand::Query).then([]);
}

#[test]
fn promised_money_is_taken_given_back_and_let_go_without_a_provider() {
    let capture = PaymentCommand::Capture { capture: 1, amount: pence(1_000) };
    promised([]).when(capture.clone()).then([captured(1, 1_000)]);
    promised([captured(1, 1_000)]).when(capture).then([]);
    let more = PaymentCommand::Capture { capture: 2, amount: pence(1) };
    promised([captured(1, 1_000)])
        .when(more)
        .refused(PaymentRefusal::BeyondAuthorised { left: pence(0) });
    let refund = PaymentCommand::Refund { refund: 1, amount: pence(400), reason: None };
    promised([captured(1, 1_000)]).when(refund.clone()).then([refunded(1, 400)]);
    promised([captured(1, 1_000), refunded(1, 400)]).when(refund).then([]);
    promised([]).when(PaymentCommand::Void).then([PaymentFact::Voided]);
}

#[test]
fn a_token_is_spent_with_the_providers_last_word_and_not_before() {
    let token = Some("00000000-0000-4000-8000-00000000000c".parse().unwrap());
    let (amount, method) = (pence(1_000), PaymentMethod::Card);
    let asked = PaymentFact::Started { amount, method, token };
    let waits = given::<Payment>([asked.clone(), PaymentFact::ActionRequired]);
    for last in [authorised("A"), declined(), PaymentFact::Expired, PaymentFact::Voided] {
        assert_eq!(waits.state().spent(&last), token, "{last:?}");
        let after = given::<Payment>([asked.clone(), last]);
        assert_eq!(after.state().spent(&authorised("B")), None, "it is spent once");
    }
    assert_eq!(waits.state().spent(&gave_up(Errand::Authorise, None)), token);
    let open = [PaymentFact::VoidAsked, PaymentFact::QueryAsked, gave_up(Errand::Query, None)];
    assert!(open.iter().all(|fact| waits.state().spent(fact).is_none()));
    assert_eq!(begun([]).state().spent(&declined()), None, "there was none");
}

#[test]
fn a_provider_who_calls_his_yes_a_promise_is_asked_for_the_money_all_the_same() {
    let capture = PaymentCommand::Capture { capture: 1, amount: pence(1_000) };
    let asked = PaymentFact::CaptureAsked { capture: 1, amount: pence(1_000), attempt: 0 };
    begun([authorised(PROMISE)]).when(capture).then([asked]);
}
