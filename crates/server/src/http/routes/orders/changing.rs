//! Changing one's mind about an order: cancelling, and paying another way.

use super::placing::{NewPayment, not_offered};
use crate::http::{
    answer::Answer,
    asking::Path,
    caller::Caller,
    front::{By, Front},
    problem::{Flaw, Problem},
    shapes::{Order, none_of},
    submission::Submission,
};
use axum::extract::State;
use commerce::orders::{CancelReason, Canceller, OrderCommand, Units};
use flows::Command;
use journal::VaultRow;
use serde::Deserialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// Lines that one cancellation names at most.
const LINES: usize = 100;

/// What is not to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cancellation {
    /// Staff's reason; whoever placed the order does not need one.
    #[serde(default)]
    reason: Option<Reason>,
    /// Only these units; everything that is not yet sent without it.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 100)]
    lines: Option<Vec<CancelledLine>>,
}

/// Units of a line.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelledLine {
    #[schema(minimum = 1)]
    line: u32,
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: u32,
}

/// Why units are not sent.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CancelReason)]
pub(crate) enum Reason {
    CustomerRequest,
    OutOfStock,
    PaymentDeclined,
    PaymentOverdue,
    Fraud,
    Undeliverable,
    Staff,
}

impl From<Reason> for CancelReason {
    fn from(reason: Reason) -> CancelReason {
        match reason {
            Reason::CustomerRequest => CancelReason::CustomerRequest,
            Reason::OutOfStock => CancelReason::OutOfStock,
            Reason::PaymentDeclined => CancelReason::PaymentDeclined,
            Reason::PaymentOverdue => CancelReason::PaymentOverdue,
            Reason::Fraud => CancelReason::Fraud,
            Reason::Undeliverable => CancelReason::Undeliverable,
            Reason::Staff => CancelReason::Staff,
        }
    }
}

/// Cancels what is not yet sent: stock and money are given back by themselves. Whoever placed the order
/// may until it is packed, staff until it is handed over.
#[utoipa::path(post, path = "/orders/{id}/cancel", tag = "orders", request_body = Cancellation,
    params(("id" = String, Path, description = "id or number")),
    responses((status = 200, body = Order)))]
pub(crate) async fn cancel(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Submission<Cancellation>,
) -> Result<Answer<Order>, Problem> {
    let id = front.order_named(&caller, &id).await?;
    front.newest_document(id).await?;
    let Cancellation { reason, lines } = asked.body;
    if lines.as_ref().is_some_and(|lines| !(1..=LINES).contains(&lines.len())) {
        let detail = format!("1 to {LINES} lines, or none at all for everything");
        return Err(Problem::invalid(vec![Flaw::new("/lines", detail)]));
    }
    let (by, reason) = match caller.is_staff() {
        true => (Canceller::Staff, reason.map_or(CancelReason::Staff, CancelReason::from)),
        // Whatever an owner says: it is his wish.
        false => (Canceller::Customer, CancelReason::CustomerRequest),
    };
    let units = |line: CancelledLine| Units { line: line.line, units: line.quantity };
    let lines = lines.map(|lines| lines.into_iter().map(units).collect());
    let cancel = Command::Order(id, OrderCommand::Cancel { by, reason, lines });
    let caused = front.obey(&asked.deed, &By::caller(&caller, id), cancel).await?;
    let order = front.newest_order(id).await?;
    let version = order.version;
    Ok(Answer::ok(order).after(&front, &caused).version(version))
}

/// Another attempt to pay for an order that is placed and not yet paid.
#[utoipa::path(post, path = "/orders/{id}/payments", tag = "orders", request_body = NewPayment,
    params(("id" = String, Path, description = "id or number")),
    responses((status = 201, body = Order)))]
pub(crate) async fn pay(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Submission<NewPayment>,
) -> Result<Answer<Order>, Problem> {
    asked.deed.need_key()?;
    none_of(asked.body.flaws(""))?;
    let id = front.order_named(&caller, &id).await?;
    let known = front.newest_document(id).await?;
    let by = By::caller(&caller, id);
    let offered = front.offers(&asked.body, known.totals().total.minor.into());
    let row = asked.body.token().map(|token| VaultRow {
        id: front.vault_row(asked.deed.id(&by.scope), "payment_token"),
        subject: known.customer,
        kind: "payment_token".to_owned(),
        content: token.into(),
    });
    let token = row.as_ref().map(|row| row.id);
    let attempt = OrderCommand::TryPayment { method: asked.body.method.into(), token };
    let attempt = Command::Order(id, attempt);
    let caused = match offered {
        true => front.obey_with(&asked.deed, &by, attempt, row.into_iter().collect()).await?,
        false => front.before_or(&asked.deed, &by, not_offered()).await?,
    };
    let order = front.newest_order(id).await?;
    let (location, version) = (format!("/api/v1/orders/{id}"), order.version);
    Ok(Answer::created(order, location).after(&front, &caused).version(version))
}
