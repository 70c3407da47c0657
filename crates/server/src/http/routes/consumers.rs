//! Consumers: whoever follows the journal, how far they are, pausing them, and building a view again.

use crate::http::{
    answer::Answer,
    asking::{List, PageLinks, Path},
    caller::Staff,
    front::Front,
    problem::{Flaw, Problem},
    submission::{Nothing, Submission},
};
use axum::extract::State;
use engine::{
    handlers::{BreakerState, HandlerStatus},
    views::{self, Checksum, Doing, Status, Then},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    num::NonZeroU32,
    sync::{Arc, atomic::Ordering::Relaxed},
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(progress))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(rebuild))
        .routes(routes!(replay))
}

/// Whoever follows the journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Consumer {
    name: String,
    kind: Kind,
    status: Doings,
    /// The last fact that it has seen; all that a handler was asked up to here is done.
    position: u64,
    /// Facts that it has still to see.
    lag: u64,
    /// Of a handler: what it was asked and has not done, without dead letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<u64>,
    /// Of a handler: whom it asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    /// Of a handler: whether that one is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    breaker: Option<Breaker>,
    /// Of a view: what its last replay beside the live one found.
    #[serde(skip_serializing_if = "Option::is_none")]
    checked: Option<Checked>,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
}

/// What kind of consumer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    View,
    Handler,
    Index,
}

/// What a consumer does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Doings {
    Following,
    /// Built again, beside the one that is read.
    Building,
    Failed,
    /// Its provider is left alone for a while.
    BreakerOpen,
    /// Somebody told it to wait.
    Paused,
}

/// Whether a provider is asked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Breaker {
    Closed,
    /// It is left alone for a while.
    Open,
    /// One call tries whether it is back.
    Probing,
}

/// A view that was built from the first fact, compared with the live one.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Checked {
    /// The last fact in both.
    position: u64,
    built: Documents,
    /// Absent when the live one had failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Documents>,
    /// Documents that differ. Checksums may differ without: maps can be written in another order.
    different: u64,
    /// The first keys of those.
    keys: Vec<String>,
}

/// Count and sum of a view's documents.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Documents {
    documents: u64,
    /// Comparable within one build of the program.
    checksum: String,
}

/// How a view is built again.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// 0 or absent: a document is folded from the first fact.
    #[serde(default)]
    #[schema(maximum = 0)]
    from: Option<u64>,
    /// Absent: a view is compared, and swapped, where the live one stands.
    #[serde(default)]
    to: Option<u64>,
    /// Facts a second at most; as fast as it goes when absent.
    #[serde(default)]
    #[schema(minimum = 1)]
    rate: Option<u32>,
    /// Absent: it takes the place of the live one.
    #[serde(default)]
    into: Option<ReplayInto>,
}

/// Where a view is built again.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReplayInto {
    /// Beside the live one, only to compare count and checksum; then it is thrown away.
    Beside,
}

/// All consumers and how far they are.
#[utoipa::path(get, path = "/consumers", tag = "running",
    responses((status = 200, body = List<Consumer>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
) -> Result<Answer<List<Consumer>>, Problem> {
    let tip = front.tip();
    let items = front.consumers();
    let page = PageLinks { next: None, total: Some(items.len() as u64) };
    Ok(Answer::ok(List { items, page }).at(Some(tip)))
}

/// How far one consumer is.
#[utoipa::path(get, path = "/consumers/{name}/progress", tag = "running",
    params(("name" = String, Path)), responses((status = 200, body = Consumer)))]
async fn progress(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(name): Path<String>,
) -> Result<Answer<Consumer>, Problem> {
    front.consumer(&name).map(Answer::ok)
}

/// Tells a view to stand still, or a handler to make no calls. What a handler is asked meanwhile waits
/// in order, also through a restart; a view's documents stay as they are until it is resumed or the
/// next start, and whoever asks it for something newer gets 503 `VIEW_BEHIND`.
#[utoipa::path(post, path = "/consumers/{name}/pause", tag = "running",
    params(("name" = String, Path)), request_body = Nothing,
    responses((status = 202, body = Consumer)))]
