//! Every route, by what it is about; and the document that describes them all.

#![allow(
    unused_qualifications,
    reason = "the macro that describes routes writes the types of parameters again"
)]

pub(crate) mod carts;
pub(crate) mod consumers;
pub(crate) mod facts;
pub(crate) mod fulfilments;
pub(crate) mod health;
pub(crate) mod letters;
pub(crate) mod orders;
pub(crate) mod packs;
pub(crate) mod parcels;
pub(crate) mod payments;
pub(crate) mod picks;
pub(crate) mod products;
pub(crate) mod reports;
pub(crate) mod returns;
pub(crate) mod stock;
pub(crate) mod webhooks;

use super::front::Front;
use axum::Router;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// All routes, and what they are.
pub(crate) fn all() -> (Router<Arc<Front>>, OpenApi) {
    let api = OpenApiRouter::new()
        .merge(products::routes())
        .merge(carts::routes())
        .merge(orders::routes())
        .merge(payments::routes())
        .merge(stock::routes())
        .merge(fulfilments::routes())
        .merge(picks::routes())
        .merge(packs::routes())
        .merge(parcels::routes())
        .merge(returns::routes())
        .merge(reports::routes())
        .merge(facts::routes())
        .merge(consumers::routes())
        .merge(letters::routes())
        .merge(webhooks::routes());
    OpenApiRouter::new().merge(health::routes()).nest("/api/v1", api).split_for_parts()
}
