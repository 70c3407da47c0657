//! What went wrong, as everybody is told: RFC 9457 `application/problem+json` with stable codes.

use super::correlation;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::{Map, Value};
use std::{borrow::Cow, time::Duration};
use utoipa::ToSchema;

/// The media type of every problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// Something that could not be done.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Problem(Box<Body>);

/// Something that could not be done. `code` is stable; words may change.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Body {
    /// Where this kind of problem is explained.
    #[serde(rename = "type")]
    kind: String,
    /// What it is, in a few words; the same for each problem of this code.
    title: Cow<'static, str>,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What is wrong here, and what to do.
    detail: String,
    /// Upper snake case, for programs.
    #[schema(example = "INVENTORY_INSUFFICIENT_STOCK", pattern = "^[A-Z][A-Z0-9_]*$")]
    code: Cow<'static, str>,
    /// What is wrong with which field.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Flaw>,
    /// Names this request in logs and traces.
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<String>,
    #[serde(skip)]
    retry_after: Option<Duration>,
}

/// One thing that is wrong with a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(crate) struct Flaw {
    /// JSON pointer (RFC 6901) into the request; `#query/…` and `#header/…` for what is not in the body.
    pub pointer: String,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Figures and names that belong to it.
    #[serde(flatten)]
    pub facts: Map<String, Value>,
}

impl Flaw {
    /// What is wrong, and where.
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Flaw {
        Flaw { pointer: pointer.into(), detail: detail.into(), facts: Map::new() }
    }

    /// With a figure or a name.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Flaw {
        self.facts.insert(name.to_owned(), value.into());
        self
    }
}

impl Problem {
    /// A problem of this code.
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Problem {
        let code = code.into();
        Problem(Box::new(Body {
            kind: format!("/api/docs#{}", code.to_lowercase().replace('_', "-")),
            title: title(&code, status),
            status: status.as_u16(),
            detail: detail.into(),
            code,
            errors: Vec::new(),
            correlation_id: None,
            retry_after: None,
        }))
    }

    /// The bytes are not what they claim to be.
    pub(crate) fn malformed(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "MALFORMED_REQUEST", detail)
    }

    /// Well-formed, and not possible.
    pub(crate) fn invalid(flaws: Vec<Flaw>) -> Problem {
        let detail = flaws.first().map_or_else(String::new, |flaw| flaw.detail.clone());
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", detail).because(flaws)
    }

    /// It is not there, or not for whoever asks.
    pub(crate) fn absent(kind: &str) -> Problem {
        let code = format!("{}_NOT_FOUND", kind.to_uppercase().replace(['-', ' '], "_"));
        Problem::new(StatusCode::NOT_FOUND, code, format!("there is no such {kind}"))
    }

    /// Something else is in the way.
    pub(crate) fn conflict(
        code: impl Into<Cow<'static, str>>,
        detail: impl Into<String>,
    ) -> Problem {
        Problem::new(StatusCode::CONFLICT, code, detail)
    }

    /// Later, perhaps.
    pub(crate) fn unavailable(
        code: &'static str,
        detail: impl Into<String>,
        retry_after: Duration,
    ) -> Problem {
        let mut problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.0.retry_after = Some(retry_after);
        problem
    }

    /// Cartage itself is at fault: what happened stands in the log under the correlation id.
    pub(crate) fn internal(what: &dyn std::fmt::Display) -> Problem {
        tracing::error!(error = %what, "a request failed");
        let detail = "something is wrong here; the log has it under the correlation id";
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", detail)
    }

    /// What is wrong with which field.
    pub(crate) fn because(mut self, flaws: Vec<Flaw>) -> Problem {
        self.0.errors = flaws;
        self
    }

    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// Its code.
    #[cfg(test)]
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }
}

/// `INVENTORY_INSUFFICIENT_STOCK` → `Inventory insufficient stock`; a few have better words.
fn title(code: &str, status: StatusCode) -> Cow<'static, str> {
    match code {
        "INVENTORY_INSUFFICIENT_STOCK" => "Not enough stock".into(),
        "VALIDATION_ERROR" => "The request is not valid".into(),
        "AUTH_TOKEN_MISSING" => "An API key is needed".into(),
        "AUTH_TOKEN_INVALID" => "The API key is not valid".into(),
        "IDEMPOTENCY_KEY_REUSED" => "The idempotency key was used for another request".into(),
        "VIEW_BEHIND" => "What is asked for cannot be shown yet".into(),
        _ if code.ends_with("_NOT_FOUND") => "Not found".into(),
        _ => {
            let words = code.to_lowercase().replace('_', " ");
            let mut letters = words.chars();
            match letters.next() {
                Some(first) => format!("{}{}", first.to_uppercase(), letters.as_str()).into(),
                None => status.canonical_reason().unwrap_or("Problem").into(),
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        self.0.correlation_id = correlation::current();
        metrics::counter!("cartage_problems_total", "code" => self.0.code.clone()).increment(1);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = (self.status(), body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(wait) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, wait.as_secs().max(1).into());
        }
        if self.0.status == 401 {
            let realm = HeaderValue::from_static("Bearer realm=\"cartage\"");
            headers.insert(header::WWW_AUTHENTICATE, realm);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_names_itself_in_words_and_in_code() {
        let flaw = Flaw::new("/lines/0", "only 1 left").with("available", 1);
        let problem = Problem::conflict("CART_CLOSED", "begin a new one").because(vec![flaw]);
        let json = serde_json::to_value(&problem).expect("plain data");
        assert_eq!(json["type"], "/api/docs#cart-closed");
        assert_eq!(json["title"], "Cart closed");
        assert_eq!(json["status"], 409);
        assert_eq!(json["errors"][0]["available"], 1);
    }
}
