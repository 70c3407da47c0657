//! One id from the request to the last handler: taken from the caller or made here, in every answer, log
//! line, fact and span.

use axum::{extract::Request, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue};
use kernel::CommandId;
use uuid::Uuid;

/// `X-Correlation-ID`.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");
/// Longer ones are cut from nobody's log: a new one is made.
const LONGEST: usize = 128;

tokio::task_local! {
    static CURRENT: Correlation;
}

/// What a caller calls the whole affair.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Correlation {
    /// As he wrote it.
    pub(crate) text: String,
    /// As facts and spans carry it.
    pub(crate) id: CommandId,
}

impl Correlation {
    /// From `X-Correlation-ID`, else the trace of `traceparent` (W3C), else a new one.
    fn of(headers: &HeaderMap) -> Correlation {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok());
        let good = |text: &&str| {
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if let Some(text) = given.filter(good) {
            let id = match Uuid::try_parse(text) {
                Ok(uuid) => CommandId(uuid),
                Err(_) => CommandId::derive("correlation", text),
            };
            return Correlation { text: text.to_owned(), id };
        }
        let id = trace_of(headers).unwrap_or_else(Uuid::now_v7);
        Correlation { text: id.to_string(), id: CommandId(id) }
    }
}

/// The trace id of a `traceparent`: `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`.
fn trace_of(headers: &HeaderMap) -> Option<Uuid> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, span) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = version.len() == 2 && trace.len() == 32 && span.len() == 16;
    Uuid::try_parse(trace).ok().filter(|uuid| fits && !uuid.is_nil())
}

/// The id of the request that is being answered on this task.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(|correlation| correlation.text.clone()).ok()
}

/// The same as facts carry it.
pub(crate) fn current_id() -> Option<CommandId> {
    CURRENT.try_with(|correlation| correlation.id).ok()
}

/// Gives each request its id, and each answer the id of its request.
pub(crate) async fn correlate<F: Future<Output = Response>>(
    request: Request,
    next: impl FnOnce(Request) -> F,
) -> Response {
    let correlation = Correlation::of(request.headers());
    let value = HeaderValue::from_str(&correlation.text);
    let mut response = CURRENT.scope(correlation, next(request)).await;
    if let Ok(value) = value {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &'static str, value: &str) -> Correlation {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_str(value).expect("plain text"));
        Correlation::of(&headers)
    }

    #[test]
    fn the_callers_own_id_is_kept_and_a_trace_becomes_one() {
        let uuid = "018f2f4e-7c1a-7d3e-9a55-3f5b2c9e8a10";
        assert_eq!(of("x-correlation-id", uuid).id.to_string(), uuid);
        assert_eq!(of("x-correlation-id", "basket-7").text, "basket-7");
        let traced = of("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        assert_eq!(traced.id.to_string(), "4bf92f35-77b3-4da6-a3ce-929d0e0e4736");
    }

    #[test]
    fn what_is_no_id_is_replaced() {
        assert_ne!(of("x-correlation-id", "two words").text, "two words");
        assert_ne!(of("x-correlation-id", &"x".repeat(129)).text.len(), 129);
        assert!(trace_of(&HeaderMap::new()).is_none());
    }
}
