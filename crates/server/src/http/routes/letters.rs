//! Dead letters: what could not be done outside, for people to look at, edit, try again or drop.

use crate::http::{
    answer::Answer,
    asking::{Filters, List, PageLinks, Path},
    caller::Staff,
    front::Front,
    problem::{Flaw, Problem},
    shapes::word,
    submission::{Nothing, Submission},
};
use axum::extract::State;
use engine::handlers::{Letter as Kept, LetterError, Note};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// As facts and notes name whoever has the key.
const WHO: &str = "staff/key";
/// Bytes of an edited request.
const LONGEST_BODY: usize = 64 * 1024;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(retry_all))
        .routes(routes!(get))
        .routes(routes!(preview))
        .routes(routes!(retry))
        .routes(routes!(edit))
        .routes(routes!(drop_letter))
}

/// Which letters.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LetterFilters {
    /// Also the newest of those about which nothing is left to do.
    settled: Option<bool>,
    /// Of this handler: `pay`, `ship`.
    handler: Option<String>,
    /// With this text in their reason.
    reason: Option<String>,
}

/// A request that could not be done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Letter {
    #[schema(example = "pay:4711")]
    id: String,
    handler: String,
    /// The fact that asked for it.
    position: u64,
    /// Whose order is kept: later requests with this key wait behind it.
    key: String,
    /// What is asked for.
    request: Value,
    /// Why it could not be done, the last time.
    reason: String,
    #[schema(value_type = String, example = "parked")]
    state: Value,
    attempts: u32,
    #[schema(value_type = String, format = DateTime)]
    since: Timestamp,
    /// What was done about it, the oldest first.
    #[schema(value_type = Vec<Object>)]
    notes: Vec<Note>,
}

/// What trying again, or dropping, would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Preview {
    request: Value,
    idempotency_key: String,
    /// The provider would first be asked what became of it.
    uncertain: bool,
    /// What the story would be told if it were dropped.
    #[schema(value_type = Vec<Object>)]
    if_dropped: Vec<Value>,
}

/// Another request instead.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Edit {
    /// What to ask for.
    // Not a map of `serde_json`, which would take `null` for an empty one.
    #[schema(value_type = Object)]
    request: BTreeMap<String, Value>,
    /// Kept with the letter.
    #[schema(min_length = 1, max_length = 500)]
    why: String,
}

/// Why it is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Dropping {
    /// Kept with the letter.
    #[schema(min_length = 1, max_length = 500)]
    why: String,
}

/// Which letters are tried again together.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cause {
    /// Of this handler.
    #[serde(default)]
    #[schema(max_length = 100)]
    handler: Option<String>,
    /// With this text in their reason.
    #[serde(default)]
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// How many were tried again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Retried {
    retried: usize,
    /// Those that somebody else is deciding about, or that wait behind another.
    skipped: usize,
}

/// Letters that await a decision, the oldest first.
#[utoipa::path(get, path = "/dead-letters", tag = "running", params(LetterFilters),
    responses((status = 200, body = List<Letter>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Filters(filters): Filters<LetterFilters>,
) -> Result<Answer<List<Letter>>, Problem> {
    let mut letters = front.shop.handlers.letters();
    if filters.settled == Some(true) {
        let settled = front.shop.handlers.settled_letters(200);
        letters.extend(settled.map_err(|error| Problem::internal(&error))?);
    }
    let (handler, reason) = (filters.handler.as_deref(), filters.reason.as_deref());
    letters.retain(|letter| is_meant(letter, handler, reason));
    let items: Vec<Letter> = letters.into_iter().map(show).collect();
    let page = PageLinks { next: None, total: Some(items.len() as u64) };
    Ok(Answer::ok(List { items, page }))
}

/// One letter.
#[utoipa::path(get, path = "/dead-letters/{id}", tag = "running", params(("id" = String, Path)),
    responses((status = 200, body = Letter)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<Letter>, Problem> {
    front.letter(&id).map(Answer::ok)
}

/// What trying a letter again, or dropping it, would do; does nothing.
#[utoipa::path(post, path = "/dead-letters/{id}/preview", tag = "running",
    params(("id" = String, Path)), request_body = Nothing, responses((status = 200, body = Preview)))]
async fn preview(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    _asked: Submission<Nothing>,
) -> Result<Answer<Preview>, Problem> {
    let preview = front.shop.handlers.preview(&inner(&id)).map_err(refused)?;
    Ok(Answer::ok(Preview {
        request: preview.request.body,
        idempotency_key: preview.idempotency_key,
        uncertain: preview.uncertain,
        if_dropped: preview.if_dropped.iter().map(word).collect(),
    }))
}

/// Tries a letter again, with as many attempts as at first.
#[utoipa::path(post, path = "/dead-letters/{id}/retry", tag = "running",
    params(("id" = String, Path)), request_body = Nothing, responses((status = 202, body = Letter)))]
