//! What providers and carriers tell by themselves: signed, recorded at once, each message once.

use crate::http::{
    answer::Answer,
    asking::Path,
    front::Front,
    problem::Problem,
    submission::{read_all, text_of},
};
use axum::{
    body::Body,
    extract::{Request, State},
};
use gateways::webhooks::{self, Incoming, WebhookError};
use http::{HeaderMap, StatusCode};
use http_body_util::Limited;
use kernel::Timestamp;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new().routes(routes!(payment)).routes(routes!(carrier))
}

/// The message is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TakenMessage)]
pub(crate) struct Taken {
    /// The sender's name of the message.
    id: String,
}

type Reading = fn(&str, &HeaderMap, &[u8], Timestamp) -> Result<Incoming, WebhookError>;

/// News of a payment, from its provider. Signed as Standard Webhooks says.
#[utoipa::path(post, path = "/webhooks/payments/{provider}", tag = "webhooks", security(()),
    params(("provider" = String, Path, description = "`sandbox`"),
        ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header),
        ("webhook-signature" = String, Header)),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 202, body = Taken)))]
async fn payment(
    State(front): State<Arc<Front>>,
    Path(provider): Path<String>,
    request: Request,
) -> Result<Answer<Taken>, Problem> {
    front.hear(("payments", &provider), webhooks::payment, request).await
}

/// News of parcels, from their carrier. Signed as Standard Webhooks says.
#[utoipa::path(post, path = "/webhooks/carriers/{carrier}", tag = "webhooks", security(()),
    params(("carrier" = String, Path, description = "`sandbox`"),
        ("webhook-id" = String, Header), ("webhook-timestamp" = String, Header),
        ("webhook-signature" = String, Header)),
    request_body(content = Object, content_type = "application/json"),
    responses((status = 202, body = Taken)))]
async fn carrier(
    State(front): State<Arc<Front>>,
    Path(carrier): Path<String>,
    request: Request,
) -> Result<Answer<Taken>, Problem> {
    front.hear(("carriers", &carrier), webhooks::carrier, request).await
}

impl Front {
    /// Checks a message, and has what it says obeyed: once, however often it comes.
    async fn hear(
        &self,
        (kind, partner): (&str, &str),
        read: Reading,
        request: Request<Body>,
    ) -> Result<Answer<Taken>, Problem> {
        let secret = self.webhook_secret.as_deref().filter(|_| partner == PARTNER);
        let secret = secret.ok_or_else(|| Problem::absent("partner"))?;
        let (parts, body) = request.into_parts();
        let body = read_all(Limited::new(body, self.limits.body)).await?;
        text_of(&parts.headers, "webhook-id")?;
        let now = self.shop.engine.clock().now();
        let incoming = read(secret, &parts.headers, &body, now).map_err(unbelievable)?;
        metrics::counter!("cartage_webhooks_total", "kind" => incoming.kind.clone()).increment(1);
        let id = incoming.id.clone();
        self.report(kind, partner, incoming).await?;
        Ok(Answer::of(StatusCode::ACCEPTED, Taken { id }))
    }
}

/// The one partner that there is so far.
const PARTNER: &str = "sandbox";

fn unbelievable(error: WebhookError) -> Problem {
    let detail = error.to_string();
    let of = |status, code: &'static str| Problem::new(status, code, detail.clone());
    match error {
        WebhookError::Header(_) | WebhookError::Malformed(_) => Problem::malformed(detail),
        WebhookError::TooOld | WebhookError::FromTheFuture => {
            of(StatusCode::UNAUTHORIZED, "WEBHOOK_TIMESTAMP_INVALID")
        }
        WebhookError::Signature => of(StatusCode::UNAUTHORIZED, "WEBHOOK_SIGNATURE_INVALID"),
        WebhookError::UnknownKind(_) => {
            of(StatusCode::UNPROCESSABLE_ENTITY, "WEBHOOK_KIND_UNKNOWN")
        }
        WebhookError::Secret => Problem::internal(&detail),
    }
}
