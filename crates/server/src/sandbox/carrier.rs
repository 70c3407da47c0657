//! The carrier as a server; what becomes of a parcel follows from the postal code.

use super::{
    agenda::{Job, Side},
    counter::{self, NoQuestion, Question, complain},
    world::World,
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use gateways::{
    SERVICES,
    wire::{LabelVoid, ParcelOrder},
};
use kernel::ParcelId;
use std::sync::Arc;

type Here = State<Arc<World>>;

/// Everything that it can be asked.
pub(super) fn server(world: Arc<World>) -> Router {
    let routes = Router::new()
        .route("/services", get(services))
        .route("/parcels", post(label))
        .route("/parcels/{parcel}", get(sheet))
        .route("/parcels/{parcel}/hand-over", post(hand_over))
        .route("/parcels/{parcel}/void", post(void));
    counter::serve(routes, world, Side::Carrier)
}

/// How fast it can be; the first is what it chooses by itself.
async fn services() -> Response {
    Json(serde_json::json!({ "services": SERVICES })).into_response()
}

async fn label(State(world): Here, headers: HeaderMap, body: Bytes) -> Response {
    let question = match Question::<ParcelOrder>::read("/parcels", &headers, &body) {
        Ok(question) => question,
        Err(none) => return none.into_response(),
    };
    let refuses = world.carrier.now().refuse_labels;
    let mut depot = world.depot();
    if let Some(answer) = question.before(&depot.answers) {
        return answer;
    }
    let outcome = depot.label(&question.asked, refuses);
    question.note(&mut depot.answers, &outcome);
    Json(outcome).into_response()
}

async fn sheet(State(world): Here, Path(parcel): Path<ParcelId>) -> Response {
    answer(&world, parcel)
}

fn answer(world: &World, parcel: ParcelId) -> Response {
    match world.depot().sheet(parcel) {
        Some(sheet) => Json(sheet).into_response(),
        None => complain(StatusCode::NOT_FOUND, "unknown_parcel"),
    }
}

/// Said twice it is old news: no key is needed to know that.
async fn hand_over(State(world): Here, Path(parcel): Path<ParcelId>) -> Response {
    let plan = world.depot().hand_over(parcel);
    for (tenths, status) in plan {
        world.agenda.add(world.pace.day * tenths / 10, Job::See(parcel, status));
    }
    answer(&world, parcel)
}

async fn void(State(world): Here, Path(parcel): Path<ParcelId>, body: Bytes) -> Response {
    let Ok(order) = serde_json::from_slice::<LabelVoid>(&body) else {
        return NoQuestion::Malformed.into_response();
    };
    world.depot().void(parcel, &order);
    answer(&world, parcel)
}
