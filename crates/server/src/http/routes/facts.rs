//! Raw facts, for staff only: the journal as a list, as a stream, one by one, and what a stream remembers.

use crate::http::{
    answer::Answer,
    asking::{Filters, List, PageLinks, Path},
    caller::Staff,
    front::Front,
    problem::{Flaw, Problem},
    shapes::moment_of,
    stream,
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use flows::{Shop, Stream};
use http::{HeaderMap, header};
use journal::LineWriter;
use kernel::{Position, Recorded, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Facts that one page looks through at most: a rare type is found page by page.
const LOOKED_THROUGH: u64 = 100_000;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(one)).routes(routes!(remembers))
}

/// Which facts.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FactFilters {
    /// Of this type only: `orders/placed@1`.
    r#type: Option<String>,
    /// Of this stream only: `order/018f…`.
    stream: Option<String>,
    /// After this position.
    after: Option<u64>,
    /// Not before this time.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Not after this time.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Facts of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u64>,
    /// Where the page before ended.
    cursor: Option<String>,
}

/// A fact in its envelope, as the journal has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object, example = json!({"position": 4711, "stream": "order/018f", "version": 1, "type": "orders/placed@1", "body": {}}))]
#[serde(transparent)]
pub(crate) struct Fact(Box<RawValue>);

impl Fact {
    /// As the journal writes it.
    pub(crate) fn of(recorded: &Recorded<Shop>) -> Result<Fact, Problem> {
        let name = recorded.stream().to_string();
        let mut text = Vec::new();
        LineWriter::default()
            .write(recorded, &name, &mut text)
            .map_err(|error| Problem::internal(&error))?;
        let text = String::from_utf8(text).map_err(|error| Problem::internal(&error))?;
        let value = RawValue::from_string(text).map_err(|error| Problem::internal(&error))?;
        Ok(Fact(value))
    }

    fn text(&self) -> &str {
        self.0.get()
    }
}

/// What a list keeps.
struct Wanted {
    kind: Option<String>,
    stream: Option<Stream>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl FactFilters {
    fn wanted(&self) -> Result<Wanted, Problem> {
        let stream = self.stream.as_ref().map(|text| {
            text.parse::<Stream>().map_err(|_| {
                let detail = format!("{text:?} is no stream: write order/018f…");
                Problem::invalid(vec![Flaw::new("#query/stream", detail)])
            })
        });
        let moment = |text: &Option<String>, pointer: &str| {
            text.as_ref().map(|text| moment_of(text, pointer)).transpose()
        };
        Ok(Wanted {
            kind: self.r#type.clone(),
            stream: stream.transpose()?,
            from: moment(&self.from, "#query/from")?,
            to: moment(&self.to, "#query/to")?,
        })
    }

    fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(50) {
            limit @ 1..=200 => Ok(usize::try_from(limit).unwrap_or(200)),
            _ => Err(Problem::invalid(vec![Flaw::new("#query/limit", "limit is 1 to 200")])),
        }
    }

    fn begin(&self) -> Result<Position, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(self.after.unwrap_or(0)) };
        let bad = |_| {
            Problem::malformed("this is no cursor: begin at the first page")
                .because(vec![Flaw::new("#query/cursor", "")])
        };
        cursor.parse().map_err(bad)
    }
}

impl Wanted {
    fn keeps(&self, recorded: &Recorded<Shop>) -> bool {
        self.stream.as_ref().is_none_or(|stream| recorded.stream() == *stream)
            && self.from.is_none_or(|from| recorded.at() >= from)
            && self.to.is_none_or(|to| recorded.at() <= to)
    }

    fn keeps_written(&self, fact: &Fact) -> bool {
        // Types hold nothing that JSON would write otherwise.
        self.kind.as_ref().is_none_or(|kind| fact.text().contains(&format!("\"type\":\"{kind}\"")))
    }
}

