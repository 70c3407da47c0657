//! The line to one partner: where it is, how long one waits, and what its silence means.

use crate::wire::Complaint;
use engine::handlers::Failure;
use kernel::CommandId;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect::Policy};
use serde::{Serialize, de::DeserializeOwned};
use std::{error::Error, time::Duration};

/// Bytes of an answer; more is none.
const ANSWER: usize = 256 * 1024;

/// Bytes of a settlement file: some hundred thousand movements.
const FILE: usize = 64 * 1024 * 1024;

/// How long one waits for a partner.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the whole answer, from the beginning.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { connect: Duration::from_secs(5), answer: Duration::from_secs(20) }
    }
}

/// Somebody outside who is asked over HTTP.
#[derive(Clone)]
pub struct Partner {
    /// By what circuit breaker and alarms know it: `sandbox-payments`. Two partners have two names.
    pub name: &'static str,
    /// Where it is, up to the paths of [`crate::wire`]: `https://pay.example/v1`.
    pub url: String,
    /// What we show it, as a bearer token.
    pub key: Option<String>,
    /// How long one waits for it.
    pub patience: Patience,
}

impl Partner {
    /// Without a key, with the usual patience.
    pub fn new(name: &'static str, url: impl Into<String>) -> Partner {
        Partner { name, url: url.into(), key: None, patience: Patience::default() }
    }
}

/// Nobody can be asked there.
#[derive(Debug, thiserror::Error)]
pub enum BadPartner {
    /// No address of the web.
    #[error("{0:?} is no address: expected http:// or https:// and a host")]
    Url(String),
    /// The client cannot be made, as without any certificates to trust.
    #[error("no connection to {name} can be made: {reason}")]
    Client {
        /// To whom.
        name: &'static str,
        /// Why not.
        reason: String,
    },
}

/// A client that follows nobody elsewhere, and waits no longer than this.
pub(super) fn client(url: &Url, patience: Patience) -> Result<Client, reqwest::Error> {
    let mut builder = Client::builder()
        .user_agent(concat!("cartage/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .connect_timeout(patience.connect)
        .timeout(patience.answer)
        .pool_max_idle_per_host(64)
        .pool_idle_timeout(Duration::from_secs(30));
    if url.scheme() == "http" {
        // Also on a machine without certificates.
        builder = builder.tls_certs_only([]);
    }
    if matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) {
        builder = builder.no_proxy();
    }
    builder.build()
}

/// An address that can be asked.
pub(super) fn address(text: &str) -> Result<Url, BadPartner> {
    let url = Url::parse(text).ok().filter(|url| {
        matches!(url.scheme(), "http" | "https") && url.has_host() && url.query().is_none()
    });
    url.ok_or_else(|| BadPartner::Url(text.to_owned()))
}

/// The chain of causes without the address, which holds nothing that helps.
pub(super) fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text.chars().take(300).collect()
}

/// By what a request is known.
#[derive(Clone, Copy)]
pub(super) struct Names<'a> {
    pub(super) key: &'a str,
    pub(super) correlation: Option<CommandId>,
}

/// The line itself: one client, its connections are kept.
pub(super) struct Line {
    client: Client,
    name: &'static str,
    base: String,
    key: Option<String>,
}

impl Line {
    pub(super) fn to(partner: Partner) -> Result<Line, BadPartner> {
        let Partner { name, url, key, patience } = partner;
        let url = address(&url)?;
        let client = client(&url, patience)
            .map_err(|error| BadPartner::Client { name, reason: causes(error) })?;
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Line { client, name, base, key })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// None when it knows nothing of that (404).
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        correlation: Option<CommandId>,
    ) -> Result<Option<T>, Failure> {
        let request = correlated(self.client.get(self.at(path)), correlation);
        let response = self.send(request).await?;
        if response.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.understood(response).await.map(Some)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        asked: &impl Serialize,
        names: Names<'_>,
    ) -> Result<T, Failure> {
        let request = self.client.post(self.at(path)).json(asked);
        let request = request.header("idempotency-key", names.key);
        let response = self.send(correlated(request, names.correlation)).await?;
        self.understood(response).await
    }

    /// A whole file as text.
    pub(super) async fn file(&self, path: &str) -> Result<String, Failure> {
        let response = self.send(self.client.get(self.at(path))).await?;
        let bytes = self.body(self.accepted(response).await?, FILE).await?;
        String::from_utf8(bytes).map_err(|_| self.garbled("it is not UTF-8"))
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn send(&self, request: RequestBuilder) -> Result<Response, Failure> {
        let request = match &self.key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        request.send().await.map_err(|error| self.silent(error))
    }

    async fn understood<T: DeserializeOwned>(&self, response: Response) -> Result<T, Failure> {
        let body = self.body(self.accepted(response).await?, ANSWER).await?;
        // The parser's message quotes no values of the answer, only where it stopped.
        serde_json::from_slice(&body).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            self.garbled(&place)
        })
    }

    /// What another status than 2xx means.
    async fn accepted(&self, response: Response) -> Result<Response, Failure> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let passing = matches!(status.as_u16(), 408 | 409 | 425 | 429) || status.is_server_error();
        if passing {
            return Err(Failure::Transient(format!("{} answers {status}", self.name)));
        }
        // Only its code: a complaint may quote what it was asked.
        let body = self.body(response, ANSWER).await.unwrap_or_default();
        let complaint: Complaint = serde_json::from_slice(&body).unwrap_or_default();
        let code = crate::said::code(&complaint.code);
        Err(Failure::Permanent(format!("{} answers {status}, {code}", self.name)))
    }

    async fn body(&self, mut response: Response, limit: usize) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.silent(error))? {
            if body.len() + chunk.len() > limit {
                return Err(self.garbled("it is too long"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn silent(&self, error: reqwest::Error) -> Failure {
        Failure::Transient(format!("no answer from {}: {}", self.name, causes(error)))
    }

    fn garbled(&self, why: &str) -> Failure {
        Failure::Permanent(format!("the answer of {} cannot be read: {why}", self.name))
    }
}

fn correlated(request: RequestBuilder, correlation: Option<CommandId>) -> RequestBuilder {
    match correlation {
        Some(id) => request.header("x-correlation-id", id.to_string()),
        None => request,
    }
}
