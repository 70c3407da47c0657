//! Parcels: from the dock to the door, and where anybody can see them.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, Paging, Path},
    caller::Staff,
    front::{By, Front, unreadable},
    problem::Problem,
    shapes::{id_of, word},
    submission::{Deed, Nothing, Submission},
};
use axum::extract::State;
use engine::views::Query;
use flows::{
    Command,
    views::{Parcel as Document, Parcels},
};
use kernel::{Column, OrderId, ParcelId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use warehouse::shipping::{ParcelCommand, TrackingEvent};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(label))
        .routes(routes!(hand_over))
        .routes(routes!(tracking))
}

/// A parcel and what the carrier says of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Parcel {
    id: String,
    order: Uuid,
    fulfilment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    #[schema(value_type = String, example = "labelled")]
    status: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<String>,
    weight_grams: u32,
    /// Why it has no label: the carrier refused it, or did not answer. Without this and without a
    /// tracking number one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    label_failed: Option<String>,
    events: Vec<Event>,
    version: u64,
}

/// Something that the carrier saw.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Event {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = String, example = "in_transit")]
    status: Value,
    /// The town.
    #[serde(skip_serializing_if = "Option::is_none")]
    place: Option<String>,
}

fn event(event: TrackingEvent) -> Event {
    Event { at: event.at, status: word(&event.status), place: event.place.map(Into::into) }
}

fn show(id: ParcelId, document: Document) -> Parcel {
    Parcel {
        id: id.to_string(),
        order: id.order.0,
        fulfilment: format!("{}.{}", id.order, document.fulfilment),
        carrier: document.carrier.map(Into::into),
        service: document.service.map(Into::into),
        status: word(&document.status),
        tracking_number: document.tracking_number.map(Into::into),
        weight_grams: document.weight_grams,
        label_failed: document.label_failed.map(Into::into),
        events: document.events.into_iter().map(event).collect(),
        version: document.version,
    }
}

/// Which parcels.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ParcelFilters {
    /// Of this order.
    order: Option<Uuid>,
    #[param(inline)]
    status: Option<Stage>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// Where a parcel is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Created,
    Labelled,
    HandedOver,
    InTransit,
    OutForDelivery,
    AttemptFailed,
    Delayed,
    Delivered,
    Lost,
    Returned,
    Cancelled,
}

/// Parcels: of one order or status, or, without either, those that may leave, the oldest first.
#[utoipa::path(get, path = "/parcels", tag = "warehouse", params(ParcelFilters),
    responses((status = 200, body = List<Parcel>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<ParcelFilters>,
) -> Result<Answer<List<Parcel>>, Problem> {
    let mut query = match (&filters.order, &filters.status) {
        (Some(_), None) => Query::new(),
        (_, status) => front.waiting_or(status.as_ref()),
    };
    if let Some(order) = filters.order {
        query = query.equal("order", Column::Text(OrderId(order).to_string()));
    }
    let paging = Paging { limit: filters.limit, cursor: filters.cursor };
    let shown = |id, document| Some(show(id, document));
    front.things::<Parcels, _, _>(after, query, paging, shown).await
}

/// One parcel.
#[utoipa::path(get, path = "/parcels/{id}", tag = "warehouse", params(("id" = String, Path)),
    responses((status = 200, body = Parcel)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<Parcel>, Problem> {
    let tip = front.tip();
    let parcel = front.parcel(id_of(&id, "parcel")?).await?;
    let version = parcel.version;
    Ok(Answer::ok(parcel).at(Some(tip)).version(version))
}

/// How it is to be sent.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LabelWish {
    /// The carrier's service; without, the carrier chooses, and a label that is there will do.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    service: Option<String>,
}

/// Asks for the label of a parcel again. The first is asked for by itself when the carton is sealed; when
/// the carrier refused it or did not answer, or another service is wished for, this asks for another, and
/// the old one is void. The parcel is `created` and does not leave until the carrier has answered; when
/// it refuses, `label_failed` tells why. A label of this service that is there stays.
#[utoipa::path(post, path = "/parcels/{id}/label", tag = "warehouse", params(("id" = String, Path)),
    request_body = LabelWish, responses((status = 200, body = Parcel)))]
async fn label(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<LabelWish>,
) -> Result<Answer<Parcel>, Problem> {
    let id: ParcelId = id_of(&id, "parcel")?;
    let ask = ParcelCommand::AskLabel { service: asked.body.service.map(Into::into) };
    changed(&front, id, &asked.deed, ask).await
}

/// The carrier has it. Only what has a label and is paid for may leave.
#[utoipa::path(post, path = "/parcels/{id}/hand-over", tag = "warehouse",
    params(("id" = String, Path)), request_body = Nothing, responses((status = 200, body = Parcel)))]
async fn hand_over(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Parcel>, Problem> {
    changed(&front, id_of(&id, "parcel")?, &asked.deed, ParcelCommand::HandOver).await
}

/// The parcel after somebody of the staff has asked this of it.
async fn changed(
    front: &Front,
    id: ParcelId,
    deed: &Deed,
    command: ParcelCommand,
) -> Result<Answer<Parcel>, Problem> {
    let caused = front.obey(deed, &By::staff(), Command::Parcel(id, command)).await?;
    let parcel = front.parcel(id).await?;
    let version = parcel.version;
    Ok(Answer::ok(parcel).after(front, &caused).version(version))
}

/// Where a parcel is, without a name and without a street.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Tracking {
    tracking_number: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    carrier: Option<String>,
    #[schema(value_type = String, example = "out_for_delivery")]
    status: Value,
    events: Vec<Event>,
}

/// Where a parcel is, for anybody who has its number. A label that was replaced is void, and nothing is
/// known under its number.
#[utoipa::path(get, path = "/tracking/{number}", tag = "orders", params(("number" = String, Path)),
    responses((status = 200, body = Tracking)))]
async fn tracking(
    State(front): State<Arc<Front>>,
    Path(number): Path<String>,
) -> Result<Answer<Tracking>, Problem> {
    front.must_follow::<Parcels>()?;
    let seen = front.shop.seen.position();
    let query = Query::new().equal("tracking_number", Column::Text(number.clone())).limit(1);
    let found = front.shop.reader.list::<Parcels>(&query).map_err(|error| unreadable(&error))?;
    let (_, parcel) = found.rows.into_iter().next().ok_or_else(|| Problem::absent("tracking"))?;
    Ok(Answer::ok(Tracking {
        tracking_number: number,
        carrier: parcel.carrier.map(Into::into),
        status: word(&parcel.status),
        events: parcel.events.into_iter().map(event).collect(),
    })
    .at(Some(seen)))
}

impl Front {
    async fn parcel(&self, id: ParcelId) -> Result<Parcel, Problem> {
        self.thing::<Parcels, _, _>(id, "parcel", show).await
    }
}
