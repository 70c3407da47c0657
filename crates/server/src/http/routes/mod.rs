//! Every route, by what it is about; and the document that describes them all.

#![allow(
    unused_qualifications,
    reason = "the macro that describes routes writes the types of parameters again"
)]

pub(crate) mod facts;
pub(crate) mod health;

use super::front::Front;
use axum::Router;
use std::sync::Arc;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;

/// All routes, and what they are.
pub(crate) fn all() -> (Router<Arc<Front>>, OpenApi) {
    let api = OpenApiRouter::new().merge(facts::routes());
    OpenApiRouter::new().merge(health::routes()).nest("/api/v1", api).split_for_parts()
}
