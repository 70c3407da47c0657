//! What both servers do with every request, whatever it asks for: switches, keys, complaints.

use super::{
    agenda::Side,
    bank::{Answers, Known},
    switches::{Fate, Switches},
    world::World,
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use gateways::wire::Complaint;
use serde::{Serialize, de::DeserializeOwned};
use std::{io, sync::Arc};

/// Bytes of a request.
const BODY: usize = 64 * 1024;

/// Bytes of an idempotency key.
const KEY: usize = 255;

/// A world seen from one of its servers.
#[derive(Clone)]
pub(super) struct Counter {
    pub(super) world: Arc<World>,
    side: Side,
}

/// A whole server: its routes, behind its switches, and the switches themselves.
pub(super) fn serve(routes: Router<Arc<World>>, world: Arc<World>, side: Side) -> Router {
    let counter = Counter { world: world.clone(), side };
    routes
        .with_state(world)
        .layer(middleware::from_fn_with_state(counter.clone(), suffer))
        .route("/control", get(read_switches).put(set_switches).with_state(counter))
        .layer(DefaultBodyLimit::max(BODY))
}

async fn read_switches(State(counter): State<Counter>) -> Json<Switches> {
    Json(counter.world.switchboard(counter.side).now())
}

async fn set_switches(State(counter): State<Counter>, body: Bytes) -> Response {
    match serde_json::from_slice::<Switches>(&body) {
        Ok(switches) => {
            counter.world.switchboard(counter.side).set(switches.clone());
            Json(switches).into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    }
}

/// Whatever is switched on happens to every request.
async fn suffer(State(counter): State<Counter>, request: Request, next: Next) -> Response {
    match counter.world.switchboard(counter.side).fate() {
        Fate::Fails(status) => {
            let status = StatusCode::from_u16(status).expect("503 or 500");
            complain(status, "out_of_order")
        }
        Fate::Done { slow, lost, garbled } => {
            let response = next.run(request).await;
            if !slow.is_zero() {
                tokio::time::sleep(slow).await;
            }
            match (lost, garbled) {
                (true, _) => lose(),
                (_, true) => "<html>It works!".into_response(),
                _ => response,
            }
        }
    }
}

/// An answer that breaks off, as when a line goes dead.
pub(super) fn lose() -> Response {
    let dead = io::Error::other("the line went dead");
    let nothing = futures_util::stream::iter([Ok(Bytes::from_static(b"{")), Err(dead)]);
    Response::new(Body::from_stream(nothing))
}

pub(super) fn complain(status: StatusCode, code: &str) -> Response {
    (status, Json(Complaint { code: code.to_owned() })).into_response()
}

/// A question that may be asked again.
pub(super) struct Question<T> {
    pub(super) asked: T,
    pub(super) key: String,
    /// What was asked, and where.
    print: Vec<u8>,
}

/// Why a POST is no question.
pub(super) enum NoQuestion {
    WithoutKey,
    Malformed,
}

impl IntoResponse for NoQuestion {
    fn into_response(self) -> Response {
        match self {
            NoQuestion::WithoutKey => complain(StatusCode::BAD_REQUEST, "idempotency_key_missing"),
            NoQuestion::Malformed => complain(StatusCode::UNPROCESSABLE_ENTITY, "malformed"),
        }
    }
}

impl<T: DeserializeOwned> Question<T> {
    /// Out of a POST.
    pub(super) fn read(path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Self, NoQuestion> {
        let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
        let Some(key) = key.filter(|key| (1..=KEY).contains(&key.len())) else {
            return Err(NoQuestion::WithoutKey);
        };
        let Ok(asked) = serde_json::from_slice(body) else {
            return Err(NoQuestion::Malformed);
        };
        let print = [path.as_bytes(), b" ", body].concat();
        Ok(Question { asked, key: key.to_owned(), print })
    }

    /// The answer to the same question under this key, if there was one.
    pub(super) fn before(&self, answers: &Answers) -> Option<Response> {
        Some(match answers.known(&self.key, &self.print)? {
            Known::Answer(answer) => {
                let kind = [(header::CONTENT_TYPE, "application/json")];
                (kind, String::from(answer)).into_response()
            }
            Known::OtherQuestion => complain(StatusCode::UNPROCESSABLE_ENTITY, "key_reused"),
        })
    }

    pub(super) fn note(&self, answers: &mut Answers, answer: &impl Serialize) {
        let answer = serde_json::to_string(answer).expect("texts and numbers");
        answers.note(&self.key, &self.print, answer.into());
    }
}

/// A file of JSON lines.
pub(super) fn lines(lines: &[impl Serialize]) -> Response {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line).expect("texts and numbers"));
        text.push('\n');
    }
    ([(header::CONTENT_TYPE, "application/x-ndjson")], text).into_response()
}
