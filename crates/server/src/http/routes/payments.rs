//! Payments, for staff: looking at them, giving money back, and asking again for what failed.

use crate::http::{
    answer::Answer,
    asking::{List, PageLinks, Path},
    caller::Staff,
    front::{By, Front},
    problem::{Flaw, Problem},
    shapes::{Money, id_of, word},
    submission::{Deed, Nothing, Submission},
};
use axum::extract::State;
use commerce::payments::{self, PaymentCommand, PaymentFact};
use flows::{Command, Fact, Stream};
use kernel::{PaymentId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(capture))
        .routes(routes!(void))
        .routes(routes!(refund, refunds))
}

/// An attempt to pay for an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Payment {
    id: String,
    order: uuid::Uuid,
    #[schema(value_type = String, example = "card")]
    method: Value,
    /// Whom we ask.
    provider: String,
    #[schema(value_type = String, example = "authorised")]
    status: Value,
    amount: Money,
    captured: Money,
    refunded: Money,
    version: u64,
}

/// Money to be given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRefund {
    amount: Money,
    reason: RefundReason,
}

/// Why money is given back.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundReason {
    Goodwill,
    Damaged,
    NotReceived,
    PriceMatch,
    Other,
}

impl From<RefundReason> for payments::RefundReason {
    fn from(reason: RefundReason) -> payments::RefundReason {
        use payments::RefundReason as R;
        match reason {
            RefundReason::Goodwill => R::Goodwill,
            RefundReason::Damaged => R::Damaged,
            RefundReason::NotReceived => R::NotReceived,
            RefundReason::PriceMatch => R::PriceMatch,
            RefundReason::Other => R::Other,
        }
    }
}

/// Money that was, or is to be, given back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Refund {
    /// Within its payment.
    id: u32,
    status: RefundStatus,
    amount: Money,
    #[schema(value_type = String, format = DateTime)]
    asked_at: Timestamp,
}

/// What became of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Asked,
    Done,
    Failed,
    /// The provider could not be reached for too long: a dead letter has it.
    InDoubt,
}

/// One payment.
#[utoipa::path(get, path = "/payments/{id}", tag = "payments", params(("id" = String, Path)),
    responses((status = 200, body = Payment)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<Payment>, Problem> {
    let id = id_of::<PaymentId>(&id, "payment")?;
    let tip = front.tip();
    let payment = front.payment(id).await?;
    let version = payment.version;
    Ok(Answer::ok(payment).at(Some(tip)).version(version))
}

/// Asks again for a capture that failed. Usually a payment is captured by itself, when its parcel is
/// sealed.
#[utoipa::path(post, path = "/payments/{id}/capture", tag = "payments", params(("id" = String, Path)),
    request_body = Nothing, responses((status = 200, body = Payment)))]
async fn capture(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Payment>, Problem> {
    let id = id_of::<PaymentId>(&id, "payment")?;
    front.payment(id).await?;
    let facts = front.look_back(move |past| past.facts_of(&Stream::Payment(id))).await?;
    let mut open: BTreeMap<u32, (kernel::Money, bool)> = BTreeMap::new();
    for recorded in &facts {
        match &recorded.fact {
            Fact::Payment(_, PaymentFact::CaptureAsked { capture, amount, .. }) => {
                open.insert(*capture, (*amount, false));
            }
            Fact::Payment(_, PaymentFact::CaptureFailed { capture, .. }) => {
                open.entry(*capture).and_modify(|asked| asked.1 = true);
            }
            Fact::Payment(_, PaymentFact::Captured { capture, .. }) => drop(open.remove(capture)),
            _ => {}
        }
    }
    let failed = open.into_iter().find(|(_, (_, failed))| *failed);
    let Some((capture, (amount, _))) = failed else {
        let detail = "no capture of this payment has failed: it is captured by itself when its \
                      parcel is sealed";
        let no = Problem::conflict("PAYMENT_NOTHING_TO_CAPTURE", detail);
        return front.payment_as_before(&asked.deed, id, no).await;
    };
    front.change_payment(&asked.deed, id, PaymentCommand::Capture { capture, amount }).await
}

/// Tells the provider to forget an authorisation that its order does not need.
#[utoipa::path(post, path = "/payments/{id}/void", tag = "payments", params(("id" = String, Path)),
    request_body = Nothing, responses((status = 200, body = Payment)))]
async fn void(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Nothing>,
) -> Result<Answer<Payment>, Problem> {
    let id = id_of::<PaymentId>(&id, "payment")?;
    front.payment(id).await?;
    let order = front.newest_document(id.order).await?;
    let needed =
        order.paid_by == Some(id.number) && order.status != flows::views::OrderStatus::Cancelled;
    if needed {
        let detail = "this payment pays for an order that goes on: cancel the order, and the money \
                      is given back by itself";
        let no = Problem::conflict("PAYMENT_IN_USE", detail);
        return front.payment_as_before(&asked.deed, id, no).await;
    }
    front.change_payment(&asked.deed, id, PaymentCommand::Void).await
}

