//! What providers and carriers tell by themselves: signed as Standard Webhooks says, not too old, of a
//! kind that we know, and turned into the commands that report it. Pure: it is told what time it is.
//!
//! The same message may come several times, early, late and in any order. Its id tells a repetition;
//! whoever lets one slip does no harm, because the deciders know old news.

use crate::{
    said,
    wire::{Message, ParcelNews, PaymentNews},
};
use commerce::payments::PaymentCommand;
use flows::Command;
use http::HeaderMap;
use kernel::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use standardwebhooks::{HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP};
use std::time::Duration;
use warehouse::shipping::ParcelCommand;

/// How far the sender's clock may be from ours, either way.
pub const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// How every secret begins.
const PREFIX: &str = "whsec_";

/// Letters of base64 behind it: the 24 bytes that Standard Webhooks asks for.
const KEY: usize = 32;

/// Bytes of a message's id.
const ID: usize = 255;

/// Sightings in one message.
const EVENTS: usize = 200;

/// A message that is what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    /// The sender's name of the message; the same again is a repetition.
    pub id: String,
    /// What it says: `payment.authorised`.
    pub kind: String,
    /// When it was sent, by the sender's clock.
    pub sent: Timestamp,
    /// As it came.
    pub body: Vec<u8>,
    /// What reports it, in order.
    pub commands: Vec<Command>,
}

/// Why a message is not taken.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum WebhookError {
    /// A header is missing, or is no text.
    #[error("the header {0} is missing or unreadable")]
    Header(&'static str),
    /// It was sent longer ago than [`TOLERANCE`].
    #[error("the message was sent more than {} s ago", TOLERANCE.as_secs())]
    TooOld,
    /// It was sent after now by more than [`TOLERANCE`].
    #[error("the message was sent in the future")]
    FromTheFuture,
    /// Nobody who knows the secret has written it.
    #[error("the signature does not fit the message")]
    Signature,
    /// Ours, not the sender's fault.
    #[error("a secret of webhooks is written whsec_ and at least {KEY} letters of base64")]
    Secret,
    /// It says something that we do not know.
    #[error("the kind of message is unknown: {0}")]
    UnknownKind(String),
    /// It does not say what its kind says.
    #[error("the message is malformed: {0}")]
    Malformed(String),
}

/// Signs a message as Standard Webhooks says: the value of `webhook-signature`.
///
/// # Errors
/// [`WebhookError::Secret`] and, when the body is no text, [`WebhookError::Malformed`].
pub fn sign(
    secret: &str,
    id: &str,
    sent_seconds: i64,
    body: &[u8],
) -> Result<String, WebhookError> {
    // An empty secret would sign, too, and anybody could.
    let key = secret.strip_prefix(PREFIX).filter(|key| key.len() >= KEY);
    let key = key.ok_or(WebhookError::Secret)?;
    let signer = standardwebhooks::Webhook::new(key).map_err(|_| WebhookError::Secret)?;
    signer.sign(id, sent_seconds, body).map_err(|_| WebhookError::Malformed("not UTF-8".to_owned()))
}

