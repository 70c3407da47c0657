//! One connection, as a browser has it: kept alive, one request after the other; and what became of each.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{net::SocketAddr, time::Duration};
use tokio::net::TcpStream;

/// Of the staff; nobody but this program can reach the shop.
pub(super) const STAFF_KEY: &str = "staff-key-of-a-shop-under-fire";
/// Whoever has no answer by then gets none.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, String)>,
    body: Bytes,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Ask {
        Ask { method: Method::GET, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    pub(super) fn post(path: impl Into<String>, json: &Value) -> Ask {
        let kind = (header::CONTENT_TYPE, "application/json".to_owned());
        let body = json.to_string().into();
        Ask { method: Method::POST, path: path.into(), headers: vec![kind], body }
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Ask {
        self.headers.push((HeaderName::from_static(name), value.into()));
        self
    }

    pub(super) fn by_staff(self) -> Ask {
        self.with("authorization", format!("Bearer {STAFF_KEY}"))
    }

    /// What it is, for whoever reads that it failed.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn request(&self) -> Option<Request<Full<Bytes>>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.parse::<Uri>().ok()?;
        let headers = request.headers_mut();
        headers.insert(header::HOST, HeaderValue::from_static("shop"));
        for (name, value) in &self.headers {
            headers.insert(name.clone(), HeaderValue::from_str(value).ok()?);
        }
        Some(request)
    }
}

/// What was answered.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn is_fine(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Sent away with a hint when to come again.
    pub(super) fn is_shed(&self) -> bool {
        self.status == 503 && self.headers.contains_key(header::RETRY_AFTER)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The stable code of a problem.
    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// What was wrong, short enough for a line.
    pub(super) fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        format!("{} {}", self.status, text.chars().take(300).collect::<String>())
    }
}

/// No answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Lost {
    /// Nobody listened: nothing was sent.
    Unheard(String),
    /// The connection ended before the answer: nobody knows whether it was done.
    Broken(String),
    /// The connection stands, and nothing comes.
    Silent,
}

/// A connection that is opened at the first request and opened again when the other side has closed it.
#[derive(Debug)]
pub(super) struct Wire {
    to: SocketAddr,
    open: Option<SendRequest<Full<Bytes>>>,
    patience: Duration,
}

impl Wire {
    pub(super) fn new(to: SocketAddr) -> Wire {
        Wire { to, open: None, patience: PATIENCE }
    }

    /// Sends a request and waits for all of the answer.
    pub(super) async fn send(&mut self, ask: &Ask) -> Result<Answer, Lost> {
        let mut sender = match self.open.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => dial(self.to).await.map_err(|error| Lost::Unheard(error.to_string()))?,
        };
        let Some(request) = ask.request() else {
            return Err(Lost::Unheard(format!("{} cannot be sent", ask.name())));
        };
        let call = async {
            let response = sender.send_request(request).await?;
            let (parts, body) = response.into_parts();
            let body = body.collect().await?.to_bytes();
            Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
        };
        let answered: hyper::Result<Answer> = match tokio::time::timeout(self.patience, call).await
        {
            Ok(answered) => answered,
            Err(_) => return Err(Lost::Silent),
        };
        let answer = answered.map_err(|error| match error.is_canceled() {
            // The connection was closed before the request went out: it was never sent.
            true => Lost::Unheard(words(&error)),
            false => Lost::Broken(words(&error)),
        })?;
        let closes = answer.headers.get(header::CONNECTION).is_some_and(|how| how == "close");
        self.open = (!closes).then_some(sender);
        Ok(answer)
    }
}

async fn dial(to: SocketAddr) -> Result<SendRequest<Full<Bytes>>, Box<dyn std::error::Error>> {
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Whoever waits for the answer is told how it ended.
    tokio::spawn(async move { drop(connection.await) });
    sender.ready().await?;
    Ok(sender)
}

fn words(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
