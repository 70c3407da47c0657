//! Whether it lives, whether it can serve, and its figures.

use crate::{
    http::{front::Front, problem::Problem},
    pauses::{self, Paused},
};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use engine::handlers::BreakerState;
use http::{HeaderValue, header};
use serde::Serialize;
use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

/// Views that lag further behind than this are not ready.
const READY_LAG: u64 = 200_000;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new().routes(routes!(health)).routes(routes!(ready)).routes(routes!(metrics))
}

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
    version: &'static str,
    uptime_seconds: u64,
}

/// How far everything has come.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ready`.
    status: &'static str,
    /// The newest durable fact.
    position: u64,
    /// Facts that views have still to see.
    views_lag: u64,
    /// Facts that handlers have still to see.
    handlers_lag: u64,
    /// Views and handlers that somebody told to stand still, which is no reason not to serve.
    paused: Vec<Paused>,
}

/// Lives: answers as long as the process does.
#[utoipa::path(get, path = "/health", tag = "running", security(()),
    responses((status = 200, body = Health)))]
async fn health(State(front): State<Arc<Front>>) -> axum::Json<Health> {
    axum::Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: front.started.elapsed().as_secs(),
    })
}

/// Can serve: the journal is written, views and handlers follow.
#[utoipa::path(get, path = "/ready", tag = "running", security(()),
    responses((status = 200, body = Ready)))]
async fn ready(State(front): State<Arc<Front>>) -> Result<axum::Json<Ready>, Problem> {
    let second = Duration::from_secs(1);
    if *front.closing.borrow() {
        return Err(Problem::unavailable("STOPPED", "the shop closes", second * 5));
    }
    if let Some(failure) = front.shop.engine.failure() {
        return Err(Problem::unavailable("STOPPED", failure, second * 30));
    }
    let position = front.tip();
    let views_lag = position.saturating_sub(front.shop.seen.position());
    let handlers_lag = position.saturating_sub(front.shop.handlers.standing().heard);
    if views_lag > READY_LAG {
        let detail = format!("the views have still to see {views_lag} facts");
        return Err(Problem::unavailable("VIEW_BEHIND", detail, second * 5));
    }
    let paused = pauses::paused(&front.shop);
    Ok(axum::Json(Ready { status: "ready", position, views_lag, handlers_lag, paused }))
}

/// Figures, as Prometheus reads them.
#[utoipa::path(get, path = "/metrics", tag = "running", security(()),
    responses((status = 200, content_type = "text/plain", body = String)))]
async fn metrics(State(front): State<Arc<Front>>) -> Response {
    gauge_everything(&front);
    let text = front.prometheus.render();
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// What is not counted as it happens is looked at when somebody asks.
fn gauge_everything(front: &Front) {
    let gauges = front.shop.engine.gauges();
    let tip = front.tip();
    let seconds = |nanos: u64| nanos as f64 / 1e9;
    metrics::gauge!("cartage_commands_waiting").set(gauges.waiting.load(Relaxed) as f64);
    metrics::gauge!("cartage_position").set(tip as f64);
    let lag = |name: &'static str, seen: u64| {
        metrics::gauge!("cartage_lag_facts", "consumer" => name)
            .set(tip.saturating_sub(seen) as f64);
    };
    lag("views", front.shop.seen.position());
    lag("index", gauges.indexed.load(Relaxed));
    lag("handlers", front.shop.handlers.standing().heard);
    metrics::counter!("cartage_commands_answered_total").absolute(gauges.answered.load(Relaxed));
    metrics::counter!("cartage_blocks_total").absolute(gauges.blocks.load(Relaxed));
    metrics::counter!("cartage_block_bytes_total").absolute(gauges.block_bytes.load(Relaxed));
    metrics::gauge!("cartage_commit_busy_seconds").set(seconds(gauges.committing.load(Relaxed)));
    metrics::gauge!("cartage_held_back_seconds").set(seconds(gauges.held_back.load(Relaxed)));
    metrics::gauge!("cartage_dead_letters").set(front.shop.handlers.letters().len() as f64);
    metrics::gauge!("cartage_alarms").set(front.shop.alarms().all().len() as f64);
    metrics::gauge!("cartage_paused").set(pauses::paused(&front.shop).len() as f64);
    for (provider, state) in front.shop.handlers.breakers() {
        let open = !matches!(state, BreakerState::Closed);
        metrics::gauge!("cartage_breaker_open", "provider" => provider).set(f64::from(open));
    }
}