/// What a provider of payments tells. `secret` is written `whsec_` and base64.
///
/// # Errors
/// [`WebhookError`]; nothing of the message may then be believed.
pub fn payment(
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Incoming, WebhookError> {
    let sealed = open(secret, headers, body, now)?;
    let (kind, news) = read::<PaymentNews>(body, &PaymentNews::KINDS)?;
    let command = payment_command(news).map_err(malformed)?;
    Ok(sealed.saying(kind, body, command))
}

/// What a carrier tells. `secret` is written `whsec_` and base64.
///
/// # Errors
/// [`WebhookError`]; nothing of the message may then be believed.
pub fn carrier(
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Incoming, WebhookError> {
    let sealed = open(secret, headers, body, now)?;
    let (kind, ParcelNews::Tracked { parcel, events }) =
        read::<ParcelNews>(body, &ParcelNews::KINDS)?;
    if events.len() > EVENTS {
        return Err(malformed(format_args!("more than {EVENTS} sightings")));
    }
    let track = Command::Parcel(parcel, ParcelCommand::Track { events });
    Ok(sealed.saying(kind, body, track))
}

/// What the headers say, once they are believed.
struct Sealed {
    id: String,
    sent: Timestamp,
}

impl Sealed {
    fn saying(self, kind: String, body: &[u8], command: Command) -> Incoming {
        let Sealed { id, sent } = self;
        Incoming { id, kind, sent, body: body.to_vec(), commands: vec![command] }
    }
}

/// Signature first: nothing is said of a message to somebody who did not know the secret.
fn open(
    secret: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Sealed, WebhookError> {
    let id = header(headers, HEADER_WEBHOOK_ID)?;
    let seconds = header(headers, HEADER_WEBHOOK_TIMESTAMP)?;
    let signatures = header(headers, HEADER_WEBHOOK_SIGNATURE)?;
    if !(1..=ID).contains(&id.len()) {
        return Err(WebhookError::Header(HEADER_WEBHOOK_ID));
    }
    let seconds: i64 =
        seconds.parse().map_err(|_| WebhookError::Header(HEADER_WEBHOOK_TIMESTAMP))?;
    let expected = match sign(secret, id, seconds, body) {
        Err(WebhookError::Malformed(_)) => return Err(WebhookError::Signature),
        signed => signed?,
    };
    // A secret is being changed: there may be several signatures.
    if !signatures.split(' ').any(|given| same(given.as_bytes(), expected.as_bytes())) {
        return Err(WebhookError::Signature);
    }
    let sent = Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    if now.since(sent) > TOLERANCE {
        return Err(WebhookError::TooOld);
    }
    if sent.since(now) > TOLERANCE {
        return Err(WebhookError::FromTheFuture);
    }
    Ok(Sealed { id: id.to_owned(), sent })
}

fn header<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, WebhookError> {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.ok_or(WebhookError::Header(name))
}

/// Takes as long for a near miss as for a far one.
fn same(given: &[u8], expected: &[u8]) -> bool {
    let differing = given.iter().zip(expected).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == expected.len() && differing == 0
}

/// What kind of message it is, before anything else is read.
#[derive(Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

fn read<D: DeserializeOwned>(body: &[u8], known: &[&str]) -> Result<(String, D), WebhookError> {
    let Kind { kind } = serde_json::from_slice(body).map_err(malformed)?;
    if !known.contains(&kind.as_str()) {
        return Err(WebhookError::UnknownKind(kind.chars().take(80).collect()));
    }
    let message: Message<D> = serde_json::from_slice(body).map_err(malformed)?;
    Ok((kind, message.news))
}

fn malformed(error: impl std::fmt::Display) -> WebhookError {
    WebhookError::Malformed(error.to_string())
}

fn payment_command(news: PaymentNews) -> Result<Command, said::Nonsense> {
    let (payment, command) = match news {
        PaymentNews::Authorised { payment, authorisation, expires_at } => {
            (payment, said::authorised(&authorisation, expires_at)?)
        }
        PaymentNews::Declined { payment, reason } => {
            (payment, PaymentCommand::Decline { reason: said::code(&reason) })
        }
        PaymentNews::ActionRequired { payment } => (payment, PaymentCommand::RequireAction),
        PaymentNews::Expired { payment } => (payment, PaymentCommand::Expire),
        PaymentNews::Captured { payment, number, amount } => {
            let amount = said::amount(amount)?;
            (payment, PaymentCommand::CaptureDone { capture: number, amount })
        }
        PaymentNews::CaptureFailed { payment, number, attempt, reason } => {
            let reason = said::code(&reason);
            (payment, PaymentCommand::CaptureFailed { capture: number, reason, attempt })
        }
        PaymentNews::Refunded { payment, number, amount } => {
            let amount = said::amount(amount)?;
            (payment, PaymentCommand::RefundDone { refund: number, amount })
        }
        PaymentNews::RefundFailed { payment, number, attempt, reason } => {
            let reason = said::code(&reason);
            (payment, PaymentCommand::RefundFailed { refund: number, reason, attempt })
        }
        PaymentNews::Voided { payment, authorisation } => {
            (payment, said::voided(authorisation.as_ref())?)
        }
    };
    Ok(Command::Payment(payment, command))
}

#[cfg(test)]
mod tests;