async fn pause(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(name): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Value>, Problem> {
    front.once(&asked.deed, || front.paused(&name)).await
}

/// Lets a paused view or handler go on; it catches up.
#[utoipa::path(post, path = "/consumers/{name}/resume", tag = "running",
    params(("name" = String, Path)), request_body = Nothing,
    responses((status = 202, body = Consumer)))]
async fn resume(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(name): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Value>, Problem> {
    front.once(&asked.deed, || front.resumed(&name)).await
}

/// Builds a view again from the first fact, beside the one that is read, checks it and swaps.
#[utoipa::path(post, path = "/consumers/{name}/rebuild", tag = "running",
    params(("name" = String, Path)), request_body = Nothing,
    responses((status = 202, body = Consumer)))]
async fn rebuild(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(name): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Value>, Problem> {
    front.once(&asked.deed, || front.rebuilt(&name)).await
}

/// Builds a view again from the first fact, as slowly as is wished; beside the live one only to be
/// compared with it, or, once it is checked, in its place.
#[utoipa::path(post, path = "/consumers/{name}/replay", tag = "running",
    params(("name" = String, Path)), request_body = Replay,
    responses((status = 202, body = Consumer)))]
async fn replay(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(name): Path<String>,
    asked: Submission<Replay>,
) -> Result<Answer<Value>, Problem> {
    front.once(&asked.deed, || front.replayed(&name, &asked.body)).await
}

impl Replay {
    fn read(&self) -> Result<views::Replay, Problem> {
        let mut flaws = Vec::new();
        if self.from.is_some_and(|from| from > 0) {
            let detail = "a document is folded from the first fact: leave it out";
            flaws.push(Flaw::new("/from", detail));
        }
        if self.to.is_some() {
            let detail = "a view is compared where the live one stands: leave it out; to see one \
                          thing as it was, ask `/streams/{stream}?at=`";
            flaws.push(Flaw::new("/to", detail));
        }
        let rate = self.rate.map(NonZeroU32::new);
        if rate == Some(None) {
            flaws.push(Flaw::new("/rate", "at least one fact a second: to stop it, pause it"));
        }
        if !flaws.is_empty() {
            return Err(Problem::invalid(flaws));
        }
        let then = match self.into {
            Some(ReplayInto::Beside) => Then::Compare,
            None => Then::Swap,
        };
        Ok(views::Replay { rate: rate.flatten(), then })
    }
}

impl Consumer {
    /// One that has seen everything up to `position`, of a journal that ends at `tip`.
    fn following(name: &str, kind: Kind, (position, tip): (u64, u64)) -> Consumer {
        Consumer {
            name: name.to_owned(),
            kind,
            status: Doings::Following,
            position,
            lag: tip.saturating_sub(position),
            waiting: None,
            provider: None,
            breaker: None,
            checked: None,
            detail: None,
        }
    }

    fn view(status: Status, (seen, tip): (u64, u64)) -> Consumer {
        let (doing, position, detail) = match status.doing {
            Doing::Following => (Doings::Following, seen, None),
            Doing::Building(position) => (Doings::Building, position, None),
            Doing::Paused(position) => (Doings::Paused, position, None),
            Doing::Failed { position, what } => (Doings::Failed, position, Some(what)),
        };
        let mut view = Consumer::following(status.view, Kind::View, (position, tip));
        (view.status, view.detail) = (doing, detail);
        view.checked = status.checked.map(Checked::of);
        view
    }

    fn handler(status: HandlerStatus, tip: u64) -> Consumer {
        let mut handler = Consumer::following(status.name, Kind::Handler, (status.done, tip));
        handler.waiting = Some(status.waiting as u64);
        handler.provider = Some(status.provider.to_owned());
        handler.breaker = Some(match status.breaker {
            BreakerState::Closed => Breaker::Closed,
            BreakerState::Open { .. } => Breaker::Open,
            BreakerState::Probing => Breaker::Probing,
        });
        if let BreakerState::Open { until } = status.breaker {
            handler.status = Doings::BreakerOpen;
            handler.detail = Some(format!("asked again at {until}"));
        }
        if status.paused {
            handler.status = Doings::Paused;
        }
        handler
    }
}

