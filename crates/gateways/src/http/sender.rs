//! Sends a webhook: one attempt, signed when it is sent, so that a repeated one is not too old.

use super::line::{self, BadPartner, Patience};
use crate::webhooks::{self, WebhookError};
use kernel::Timestamp;
use reqwest::{Client, Url};

/// Sends messages to one address.
pub struct WebhookSender {
    client: Client,
    url: Url,
    secret: String,
}

/// The message has not arrived, or was not taken: send it again later.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum NotTaken {
    /// Answered, but not with 2xx.
    #[error("answered {0}")]
    Status(u16),
    /// Not answered.
    #[error("no answer: {0}")]
    Silence(String),
    /// Cannot be signed.
    #[error(transparent)]
    Unsigned(#[from] WebhookError),
}

impl WebhookSender {
    /// To this address, signed with this secret (`whsec_` and base64).
    ///
    /// # Errors
    /// [`BadPartner`] when nobody can be told there.
    pub fn new(url: &str, secret: &str, patience: Patience) -> Result<WebhookSender, BadPartner> {
        let url = line::address(url)?;
        let client = line::client(&url, patience).map_err(|error| BadPartner::Client {
            name: "the receiver of webhooks",
            reason: line::causes(error),
        })?;
        Ok(WebhookSender { client, url, secret: secret.to_owned() })
    }

    /// Sends one message once.
    ///
    /// # Errors
    /// [`NotTaken`] when it was not answered with 2xx.
    pub async fn send(&self, id: &str, body: &str, now: Timestamp) -> Result<(), NotTaken> {
        let seconds = now.micros().div_euclid(1_000_000);
        let signature = webhooks::sign(&self.secret, id, seconds, body.as_bytes())?;
        let request = self
            .client
            .post(self.url.clone())
            .header(http::header::CONTENT_TYPE, "application/json")
            .header(standardwebhooks::HEADER_WEBHOOK_ID, id)
            .header(standardwebhooks::HEADER_WEBHOOK_TIMESTAMP, seconds.to_string())
            .header(standardwebhooks::HEADER_WEBHOOK_SIGNATURE, signature)
            .body(body.to_owned());
        let answer = request.send().await;
        let answer = answer.map_err(|error| NotTaken::Silence(line::causes(error)))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status => Err(NotTaken::Status(status.as_u16())),
        }
    }
}