/// Facts by position, filtered; or, with `Accept: text/event-stream`, as they happen.
#[utoipa::path(get, path = "/facts", tag = "running", params(FactFilters),
    responses((status = 200, body = List<Fact>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Filters(filters): Filters<FactFilters>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (wanted, limit, begin) = (filters.wanted()?, filters.limit()?, filters.begin()?);
    let accept = headers.get(header::ACCEPT).map(|accept| accept.as_bytes());
    if accept.is_some_and(|accept| accept.starts_with(b"text/event-stream")) {
        let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
        let tip = front.tip();
        let begin = last.or(filters.after).unwrap_or(tip);
        return Ok(stream::follow(
            &front,
            begin,
            Box::new(move |recorded| {
                let fact = wanted.keeps(recorded).then(|| Fact::of(recorded).ok()).flatten()?;
                wanted.keeps_written(&fact).then(|| ("fact", fact.text().to_owned()))
            }),
        ));
    }
    if let Some(stream) = wanted.stream.clone() {
        return of_stream(&front, stream, &wanted, (begin, limit)).await;
    }
    let begin = match wanted.from {
        Some(from) => {
            let before = Timestamp::from_micros(from.micros().saturating_sub(1));
            begin.max(front.look_back(move |past| past.position_at(before)).await?)
        }
        None => begin,
    };
    let tip = front.tip();
    let (mut items, mut position) = (Vec::new(), begin);
    while items.len() < limit && position < tip && position - begin < LOOKED_THROUGH {
        let Some(block) = stream::block_after(&front, position).await? else { break };
        for recorded in block.after(position) {
            position = recorded.position;
            if wanted.keeps(recorded) {
                let fact = Fact::of(recorded)?;
                if wanted.keeps_written(&fact) {
                    items.push(fact);
                }
            }
            if items.len() == limit {
                break;
            }
        }
    }
    let next = (position < tip).then(|| position.to_string());
    let page = PageLinks { next, total: None };
    Ok(Answer::ok(List { items, page }).at(Some(tip)).into_response())
}

async fn of_stream(
    front: &Arc<Front>,
    stream: Stream,
    wanted: &Wanted,
    (begin, limit): (Position, usize),
) -> Result<Response, Problem> {
    let tip = front.tip();
    let facts = front.look_back(move |past| past.facts_of(&stream)).await?;
    let (mut items, mut next) = (Vec::new(), None);
    let mut last = begin;
    for recorded in facts.iter().filter(|recorded| recorded.position > begin) {
        let fact = Fact::of(recorded)?;
        if !wanted.keeps(recorded) || !wanted.keeps_written(&fact) {
            continue;
        }
        if items.len() == limit {
            next = Some(last.to_string());
            break;
        }
        last = recorded.position;
        items.push(fact);
    }
    let page = PageLinks { next, total: None };
    Ok(Answer::ok(List { items, page }).at(Some(tip)).into_response())
}

/// One fact.
#[utoipa::path(get, path = "/facts/{position}", tag = "running", params(("position" = u64, Path)),
    responses((status = 200, body = Fact)))]
async fn one(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(position): Path<String>,
) -> Result<Answer<Fact>, Problem> {
    let position: Position = position.parse().map_err(|_| Problem::absent("fact"))?;
    let before = position.checked_sub(1).ok_or_else(|| Problem::absent("fact"))?;
    let block = stream::block_after(&front, before).await?;
    let found = block.as_ref().and_then(|block| block.after(before).first());
    match found.filter(|recorded| recorded.position == position) {
        Some(recorded) => Ok(Answer::ok(Fact::of(recorded)?).at(Some(position))),
        None => Err(Problem::absent("fact")),
    }
}

/// When a stream is looked at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtFilter {
    /// A position or a time; now without it.
    at: Option<String>,
}

/// What a stream remembers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Remembered {
    stream: String,
    /// Facts in it.
    version: u64,
    /// After which position.
    position: u64,
    #[schema(value_type = Object)]
    state: flows::State,
}

/// What a decider or a process remembers, now or after a position or a time.
#[utoipa::path(get, path = "/streams/{stream}", tag = "running",
    params(("stream" = String, Path, description = "`order:018f…`; `/` is written `:` or `%2F`"), AtFilter),
    responses((status = 200, body = Remembered)))]
async fn remembers(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(name): Path<String>,
    Filters(filter): Filters<AtFilter>,
) -> Result<Answer<Remembered>, Problem> {
    let name = if name.contains('/') { name } else { name.replacen(':', "/", 1) };
    let stream: Stream = name.parse().map_err(|_| Problem::absent("stream"))?;
    let tip = front.tip();
    let position = match &filter.at {
        None => tip,
        Some(at) => position_of(&front, at, "#query/at").await?,
    };
    let asked = stream.clone();
    let (state, version) = front.look_back(move |past| past.state_at(&asked, position)).await?;
    if version == 0 {
        return Err(Problem::absent("stream"));
    }
    let stream = stream.to_string();
    Ok(Answer::ok(Remembered { stream, version, position, state }).at(Some(tip)))
}

/// A position, or the newest one at a time.
///
/// # Errors
/// 422 when it is neither.
pub(crate) async fn position_of(
    front: &Arc<Front>,
    at: &str,
    pointer: &str,
) -> Result<Position, Problem> {
    let tip = front.tip();
    if let Ok(position) = at.parse::<Position>() {
        return Ok(position.min(tip));
    }
    let time = moment_of(at, pointer)?;
    front.look_back(move |past| past.position_at(time)).await
}
