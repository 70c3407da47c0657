//! Who is believed, and what is made of it.

use super::*;
use kernel::{Currency, Money, spec::NOW};
use serde_json::json;

const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const PAYMENT: &str = "018f0000-0000-7000-8000-000000000001.1";

fn seconds(at: Timestamp) -> i64 {
    at.micros() / 1_000_000
}

/// A message as somebody sends it who knows this secret, at this time.
fn sealed(secret: &str, sent: Timestamp, body: &str) -> HeaderMap {
    let signature = sign(secret, "msg-1", seconds(sent), body.as_bytes()).expect("a secret");
    let mut headers = HeaderMap::new();
    let pairs = [
        (HEADER_WEBHOOK_ID, "msg-1".to_owned()),
        (HEADER_WEBHOOK_TIMESTAMP, seconds(sent).to_string()),
        (HEADER_WEBHOOK_SIGNATURE, format!("v1,bm90aGluZw== {signature}")),
    ];
    for (name, value) in pairs {
        headers.insert(name, value.parse().expect("a plain value"));
    }
    headers
}

fn message(kind: &str, data: serde_json::Value) -> String {
    json!({"type": kind, "timestamp": NOW, "data": data}).to_string()
}

fn heard(kind: &str, data: serde_json::Value) -> Result<Incoming, WebhookError> {
    let body = message(kind, data);
    payment(SECRET, &sealed(SECRET, NOW, &body), body.as_bytes(), NOW)
}

fn declined() -> String {
    message("payment.declined", json!({"payment": PAYMENT, "reason": "Stolen card"}))
}

#[test]
fn what_is_signed_and_fresh_becomes_a_command() {
    let body = declined();
    let incoming = payment(SECRET, &sealed(SECRET, NOW, &body), body.as_bytes(), NOW);
    let incoming = incoming.expect("it is believed");
    let decline = PaymentCommand::Decline { reason: "stolen_card".into() };
    let id = PAYMENT.parse().expect("a payment");
    assert_eq!(incoming.commands, [Command::Payment(id, decline)]);
    assert_eq!((incoming.id.as_str(), incoming.kind.as_str()), ("msg-1", "payment.declined"));
    assert_eq!((incoming.sent, incoming.body), (NOW, body.into_bytes()));
}

#[test]
fn nobody_is_believed_who_does_not_know_the_secret() {
    let body = declined();
    let other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let error = |headers: &HeaderMap, body: &str| {
        payment(SECRET, headers, body.as_bytes(), NOW).expect_err("it is not believed")
    };
    assert_eq!(error(&sealed(other, NOW, &body), &body), WebhookError::Signature);
    let changed = body.replace("Stolen", "Broken");
    assert_eq!(error(&sealed(SECRET, NOW, &body), &changed), WebhookError::Signature);
    for name in [HEADER_WEBHOOK_ID, HEADER_WEBHOOK_TIMESTAMP, HEADER_WEBHOOK_SIGNATURE] {
        let mut headers = sealed(SECRET, NOW, &body);
        headers.remove(name);
        assert_eq!(error(&headers, &body), WebhookError::Header(name));
    }
    let mut headers = sealed(SECRET, NOW, &body);
    headers.insert(HEADER_WEBHOOK_ID, "msg-2".parse().expect("a plain value"));
    assert_eq!(error(&headers, &body), WebhookError::Signature);
}

#[test]
fn what_is_too_old_or_not_sent_yet_is_not_believed() {
    let body = declined();
    let minute = Duration::from_secs(60);
    let at = |sent| payment(SECRET, &sealed(SECRET, sent, &body), body.as_bytes(), NOW).err();
    assert_eq!(at(NOW - TOLERANCE), None);
    assert_eq!(at(NOW + TOLERANCE), None);
    assert_eq!(at(NOW - TOLERANCE - minute), Some(WebhookError::TooOld));
    assert_eq!(at(NOW + TOLERANCE + minute), Some(WebhookError::FromTheFuture));
}

#[test]
fn what_is_unknown_and_what_is_nonsense_are_told_apart() {
    let unknown = heard("payment.sneezed", json!({})).expect_err("nobody knows that");
    assert_eq!(unknown, WebhookError::UnknownKind("payment.sneezed".to_owned()));
    let money = |minor: i64| Money::new(minor, Currency::GBP);
    let taken = |minor| json!({"payment": PAYMENT, "number": 1, "amount": money(minor)});
    assert!(heard("payment.captured", taken(900)).is_ok());
    let nonsense = [
        heard("payment.captured", taken(-900)),
        heard("payment.captured", taken(i64::MAX)),
        heard("payment.captured", json!({"payment": PAYMENT})),
        heard("payment.authorised", json!({"payment": PAYMENT, "authorisation": "a b"})),
        heard("payment.declined", json!({"payment": "somebody's", "reason": "no"})),
    ];
    for outcome in nonsense {
        assert!(matches!(outcome, Err(WebhookError::Malformed(_))), "{outcome:?}");
    }
}

#[test]
fn every_kind_is_known_and_becomes_one_command() {
    let amount = Money::new(900, Currency::GBP);
    let data = json!({
        "payment": PAYMENT, "reason": "no", "authorisation": "A", "number": 1, "attempt": 0,
        "amount": amount,
    });
    for kind in PaymentNews::KINDS {
        let incoming = heard(kind, data.clone()).expect("it is known");
        assert_eq!((incoming.kind.as_str(), incoming.commands.len()), (kind, 1));
    }
}

#[test]
fn a_carrier_tells_where_a_parcel_is() {
    let events = json!([{"at": NOW, "status": "delivered"}, {"at": NOW, "status": "in_transit"}]);
    let told = json!({"parcel": PAYMENT, "events": events});
    let body = message("parcel.tracked", told);
    let incoming = carrier(SECRET, &sealed(SECRET, NOW, &body), body.as_bytes(), NOW);
    let commands = incoming.expect("it is believed").commands;
    let [Command::Parcel(_, ParcelCommand::Track { events })] = commands.as_slice() else {
        panic!("one report is expected, not {commands:?}");
    };
    assert_eq!(events.len(), 2);
    let body = declined();
    let wrong = carrier(SECRET, &sealed(SECRET, NOW, &body), body.as_bytes(), NOW);
    assert!(matches!(wrong, Err(WebhookError::UnknownKind(_))));
}

#[test]
fn a_secret_that_is_none_is_our_own_mistake() {
    let body = declined();
    let headers = sealed(SECRET, NOW, &body);
    let short = &SECRET[..SECRET.len() - 4];
    for secret in ["", "whsec_", short, &SECRET[6..], &SECRET.replace('C', "?")] {
        let error = payment(secret, &headers, body.as_bytes(), NOW).expect_err("no secret");
        assert_eq!(error, WebhookError::Secret, "{secret}");
    }
}
