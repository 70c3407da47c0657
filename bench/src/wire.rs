//! One connection, as a browser or a till has it: kept alive, one request after the other.

use crate::Fallible;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, Connection, SendRequest},
};
use hyper_util::rt::TokioIo;
use std::{
    net::SocketAddr,
    pin::{Pin, pin},
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};

/// A request that is ready to go.
pub(crate) type Ask = Request<Full<Bytes>>;

/// Whoever has no answer by then gets none.
const PATIENCE: Duration = Duration::from_secs(30);

/// The position after which a view is to be asked, and that of a change.
pub(crate) const AFTER: HeaderName = HeaderName::from_static("cartage-after");
/// The position that an answer shows.
pub(crate) const POSITION: HeaderName = HeaderName::from_static("cartage-position");
/// Proves whose cart or order it is.
pub(crate) const TOKEN: HeaderName = HeaderName::from_static("cartage-token");
/// Makes a change once, however often it is asked for.
pub(crate) const KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// As much of an answer as a bench looks at.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn is_fine(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// When the surplus is to come again that is sent away with a hint.
    pub(crate) fn shed(&self) -> Option<Duration> {
        let hint = self.headers.get(header::RETRY_AFTER).filter(|_| self.status == 503)?;
        Some(Duration::from_secs(hint.to_str().ok()?.parse().ok()?))
    }

    pub(crate) fn position(&self) -> Option<String> {
        Some(self.headers.get(POSITION)?.to_str().ok()?.to_owned())
    }

    /// What was wrong, short enough for a line.
    pub(crate) fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        format!("{} {}", self.status, text.chars().take(300).collect::<String>())
    }
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Fallible<Ask> {
    build(Method::GET, path, Bytes::new())
}

/// A request with a body of JSON.
pub(crate) fn post(path: &str, json: impl Into<Bytes>) -> Fallible<Ask> {
    build(Method::POST, path, json.into())
}

fn build(method: Method, path: &str, body: Bytes) -> Fallible<Ask> {
    let ask = Request::builder().method(method).uri(path.parse::<Uri>()?).header("host", "bench");
    let ask = match body.is_empty() {
        true => ask,
        false => ask.header(header::CONTENT_TYPE, "application/json"),
    };
    Ok(ask.body(Full::new(body))?)
}

/// A connection that is opened at the first request and opened again when the other side has closed it.
///
/// What drives the connection runs inside of [`Wire::send`], so that a request costs no switch of tasks.
pub(crate) struct Wire {
    to: SocketAddr,
    open: Option<(SendRequest<Full<Bytes>>, Line)>,
}

type Line = Pin<Box<Connection<TokioIo<TcpStream>, Full<Bytes>>>>;

impl Wire {
    pub(crate) fn new(to: SocketAddr) -> Wire {
        Wire { to, open: None }
    }

    /// Opens the connection, unless it is open.
    ///
    /// # Errors
    /// When nobody listens.
    pub(crate) async fn connect(&mut self) -> Fallible<()> {
        if self.open.as_ref().is_none_or(|(sender, _)| sender.is_closed()) {
            self.open = Some(dial(self.to).await?);
        }
        Ok(())
    }

    /// Sends a request and waits for all of the answer.
    ///
    /// # Errors
    /// When nobody listens, the connection breaks, or the answer takes half a minute.
    pub(crate) async fn send(&mut self, ask: Ask) -> Fallible<Answer> {
        self.connect().await?;
        let (mut sender, mut line) = self.open.take().ok_or("not connected")?;
        let (answer, goes_on) = {
            let call = pin!(timeout(PATIENCE, call(&mut sender, ask)));
            match select(call, &mut line).await {
                Either::Left((answer, _)) => (answer??, true),
                // The other side has closed after its answer, which is perhaps still to be read.
                Either::Right((_, call)) => (call.await??, false),
            }
        };
        let closes = answer.headers.get(header::CONNECTION).is_some_and(|how| how == "close");
        self.open = (goes_on && !closes).then_some((sender, line));
        Ok(answer)
    }
}

async fn dial(to: SocketAddr) -> Fallible<(SendRequest<Full<Bytes>>, Line)> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (sender, line) = http1::handshake(TokioIo::new(stream)).await?;
    Ok((sender, Box::pin(line)))
}

async fn call(sender: &mut SendRequest<Full<Bytes>>, ask: Ask) -> hyper::Result<Answer> {
    sender.ready().await?;
    let response: Response<Incoming> = sender.send_request(ask).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, http::HeaderMap as Headers, routing::get as on_get};

    async fn server() -> SocketAddr {
        let answer = async |headers: Headers| {
            let wanted = headers.get(AFTER).cloned();
            let closes = wanted.as_ref().is_some_and(|wanted| wanted == "close");
            let how = if closes { "close" } else { "keep-alive" };
            ([(header::CONNECTION, how)], "x".repeat(100_000))
        };
        let routes = Router::new()
            .route("/", on_get(answer))
            .route("/busy", on_get(async || (http::StatusCode::SERVICE_UNAVAILABLE, "no")));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let at = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, routes).await });
        at
    }

    #[tokio::test]
    async fn a_connection_is_kept_and_opened_again_after_the_other_side_has_closed_it() {
        let mut wire = Wire::new(server().await);
        for close in [false, false, true, false, true, true, false] {
            let mut ask = get("/").expect("a plain path");
            let wish = if close { "close" } else { "stay" };
            ask.headers_mut().insert(AFTER, wish.parse().expect("plain text"));
            let answer = wire.send(ask).await.expect("it is answered");
            assert_eq!((answer.status, answer.body.len()), (200, 100_000));
            assert_eq!(wire.open.is_some(), !close);
        }
    }

    #[tokio::test]
    async fn whoever_is_sent_away_without_a_hint_when_to_come_again_has_met_a_fault() {
        let mut wire = Wire::new(server().await);
        let answer = wire.send(get("/busy").expect("a plain path")).await.expect("it is answered");
        assert!(!answer.is_fine() && answer.shed().is_none());
        assert_eq!(answer.complaint(), "503 no");
    }
}
