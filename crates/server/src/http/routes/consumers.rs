//! Consumers: whoever follows the journal, how far they are, and building a view again.

use crate::http::{
    answer::Answer,
    asking::{List, PageLinks, Path},
    caller::Staff,
    front::Front,
    problem::Problem,
    submission::{Nothing, Submission},
};
use axum::extract::State;
use engine::{handlers::BreakerState, views::Doing};
use serde::Serialize;
use std::sync::{Arc, atomic::Ordering::Relaxed};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(progress)).routes(routes!(rebuild))
}

/// Whoever follows the journal.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Consumer {
    name: String,
    kind: Kind,
    status: Doings,
    /// The last fact that it has seen.
    position: u64,
    /// Facts that it has still to see.
    lag: u64,
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
}

/// All consumers and how far they are.
#[utoipa::path(get, path = "/consumers", tag = "running",
    responses((status = 200, body = List<Consumer>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
) -> Result<Answer<List<Consumer>>, Problem> {
    let items = front.consumers();
    let page = PageLinks { next: None, total: Some(items.len() as u64) };
    Ok(Answer::ok(List { items, page }).at(Some(front.shop.engine.feed().tip())))
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

/// Builds a view again from the first fact, beside the one that is read, checks it and swaps.
#[utoipa::path(post, path = "/consumers/{name}/rebuild", tag = "running",
    params(("name" = String, Path)), request_body = Nothing,
    responses((status = 202, body = Consumer)))]
async fn rebuild(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(name): Path<String>,
    _asked: Submission<Nothing>,
) -> Result<Answer<Consumer>, Problem> {
    let consumer = front.consumer(&name)?;
    if consumer.kind != Kind::View {
        let detail = "only views are built again: handlers never replay the past";
        return Err(Problem::conflict("CONSUMER_NOT_REBUILDABLE", detail));
    }
    front.shop.seen.rebuild(&name);
    Ok(Answer::accepted(consumer, format!("/api/v1/consumers/{name}/progress")))
}

impl Front {
    fn consumers(&self) -> Vec<Consumer> {
        let tip = self.shop.engine.feed().tip();
        let consumer = |name: &str, kind, position: u64| Consumer {
            name: name.to_owned(),
            kind,
            status: Doings::Following,
            position,
            lag: tip.saturating_sub(position),
            detail: None,
        };
        let seen = self.shop.seen.position();
        let mut all: Vec<Consumer> = Vec::new();
        for status in self.shop.seen.statuses() {
            let mut view = consumer(status.view, Kind::View, seen);
            match status.doing {
                Doing::Following => {}
                Doing::Building(position) => {
                    view = consumer(status.view, Kind::View, position);
                    view.status = Doings::Building;
                }
                Doing::Failed { position, what } => {
                    view = consumer(status.view, Kind::View, position);
                    (view.status, view.detail) = (Doings::Failed, Some(what));
                }
            }
            all.push(view);
        }
        let done = self.shop.handlers.standing().done;
        for (provider, state) in self.shop.handlers.breakers() {
            let mut handler = consumer(provider, Kind::Handler, done);
            if let BreakerState::Open { until } = state {
                handler.status = Doings::BreakerOpen;
                handler.detail = Some(format!("asked again at {until}"));
            }
            all.push(handler);
        }
        let indexed = self.shop.engine.gauges().indexed.load(Relaxed);
        all.push(consumer("index", Kind::Index, indexed));
        all
    }

    fn consumer(&self, name: &str) -> Result<Consumer, Problem> {
        let found = self.consumers().into_iter().find(|consumer| consumer.name == name);
        found.ok_or_else(|| Problem::absent("consumer"))
    }
}
