//! Fulfilments: what each site sends of an order.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, Paging, Path},
    caller::Staff,
    front::{By, Front},
    problem::Problem,
    shapes::{id_of, word},
    submission::{Nothing, Submission},
};
use axum::extract::State;
use engine::views::Query;
use flows::{
    Command,
    views::{Fulfilment as Document, Fulfilments},
};
use kernel::{Column, FulfilmentId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use warehouse::fulfilments::FulfilmentCommand;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(release))
}

/// What one site sends of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Fulfilment {
    id: String,
    order: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    site: Option<String>,
    #[schema(value_type = String, example = "released")]
    status: Value,
    lines: Vec<Goods>,
    #[serde(skip_serializing_if = "Option::is_none")]
    wave: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<Timestamp>,
    version: u64,
}

/// Units of a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Goods {
    id: u32,
    sku: String,
    quantity: u32,
}

fn show(id: FulfilmentId, document: Document) -> Fulfilment {
    let goods = |goods: warehouse::Goods| Goods {
        id: goods.line,
        sku: goods.sku.to_string(),
        quantity: goods.units,
    };
    Fulfilment {
        id: id.to_string(),
        order: id.order.0,
        site: document.site.map(|site| site.to_string()),
        status: word(&document.status),
        lines: document.lines.into_iter().map(goods).collect(),
        wave: document.wave.map(Into::into),
        opened_at: document.opened_at,
        version: document.version,
    }
}

/// Which fulfilments.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FulfilmentFilters {
    #[param(inline)]
    status: Option<Stage>,
    /// Of this site.
    site: Option<String>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// How far a fulfilment is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Open,
    Released,
    Picking,
    Packed,
    HandedOver,
    Delivered,
    Lost,
    Cancelled,
}

/// Fulfilments: of one status, or, without it, those that a site has still something to do with, the
/// oldest first.
#[utoipa::path(get, path = "/fulfilments", tag = "warehouse", params(FulfilmentFilters),
    responses((status = 200, body = List<Fulfilment>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<FulfilmentFilters>,
) -> Result<Answer<List<Fulfilment>>, Problem> {
    let mut query = front.waiting_or(filters.status.as_ref());
    if let Some(site) = &filters.site {
        query = query.equal("site", Column::Text(site.clone()));
    }
    let paging = Paging { limit: filters.limit, cursor: filters.cursor };
    let shown = |id, document| Some(show(id, document));
    front.things::<Fulfilments, _, _>(after, query, paging, shown).await
}

/// One fulfilment.
#[utoipa::path(get, path = "/fulfilments/{id}", tag = "warehouse", params(("id" = String, Path)),
    responses((status = 200, body = Fulfilment)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<Fulfilment>, Problem> {
    let tip = front.tip();
    let fulfilment = front.fulfilment(id_of(&id, "fulfilment")?).await?;
    let version = fulfilment.version;
    Ok(Answer::ok(fulfilment).at(Some(tip)).version(version))
}

/// Lets the site begin. Usually a fulfilment is released by itself, as soon as it is open.
#[utoipa::path(post, path = "/fulfilments/{id}/release", tag = "warehouse",
    params(("id" = String, Path)), request_body = Nothing,
    responses((status = 200, body = Fulfilment)))]
async fn release(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Fulfilment>, Problem> {
    let id: FulfilmentId = id_of(&id, "fulfilment")?;
    let release = Command::Fulfilment(id, FulfilmentCommand::Release { wave: None });
    let caused = front.obey(&asked.deed, &By::staff(), release).await?;
    let fulfilment = front.fulfilment(id).await?;
    let version = fulfilment.version;
    Ok(Answer::ok(fulfilment).after(&front, &caused).version(version))
}

impl Front {
    async fn fulfilment(&self, id: FulfilmentId) -> Result<Fulfilment, Problem> {
        self.thing::<Fulfilments, _, _>(id, "fulfilment", show).await
    }

    /// What has this status, or, without one, all that waits, the oldest first.
    pub(crate) fn waiting_or(&self, status: Option<&impl Serialize>) -> Query {
        let word = status.and_then(|status| word(status).as_str().map(str::to_owned));
        match word {
            Some(word) => Query::new().equal("status", Column::Text(word)),
            None => Query::new().range("since", Column::Number(0)..).ascending("since"),
        }
    }
}
