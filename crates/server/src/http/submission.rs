//! What somebody sends to change something: a body that is read strictly, and the headers that say how.

use super::{
    correlation,
    front::Front,
    problem::{Flaw, Problem},
    strict,
};
use axum::{
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use bytes::Bytes;
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kernel::CommandId;
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use utoipa::ToSchema;
use uuid::Uuid;

/// An `Idempotency-Key` is no longer than this.
const LONGEST_KEY: usize = 255;
/// `Prefer: wait=n` waits no longer than this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Nothing to say beyond the route; a body, if there is one, is `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// A body with the headers that say how it is meant.
pub(crate) struct Submission<T> {
    pub(crate) body: T,
    pub(crate) deed: Deed,
}

/// How a change is meant.
#[derive(Clone, Debug)]
pub(crate) struct Deed {
    /// `Idempotency-Key`.
    key: Option<String>,
    /// Names the request, if it has no key.
    chance: Uuid,
    /// Keyed fingerprint of method, path and body as they came.
    pub(crate) fingerprint: u64,
    /// `If-Match`: the version that is to be changed.
    pub(crate) if_match: Option<u64>,
    /// What the whole affair is called.
    pub(crate) correlation: Option<CommandId>,
    /// `Prefer`.
    pub(crate) prefer: Prefer,
}

/// What the caller would like (RFC 7240).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Prefer {
    /// Answered before all that follows is known.
    pub(crate) respond_async: bool,
    /// Answered when the outcome is known, or after so long.
    pub(crate) wait: Option<Duration>,
}

impl Deed {
    /// The same for the same caller and key; each other request has its own.
    pub(crate) fn id(&self, scope: &str) -> CommandId {
        match &self.key {
            Some(key) => CommandId::derive(scope, key),
            None => CommandId(self.chance),
        }
    }

    /// For what moves money or promises goods a key is required.
    ///
    /// # Errors
    /// 400 without one.
    pub(crate) fn need_key(&self) -> Result<(), Problem> {
        match self.key {
            Some(_) => Ok(()),
            None => Err(Problem::new(
                http::StatusCode::BAD_REQUEST,
                "IDEMPOTENCY_KEY_REQUIRED",
                "send an Idempotency-Key (a new UUID for each new request), so that asking again \
                 cannot do it twice",
            )),
        }
    }

    /// The key, if there is one.
    pub(crate) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn read(front: &Front, parts: &Parts, body: &[u8]) -> Result<Deed, Problem> {
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Deed {
            key: key_of(&parts.headers)?,
            chance: Uuid::now_v7(),
            fingerprint: front.secrets.fingerprint(&[
                parts.method.as_str().as_bytes(),
                path.as_bytes(),
                body,
            ]),
            if_match: if_match_of(&parts.headers)?,
            correlation: correlation::current_id(),
            prefer: prefer_of(&parts.headers),
        })
    }
}

impl<T: DeserializeOwned> FromRequest<Arc<Front>> for Submission<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, front: &Arc<Front>) -> Result<Submission<T>, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = read_all(Limited::new(body, front.limits.body)).await?;
        must_be_json(&parts.headers, &bytes)?;
        let deed = Deed::read(front, &parts, &bytes)?;
        let text: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        Ok(Submission { body: parse(text)?, deed })
    }
}

/// Without a body, as in `DELETE`.
impl FromRequestParts<Arc<Front>> for Deed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, front: &Arc<Front>) -> Result<Deed, Problem> {
        Deed::read(front, parts, &[])
    }
}

/// All of a body, within its limit.
///
/// # Errors
/// 413 when it is too long, 400 when it breaks off.
pub(crate) async fn read_all(body: Limited<axum::body::Body>) -> Result<Bytes, Problem> {
    match body.collect().await {
        Ok(all) => Ok(all.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => Err(Problem::new(
            http::StatusCode::PAYLOAD_TOO_LARGE,
            "BODY_TOO_LARGE",
            "the body is too long: send less at once",
        )),
        Err(error) => Err(Problem::malformed(format!("the body broke off: {error}"))),
    }
}

fn must_be_json(headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    let unsupported = |detail: &str| {
        let status = http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
        Err(Problem::new(status, "MEDIA_TYPE_NOT_SUPPORTED", detail))
    };
    if headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return unsupported("send the body as it is: compressed ones are not read");
    }
    let kind = headers.get(header::CONTENT_TYPE).map(|kind| kind.to_str().unwrap_or_default());
    match kind.map(|kind| kind.split(';').next().unwrap_or_default().trim()) {
        Some(kind) if kind.eq_ignore_ascii_case("application/json") => Ok(()),
        None if body.is_empty() => Ok(()),
        _ => unsupported("send Content-Type: application/json"),
    }
}

