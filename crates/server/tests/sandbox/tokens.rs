//! Every token does what it says.

use crate::scene::{AMOUNT, Again, Inbox, Scene, payment};
use commerce::payments::{PaymentCommand, PaymentFact};
use engine::handlers::Failure;
use flows::Command;
use gateways::wire::Standing;
use server::sandbox::SandboxArgs;
use std::time::Duration;

fn yes(number: u32) -> PaymentCommand {
    let reference = format!("auth-{}-1", payment(number)).into();
    PaymentCommand::Authorise { reference, expires_at: None }
}

fn no(reason: &str) -> PaymentCommand {
    PaymentCommand::Decline { reason: reason.into() }
}

fn is_transient<T>(outcome: &Result<T, Failure>) -> bool {
    matches!(outcome, Err(Failure::Transient(_)))
}

#[tokio::test]
async fn a_token_says_yes_or_no() {
    let scene = Scene::silent();
    let expected = [
        ("tok_ok", yes(1)),
        ("tok_declined", no("card_declined")),
        ("tok_insufficient_funds", no("insufficient_funds")),
        ("tok_action_required", PaymentCommand::RequireAction),
        ("tok_nobody_knows", no("unknown_token")),
        ("tok_twice", yes(6)),
        ("tok_webhook_first", yes(7)),
    ];
    for (number, (token, said)) in (1..).zip(expected) {
        let started = scene.started(token);
        assert_eq!(scene.pay(number, &started).await, Ok(vec![said]), "{token}");
    }
}

#[tokio::test]
async fn what_pays_without_a_token_is_authorised() {
    let scene = Scene::silent();
    let method = commerce::payments::PaymentMethod::BankTransfer;
    let started = PaymentFact::Started { amount: AMOUNT, method, token: None };
    assert_eq!(scene.pay(1, &started).await, Ok(vec![yes(1)]));
    let empty = Some(scene.vault.keep(""));
    let started = PaymentFact::Started { amount: AMOUNT, method, token: empty };
    assert_eq!(scene.pay(2, &started).await, Ok(vec![yes(2)]));
}

#[tokio::test]
async fn an_answer_that_is_lost_is_asked_for_again_and_charged_once() {
    let scene = Scene::silent();
    let started = scene.started("tok_no_answer");
    assert!(is_transient(&scene.pay(1, &started).await));
    assert_eq!(scene.pay(1, &started).await, Ok(vec![yes(1)]));
    assert_eq!(scene.sheet(1).await.authorisations.len(), 1);
}

#[tokio::test]
async fn a_slow_answer_is_given_up_and_asked_for_again() {
    let scene = Scene::patient(SandboxArgs::default(), Duration::from_millis(1500));
    let started = scene.started("tok_slow");
    assert!(is_transient(&scene.pay(1, &started).await));
    assert_eq!(scene.pay(1, &started).await, Ok(vec![yes(1)]));
    assert_eq!(scene.sheet(1).await.authorisations.len(), 1);
}

#[tokio::test]
async fn two_errors_are_followed_by_a_yes() {
    let scene = Scene::silent();
    let started = scene.started("tok_error");
    assert!(is_transient(&scene.pay(1, &started).await));
    assert!(is_transient(&scene.pay(1, &started).await));
    assert_eq!(scene.pay(1, &started).await, Ok(vec![yes(1)]));
    assert_eq!(scene.sheet(1).await.authorisations.len(), 1);
}

#[tokio::test]
async fn a_late_yes_comes_by_itself() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    let started = scene.started("tok_late");
    assert_eq!(scene.pay(1, &started).await, Ok(vec![]));
    let heard = inbox.next().await.heard(&scene.sandbox.secret);
    assert_eq!(heard.commands, [Command::Payment(payment(1), yes(1))]);
    assert_eq!(scene.pay(1, &PaymentFact::QueryAsked).await, Ok(vec![yes(1)]));
}

#[tokio::test]
async fn a_customer_who_confirms_is_heard_of() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    let asked = scene.pay(1, &scene.started("tok_action_required")).await;
    assert_eq!(asked, Ok(vec![PaymentCommand::RequireAction]));
    let heard = inbox.next().await.heard(&scene.sandbox.secret);
    assert_eq!(heard.kind, "payment.action_required");
    let Standing::ActionRequired { .. } = scene.sheet(1).await.standing else {
        panic!("it waits for the customer");
    };
    let url = format!("{}/actions/{}", scene.sandbox.payments_url, payment(1));
    let page = reqwest::get(&url).await.expect("a page").text().await.expect("text");
    assert!(page.contains("Confirm"));
    reqwest::Client::new().post(&url).send().await.expect("it is confirmed");
    let heard = inbox.next().await.heard(&scene.sandbox.secret);
    assert_eq!(heard.commands, [Command::Payment(payment(1), yes(1))]);
}

#[tokio::test]
async fn a_query_tells_what_became_of_a_payment_and_no_if_nobody_knows_it() {
    let scene = Scene::silent();
    let query = PaymentFact::QueryAsked;
    assert_eq!(scene.pay(1, &query).await, Ok(vec![no("unknown_to_provider")]));
    assert!(is_transient(&scene.pay(2, &scene.started("tok_no_answer")).await));
    assert_eq!(scene.pay(2, &query).await, Ok(vec![yes(2)]));
    assert!(scene.pay(3, &scene.started("tok_declined")).await.is_ok());
    assert_eq!(scene.pay(3, &query).await, Ok(vec![no("card_declined")]));
}

#[tokio::test]
async fn what_may_have_been_done_under_another_key_is_asked_about_first() {
    let scene = Scene::silent();
    let started = scene.started("tok_no_answer");
    assert!(is_transient(&scene.pay(1, &started).await));
    let careful = Again { edited: true, uncertain: true };
    assert_eq!(scene.pay_again(1, &started, careful).await, Ok(vec![yes(1)]));
    assert_eq!(scene.sheet(1).await.authorisations.len(), 1);
    // Of what it does not know it is asked all the same.
    let other = scene.started("tok_ok");
    assert_eq!(scene.pay_again(2, &other, careful).await, Ok(vec![yes(2)]));
}

#[tokio::test]
async fn a_token_that_was_forgotten_pays_nothing_new() {
    let scene = Scene::silent();
    let started = scene.started("tok_no_answer");
    let PaymentFact::Started { token: Some(token), .. } = started else { panic!("a token") };
    assert!(is_transient(&scene.pay(1, &started).await));
    scene.vault.forget(token);
    assert_eq!(scene.pay(1, &started).await, Ok(vec![yes(1)]), "it was charged before");
    assert_eq!(scene.pay(2, &started).await, Ok(vec![no("token_forgotten")]));
}