impl Checked {
    fn of(checked: views::Checked) -> Checked {
        let documents = |sum: Checksum| Documents {
            documents: sum.documents,
            checksum: format!("{:016x}", sum.sum),
        };
        Checked {
            position: checked.position,
            built: documents(checked.built),
            live: checked.live.map(documents),
            different: checked.different,
            keys: checked.keys,
        }
    }
}

impl Front {
    fn consumers(&self) -> Vec<Consumer> {
        let tip = self.tip();
        let seen = &self.shop.seen;
        let views = seen.statuses().into_iter();
        // One that was paused follows again before it has caught up.
        let views = views.map(|status| {
            let position = seen.position_of(status.view);
            Consumer::view(status, (position, tip))
        });
        let handlers = self.shop.handlers.statuses().into_iter();
        let handlers = handlers.map(|status| Consumer::handler(status, tip));
        let indexed = self.shop.engine.gauges().indexed.load(Relaxed);
        let index = Consumer::following("index", Kind::Index, (indexed, tip));
        views.chain(handlers).chain([index]).collect()
    }

    fn consumer(&self, name: &str) -> Result<Consumer, Problem> {
        let found = self.consumers().into_iter().find(|consumer| consumer.name == name);
        found.ok_or_else(|| Problem::absent("consumer"))
    }

    fn paused(&self, name: &str) -> Result<Answer<Consumer>, Problem> {
        match self.consumer(name)?.kind {
            Kind::View => self.shop.seen.pause(name),
            Kind::Handler => {
                self.shop.handlers.pause(name).map_err(|error| Problem::internal(&error))?;
            }
            Kind::Index => return Err(never_paused()),
        }
        self.asked_of(name)
    }

    fn resumed(&self, name: &str) -> Result<Answer<Consumer>, Problem> {
        match self.consumer(name)?.kind {
            Kind::View => self.shop.seen.resume(name),
            Kind::Handler => {
                self.shop.handlers.resume(name).map_err(|error| Problem::internal(&error))?;
            }
            Kind::Index => return Err(never_paused()),
        }
        self.asked_of(name)
    }

    fn rebuilt(&self, name: &str) -> Result<Answer<Consumer>, Problem> {
        if self.consumer(name)?.kind != Kind::View {
            let detail = "only views are built again: handlers never replay the past";
            return Err(Problem::conflict("CONSUMER_NOT_REBUILDABLE", detail));
        }
        self.shop.seen.rebuild(name);
        self.asked_of(name)
    }

    fn replayed(&self, name: &str, how: &Replay) -> Result<Answer<Consumer>, Problem> {
        let consumer = self.consumer(name)?;
        if consumer.kind != Kind::View {
            let detail = "only views are replayed: handlers never replay the past";
            return Err(Problem::conflict("CONSUMER_NOT_REPLAYABLE", detail));
        }
        let how = how.read()?;
        if matches!(consumer.status, Doings::Building | Doings::Paused) {
            let detail = match consumer.status {
                Doings::Paused => "it is paused: resume it first",
                _ => "it is being built: ask again when it follows",
            };
            return Err(Problem::conflict("CONSUMER_BUSY", detail));
        }
        self.shop.seen.replay(name, how);
        self.asked_of(name)
    }

    /// It was told; how it goes on is seen from its progress.
    fn asked_of(&self, name: &str) -> Result<Answer<Consumer>, Problem> {
        let location = format!("/api/v1/consumers/{name}/progress");
        Ok(Answer::accepted(self.consumer(name)?, location))
    }
}

fn never_paused() -> Problem {
    Problem::conflict("CONSUMER_NOT_PAUSABLE", "the index follows always: commands need it")
}