/// Gives money back: at most what was captured and not yet refunded.
#[utoipa::path(post, path = "/payments/{id}/refunds", tag = "payments", params(("id" = String, Path)),
    request_body = NewRefund, responses((status = 201, body = Payment)))]
async fn refund(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<NewRefund>,
) -> Result<Answer<Payment>, Problem> {
    asked.deed.need_key()?;
    let id = id_of::<PaymentId>(&id, "payment")?;
    front.payment(id).await?;
    let amount = asked.body.amount.checked(front.limits.currency, "/amount")?;
    if amount.is_zero() {
        return Err(Problem::invalid(vec![Flaw::new("/amount/minor", "more than nothing")]));
    }
    let reason = asked.body.reason.into();
    let by = By::staff();
    let refund = flows::refund_by_staff(asked.deed.id(&by.scope));
    let command =
        Command::Payment(id, PaymentCommand::Refund { refund, amount, reason: Some(reason) });
    let caused = front.obey(&asked.deed, &by, command).await?;
    let payment = front.payment(id).await?;
    let (location, version) = (format!("/api/v1/payments/{id}/refunds"), payment.version);
    Ok(Answer::created(payment, location).after(&front, &caused).version(version))
}

/// What was given back of a payment, or is to be.
#[utoipa::path(get, path = "/payments/{id}/refunds", tag = "payments", params(("id" = String, Path)),
    responses((status = 200, body = List<Refund>)))]
async fn refunds(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<List<Refund>>, Problem> {
    let id = id_of::<PaymentId>(&id, "payment")?;
    let tip = front.tip();
    front.payment(id).await?;
    let facts = front.look_back(move |past| past.facts_of(&Stream::Payment(id))).await?;
    let mut refunds: BTreeMap<u32, Refund> = BTreeMap::new();
    for recorded in &facts {
        let Fact::Payment(_, fact) = &recorded.fact else { continue };
        let (id, status) = match fact {
            PaymentFact::RefundAsked { refund, amount, .. } => {
                let (amount, asked_at) = ((*amount).into(), recorded.at());
                let asked = Refund { id: *refund, status: RefundStatus::Asked, amount, asked_at };
                refunds.entry(*refund).or_insert(asked);
                (*refund, RefundStatus::Asked)
            }
            PaymentFact::Refunded { refund, .. } => (*refund, RefundStatus::Done),
            PaymentFact::RefundFailed { refund, .. } => (*refund, RefundStatus::Failed),
            PaymentFact::GaveUp { number: Some(number), .. } => (*number, RefundStatus::InDoubt),
            _ => continue,
        };
        refunds.entry(id).and_modify(|known| known.status = status);
    }
    let items: Vec<Refund> = refunds.into_values().collect();
    let page = PageLinks { next: None, total: Some(items.len() as u64) };
    Ok(Answer::ok(List { items, page }).at(Some(tip)))
}

impl Front {
    async fn payment(&self, id: PaymentId) -> Result<Payment, Problem> {
        let (_, version) = self.state(Stream::Payment(id)).await?;
        if version == 0 {
            return Err(Problem::absent("payment"));
        }
        let order = self.newest_document(id.order).await?;
        let payment = order.payments.iter().find(|payment| payment.number == id.number);
        let payment = payment.ok_or_else(|| Problem::absent("payment"))?;
        let money = |minor| Money::from(order.money(minor));
        Ok(Payment {
            id: id.to_string(),
            order: id.order.0,
            method: word(&payment.method),
            provider: self.payment_provider.to_owned(),
            status: word(&payment.status),
            amount: money(payment.amount),
            captured: money(payment.captured),
            refunded: money(payment.refunded),
            version,
        })
    }

    async fn payment_as_before(
        &self,
        deed: &Deed,
        id: PaymentId,
        no: Problem,
    ) -> Result<Answer<Payment>, Problem> {
        let caused = self.before_or(deed, &By::staff(), no).await?;
        let payment = self.payment(id).await?;
        let version = payment.version;
        Ok(Answer::ok(payment).after(self, &caused).version(version))
    }

    async fn change_payment(
        &self,
        deed: &Deed,
        id: PaymentId,
        command: PaymentCommand,
    ) -> Result<Answer<Payment>, Problem> {
        let caused = self.obey(deed, &By::staff(), Command::Payment(id, command)).await?;
        let payment = self.payment(id).await?;
        let version = payment.version;
        Ok(Answer::ok(payment).after(self, &caused).version(version))
    }
}
