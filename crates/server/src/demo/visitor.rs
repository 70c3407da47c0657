//! Somebody who uses the shop over HTTP, as everybody does, and does things by chance.

use reqwest::{Client, Method};
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use uuid::Uuid;

/// How long he waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// A client with a seed.
#[derive(Clone)]
pub(super) struct Visitor {
    client: Client,
    base: String,
    key: Option<String>,
    chance: u64,
}

/// Nothing came of it; the visitor tries something else.
#[derive(Debug, thiserror::Error)]
pub(super) enum Nothing {
    /// No connection, no answer.
    #[error(transparent)]
    Unheard(#[from] reqwest::Error),
    /// The shop says no.
    #[error("{status}: {code}")]
    No {
        /// Of the answer.
        status: u16,
        /// Of the problem.
        code: String,
    },
}

impl Visitor {
    pub(super) fn new(address: SocketAddr, key: Option<String>, seed: u64) -> Visitor {
        let client = Client::builder().timeout(PATIENCE).no_proxy().build().unwrap_or_default();
        let base = format!("http://{address}/api/v1");
        Visitor { client, base, key, chance: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 }
    }

    /// A number by chance, below `below` (xorshift64*, Marsaglia 2003 and Vigna 2016).
    pub(super) fn below(&mut self, below: u64) -> u64 {
        self.chance ^= self.chance >> 12;
        self.chance ^= self.chance << 25;
        self.chance ^= self.chance >> 27;
        (self.chance.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % below.max(1)
    }

    /// One of these by chance.
    pub(super) fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> Option<&'a T> {
        let at = usize::try_from(self.below(all.len() as u64)).unwrap_or(0);
        all.get(at).copied()
    }

    /// True so many times in a hundred.
    pub(super) fn sometimes(&mut self, in_a_hundred: u64) -> bool {
        self.below(100) < in_a_hundred
    }

    /// Waits a time by chance, `mean` on average: arrivals without memory.
    pub(super) async fn wait(&mut self, mean: Duration) {
        let unit = (self.below(1_000_000) + 1) as f64 / 1_000_000.0;
        tokio::time::sleep(mean.mul_f64(-unit.ln()).min(mean * 10)).await;
    }

    /// As staff.
    pub(super) async fn staff(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Nothing> {
        let key = self.key.clone().unwrap_or_default();
        self.ask(method, path, body, &[("authorization", format!("Bearer {key}"))]).await
    }

    /// As a guest, with the token of his cart.
    pub(super) async fn guest(
        &self,
        path: &str,
        body: Value,
        token: Option<&str>,
    ) -> Result<Value, Nothing> {
        let token = token.map(|token| ("cartage-token", token.to_owned()));
        self.ask(Method::POST, path, Some(body), token.as_slice()).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        headers: &[(&'static str, String)],
    ) -> Result<Value, Nothing> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        if method != Method::GET {
            request = request.header("idempotency-key", Uuid::new_v4().to_string());
            request = request.json(&body.unwrap_or_else(|| serde_json::json!({})));
        }
        let response = request.send().await?;
        let status = response.status();
        let answer: Value = response.json().await?;
        if status.is_success() {
            return Ok(answer);
        }
        let code = answer["code"].as_str().unwrap_or_default().to_owned();
        Err(Nothing::No { status: status.as_u16(), code })
    }
}
