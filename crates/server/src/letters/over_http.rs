//! The letters of a running shop, asked over its HTTP API.

use super::{LettersError, Result};
use reqwest::{Client, Method, RequestBuilder, Url, redirect};
use serde_json::{Value as Json, json};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const PATIENCE: Duration = Duration::from_secs(20);
/// A running shop and the key of its staff.
pub struct ShopLetters {
    base: Url,
    key: Option<String>,
    client: Client,
    runtime: Runtime,
}

impl ShopLetters {
    /// Of the shop at this address, `http://localhost:7070`.
    ///
    /// # Errors
    /// When the address is none.
    pub fn at(url: &str, key: Option<String>) -> Result<ShopLetters> {
        let failed = |what: String| LettersError::NoAnswer { url: url.to_owned(), what };
        let base = Url::parse(url).ok().filter(|url| url.has_host() && !url.cannot_be_a_base());
        let base = base.ok_or_else(|| failed("no URL: write http://localhost:7070".to_owned()))?;
        let client = Client::builder().timeout(PATIENCE).redirect(redirect::Policy::none()).build();
        let client = client.map_err(|error| failed(error.to_string()))?;
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| failed(error.to_string()))?;
        Ok(ShopLetters { base, key, client, runtime })
    }

    pub(super) fn list(&self, settled: bool) -> Result<Vec<Json>> {
        let mut url = self.url(&[]);
        if settled {
            url.query_pairs_mut().append_pair("settled", "true");
        }
        // A shop keeps so few of them that all are on one page.
        match self.ask(Method::GET, url, None)?.get_mut("items").map(Json::take) {
            Some(Json::Array(items)) => Ok(items),
            _ => Ok(Vec::new()),
        }
    }

    pub(super) fn show(&self, id: &str) -> Result<Json> {
        self.ask(Method::GET, self.url(&[&outer(id)]), None)
    }

    pub(super) fn preview(&self, id: &str) -> Result<Json> {
        self.ask(Method::POST, self.url(&[&outer(id), "preview"]), Some(&json!({})))
    }

    pub(super) fn retry(&self, id: &str) -> Result<()> {
        self.ask(Method::POST, self.url(&[&outer(id), "retry"]), Some(&json!({}))).map(drop)
    }

    pub(super) fn edit(&self, id: &str, request: &Json, why: &str) -> Result<()> {
        let edited = json!({ "request": request, "why": why });
        self.ask(Method::POST, self.url(&[&outer(id), "edit"]), Some(&edited)).map(drop)
    }

    pub(super) fn drop_letter(&self, id: &str, why: &str) -> Result<()> {
        let dropped = json!({ "why": why });
        self.ask(Method::POST, self.url(&[&outer(id), "drop"]), Some(&dropped)).map(drop)
    }

    fn url(&self, below: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("it was checked to be a base")
            .pop_if_empty()
            .extend(["api", "v1", "dead-letters"])
            .extend(below);
        url
    }

    fn ask(&self, method: Method, url: Url, body: Option<&Json>) -> Result<Json> {
        let mut request = self.client.request(method, url.clone());
        if let Some(key) = &self.key {
            request = request.bearer_auth(key);
        }
        if let Some(body) = body {
            let once = uuid::Uuid::new_v4().to_string();
            request = request.header("Idempotency-Key", once).json(body);
        }
        let (status, text) = self.runtime.block_on(send(request)).map_err(|error| {
            let what = format!("{error}: is the shop running there, and answering?");
            LettersError::NoAnswer { url: url.to_string(), what }
        })?;
        let told: Option<Json> = serde_json::from_str(&text).ok();
        match (status, told) {
            (200..300, told) => Ok(told.unwrap_or_default()),
            (401 | 403, _) => {
                let what = "it wants the key of its staff: set CARTAGE_STAFF_KEY".to_owned();
                Err(LettersError::Refused { status, what })
            }
            (_, told) => {
                let said = |name: &str| Some(told.as_ref()?.get(name)?.as_str()?.to_owned());
                let what = [said("code"), said("detail").or_else(|| said("title"))];
                let what = what.into_iter().flatten().collect::<Vec<_>>().join(": ");
                Err(LettersError::Refused { status, what })
            }
        }
    }
}

/// As the API writes it, where a slash would be another segment.
fn outer(id: &str) -> String {
    id.replace('/', ":")
}

async fn send(request: RequestBuilder) -> reqwest::Result<(u16, String)> {
    let answer = request.send().await?;
    Ok((answer.status().as_u16(), answer.text().await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_lies_below_whatever_the_address_says() {
        let shop = ShopLetters::at("http://localhost:7070", None).expect("it is a URL");
        assert_eq!(
            shop.url(&[&outer("pay/12"), "retry"]).as_str(),
            "http://localhost:7070/api/v1/dead-letters/pay:12/retry"
        );
        let below = ShopLetters::at("https://example.org/shop/", None).expect("it is a URL");
        assert_eq!(below.url(&[]).path(), "/shop/api/v1/dead-letters");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for url in ["localhost:7070", "shop", "mailto:a@example.org"] {
            assert!(ShopLetters::at(url, None).is_err(), "{url}");
        }
    }
}