async fn retry(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Value>, Problem> {
    let retry = || {
        front.shop.handlers.retry(&inner(&id), WHO).map_err(refused)?;
        Ok(Answer::accepted(front.letter(&id)?, format!("/api/v1/dead-letters/{id}")))
    };
    front.once(&asked.deed, retry).await
}

/// Tries all letters of one cause again: of a handler, with a reason.
#[utoipa::path(post, path = "/dead-letters/retry", tag = "running", request_body = Cause,
    responses((status = 200, body = Retried)))]
async fn retry_all(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    asked: Submission<Cause>,
) -> Result<Answer<Value>, Problem> {
    front.once(&asked.deed, || front.all_retried(&asked.body)).await
}

/// Changes what a letter asks for: it is another request then, with another key.
#[utoipa::path(post, path = "/dead-letters/{id}/edit", tag = "running",
    params(("id" = String, Path)), request_body = Edit, responses((status = 200, body = Letter)))]
async fn edit(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Edit>,
) -> Result<Answer<Value>, Problem> {
    let Submission { body: Edit { request, why }, deed } = asked;
    let request = Value::Object(request.into_iter().collect());
    if request.to_string().len() > LONGEST_BODY {
        let detail = format!("at most {LONGEST_BODY} bytes");
        return Err(Problem::invalid(vec![Flaw::new("/request", detail)]));
    }
    let why = reason(&why)?;
    let edit = || {
        front.shop.handlers.edit(&inner(&id), request, (WHO, &why)).map_err(refused)?;
        front.letter(&id).map(Answer::ok)
    };
    front.once(&deed, edit).await
}

/// Gives a letter up: its story is told, and what waits behind it goes on.
#[utoipa::path(post, path = "/dead-letters/{id}/drop", tag = "running",
    params(("id" = String, Path)), request_body = Dropping, responses((status = 202, body = Letter)))]
async fn drop_letter(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Dropping>,
) -> Result<Answer<Value>, Problem> {
    let why = reason(&asked.body.why)?;
    let dropped = || {
        let letter = front.letter(&id)?;
        front.shop.handlers.drop_letter(&inner(&id), (WHO, &why)).map_err(refused)?;
        let letter = front.letter(&id).unwrap_or(letter);
        Ok(Answer::accepted(letter, format!("/api/v1/dead-letters/{id}")))
    };
    front.once(&asked.deed, dropped).await
}

impl Front {
    fn all_retried(&self, cause: &Cause) -> Result<Answer<Retried>, Problem> {
        let Cause { handler, reason } = cause;
        for (name, text, longest) in [("handler", handler, 100), ("reason", reason, 200)] {
            if text.as_ref().is_some_and(|text| text.chars().count() > longest) {
                let detail = format!("at most {longest} characters");
                return Err(Problem::invalid(vec![Flaw::new(format!("/{name}"), detail)]));
            }
        }
        let mut done = Retried { retried: 0, skipped: 0 };
        for letter in self.shop.handlers.letters() {
            if !is_meant(&letter, handler.as_deref(), reason.as_deref()) {
                continue;
            }
            match self.shop.handlers.retry(&letter.id, WHO) {
                Ok(()) => done.retried += 1,
                Err(_) => done.skipped += 1,
            }
        }
        Ok(Answer::ok(done))
    }

    fn letter(&self, id: &str) -> Result<Letter, Problem> {
        let id = inner(id);
        let mut open = self.shop.handlers.letters().into_iter();
        if let Some(letter) = open.find(|letter| letter.id == id) {
            return Ok(show(letter));
        }
        let settled = self.shop.handlers.settled_letters(200);
        let settled = settled.map_err(|error| Problem::internal(&error))?;
        let found = settled.into_iter().find(|letter| letter.id == id);
        found.map(show).ok_or_else(|| Problem::absent("letter"))
    }
}

/// `pay:4711` in paths is `pay/4711` inside.
fn inner(id: &str) -> String {
    id.replacen(':', "/", 1)
}

fn reason(why: &str) -> Result<String, Problem> {
    if (1..=500).contains(&why.chars().count()) {
        return Ok(why.to_owned());
    }
    Err(Problem::invalid(vec![Flaw::new("/why", "1 to 500 characters")]))
}

fn is_meant(letter: &Kept, handler: Option<&str>, reason: Option<&str>) -> bool {
    handler.is_none_or(|handler| letter.handler == handler)
        && reason.is_none_or(|reason| letter.reason.contains(reason))
}

fn show(letter: Kept) -> Letter {
    Letter {
        id: letter.id.replacen('/', ":", 1),
        handler: letter.handler,
        position: letter.errand.position,
        key: letter.errand.request.key,
        request: letter.errand.request.body,
        reason: letter.reason,
        state: word(&letter.state),
        attempts: letter.errand.attempts,
        since: letter.since,
        notes: letter.notes,
    }
}

fn refused(error: LetterError) -> Problem {
    match &error {
        LetterError::Unknown(_) => Problem::absent("letter"),
        LetterError::Busy(_) => Problem::conflict("LETTER_BUSY", error.to_string()),
        LetterError::NotFirst { .. } => Problem::conflict("LETTER_NOT_FIRST", error.to_string()),
        LetterError::NoHandler(_) => Problem::conflict("LETTER_NO_HANDLER", error.to_string()),
    }
}
