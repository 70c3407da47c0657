//! What comes by itself: early, often, late, and not from whom it says.

use crate::scene::{Inbox, Scene, payment, sandbox_time};
use commerce::payments::PaymentCommand;
use flows::Command;
use gateways::webhooks::{self, TOLERANCE, WebhookError};
use server::sandbox::{Secret, Side, Switches};
use std::time::Duration;

#[tokio::test]
async fn a_message_may_come_before_the_answer() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    let said = scene.pay(1, &scene.started("tok_webhook_first")).await.expect("a yes");
    assert!(!inbox.is_empty(), "it has come before the answer");
    let heard = inbox.next().await.heard(&scene.sandbox.secret);
    let said: Vec<Command> =
        said.into_iter().map(|said| Command::Payment(payment(1), said)).collect();
    assert_eq!(heard.commands, said, "both say the same");
}

#[tokio::test]
async fn a_message_that_comes_five_times_has_one_name() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    scene.pay(1, &scene.started("tok_twice")).await.expect("a yes");
    let first = inbox.next().await.heard(&scene.sandbox.secret);
    for _ in 1..5 {
        let again = inbox.next().await.heard(&scene.sandbox.secret);
        assert_eq!((&again.id, &again.commands), (&first.id, &first.commands));
    }
    scene.pay(2, &scene.started("tok_ok")).await.expect("a yes");
    let other = inbox.next().await.heard(&scene.sandbox.secret);
    assert_ne!(other.id, first.id, "no sixth time");
}

#[tokio::test]
async fn a_message_that_is_not_taken_is_sent_again() {
    let mut inbox = Inbox::open().await;
    inbox.refuse(2);
    let scene = Scene::told(&inbox);
    scene.pay(1, &scene.started("tok_declined")).await.expect("a no");
    let heard = inbox.next().await.heard(&scene.sandbox.secret);
    let no = PaymentCommand::Decline { reason: "card_declined".into() };
    assert_eq!(heard.commands, [Command::Payment(payment(1), no)]);
}

#[tokio::test]
async fn a_sandbox_that_is_mute_tells_nothing() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    let mute = Switches { mute: true, ..Switches::default() };
    scene.sandbox.switch(Side::Payments, mute);
    scene.pay(1, &scene.started("tok_webhook_first")).await.expect("a yes");
    scene.sandbox.switch(Side::Payments, Switches::default());
    scene.pay(2, &scene.started("tok_webhook_first")).await.expect("a yes");
    let heard = inbox.next().await.heard(&scene.sandbox.secret);
    let [Command::Payment(told, _)] = heard.commands.as_slice() else { panic!("one command") };
    assert_eq!(*told, payment(2));
}

#[tokio::test]
async fn forged_and_stale_messages_are_not_believed() {
    let mut inbox = Inbox::open().await;
    let scene = Scene::told(&inbox);
    scene.pay(1, &scene.started("tok_ok")).await.expect("a yes");
    let came = inbox.next().await;
    let (secret, now) = (scene.sandbox.secret.as_str(), sandbox_time());
    let believed = |secret: &str, body: &[u8], now| {
        webhooks::payment(secret, &came.headers, body, now).map(|_| ())
    };
    assert_eq!(believed(secret, &came.body, now), Ok(()));
    let other = Secret::random();
    assert_eq!(believed(other.as_str(), &came.body, now), Err(WebhookError::Signature));
    let text = String::from_utf8(came.body.to_vec()).expect("text");
    let changed = text.replace("payment.authorised", "payment.declined");
    assert_eq!(believed(secret, changed.as_bytes(), now), Err(WebhookError::Signature));
    let later = now + TOLERANCE + Duration::from_secs(2);
    assert_eq!(believed(secret, &came.body, later), Err(WebhookError::TooOld));
    let carrier = webhooks::carrier(secret, &came.headers, &came.body, now);
    assert!(matches!(carrier, Err(WebhookError::UnknownKind(_))));
}