/// Reads JSON strictly.
///
/// # Errors
/// 400 when it is no JSON, 422 with a pointer when it is not what is expected.
pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    if let Err(error) = std::str::from_utf8(text) {
        return Err(Problem::malformed(format!("the body is no UTF-8: {error}")));
    }
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = strict::read(&mut json).map_err(|error| {
        let pointer = pointer_of(error.path());
        let error = error.into_inner();
        match error.classify() {
            serde_json::error::Category::Data => {
                Problem::invalid(vec![Flaw::new(pointer, error.to_string())])
            }
            _ => Problem::malformed(format!("the body is no JSON: {error}")),
        }
    })?;
    json.end().map_err(|error| Problem::malformed(format!("the body is no JSON: {error}")))?;
    Ok(read)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// A header as text.
///
/// # Errors
/// 400 when it is none.
pub(crate) fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Problem> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let bad = |_| Problem::malformed(format!("the header {name} is not printable text"));
    value.to_str().map(Some).map_err(bad)
}

fn key_of(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(key) = text_of(headers, "idempotency-key")? else { return Ok(None) };
    let plain = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if plain && (1..=LONGEST_KEY).contains(&key.len()) {
        return Ok(Some(key.to_owned()));
    }
    let detail = format!("an Idempotency-Key has 1 to {LONGEST_KEY} printable characters");
    Err(Problem::malformed(detail).because(vec![Flaw::new("#header/Idempotency-Key", "")]))
}

/// `"7"`; `*` is any version that is there.
fn if_match_of(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(text) = text_of(headers, "if-match")? else { return Ok(None) };
    if text.trim() == "*" {
        return Ok(None);
    }
    let plain = text.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let version = plain.and_then(|version| version.parse().ok());
    let detail = "If-Match takes one ETag as it was answered, such as \"7\"";
    version.map(Some).ok_or_else(|| {
        Problem::malformed(detail).because(vec![Flaw::new("#header/If-Match", detail)])
    })
}

/// What is not understood is left alone, as RFC 7240 wants it.
fn prefer_of(headers: &HeaderMap) -> Prefer {
    let mut prefer = Prefer::default();
    let all = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    for wish in all.flat_map(|value| value.split([',', ';'])) {
        let (name, value) = wish.trim().split_once('=').unwrap_or((wish.trim(), ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "respond-async" => prefer.respond_async = true,
            "wait" => {
                let seconds = value.trim().parse().ok().map(Duration::from_secs);
                prefer.wait = seconds.map(|wait| wait.min(LONGEST_WAIT));
            }
            _ => {}
        }
    }
    prefer
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[serde(rename = "lines")]
        _lines: Vec<Line>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        #[serde(rename = "quantity")]
        _quantity: u32,
    }

    fn refused(text: &str) -> (u16, String) {
        let problem = parse::<Order>(text.as_bytes()).expect_err("it is not right");
        let json = serde_json::to_value(&problem).expect("plain data");
        let pointer = json["errors"][0]["pointer"].as_str().unwrap_or_default();
        (problem.status().as_u16(), pointer.to_owned())
    }

    #[test]
    fn what_is_wrong_in_a_body_is_pointed_at() {
        let of = |status, pointer: &str| (status, pointer.to_owned());
        assert_eq!(refused(r#"{"lines": [{"quantity": "two"}]}"#), of(422, "/lines/0/quantity"));
        assert_eq!(refused(r#"{"lines": [{"quantity": 1, "colour": 2}]}"#).0, 422);
        assert_eq!(refused(r#"{"lines": ["#), of(400, ""));
        assert_eq!(refused(r#"{"lines": []} more"#), of(400, ""));
        assert!(parse::<Order>(br#"{"lines": []}"#).is_ok());
        assert_eq!(parse::<Order>(b"\xff").expect_err("no text").status().as_u16(), 400);
    }

    #[test]
    fn preferences_are_read_and_the_unknown_ones_ignored() {
        let mut headers = HeaderMap::new();
        headers.append("prefer", HeaderValue::from_static("respond-async, wait=10"));
        headers.append("prefer", HeaderValue::from_static("colour=blue"));
        let wait = Some(Duration::from_secs(10));
        assert_eq!(prefer_of(&headers), Prefer { respond_async: true, wait });
        headers.insert("prefer", HeaderValue::from_static("wait=100000"));
        assert_eq!(prefer_of(&headers).wait, Some(LONGEST_WAIT));
    }

    #[test]
    fn an_etag_names_a_version() {
        let of = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("if-match", HeaderValue::from_static(text));
            if_match_of(&headers)
        };
        assert_eq!(of("\"7\""), Ok(Some(7)));
        assert_eq!(of("*"), Ok(None));
        assert!(of("7").is_err() && of("W/\"7\"").is_err());
    }
}
