//! Returns: what comes back, and what becomes of it.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, Paging, Path},
    caller::{Caller, Staff},
    front::{By, Front},
    problem::{Flaw, Problem},
    shapes::{Money, id_of, quantity_of, word},
    submission::{Deed, Submission},
};
use axum::extract::State;
use flows::{
    Command, Fact,
    views::{self, LineToReturn, Return as Document, Returns},
};
use journal::VaultRow;
use kernel::{Column, OrderId, ReturnId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{sync::Arc, time::Duration};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use warehouse::{
    Units,
    returns::{self, InspectedLine, ReturnCommand, ReturnLine},
};

/// How long after its delivery something may come back.
const WINDOW: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Lines of one return at most.
const LINES: usize = 100;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(request))
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(authorise))
        .routes(routes!(refuse))
        .routes(routes!(receive))
        .routes(routes!(inspect))
}

/// Goods that come back (RMA).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Return {
    id: String,
    #[schema(example = "R-100234-1")]
    number: String,
    order: Uuid,
    #[schema(value_type = String, example = "authorised")]
    status: Value,
    lines: Vec<Line>,
    /// What was, or will be, given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    refund: Option<Money>,
    #[schema(value_type = Option<String>, format = DateTime)]
    requested_at: Option<Timestamp>,
    version: u64,
}

/// A line of a return.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Line {
    line: u32,
    sku: String,
    requested: u32,
    received: u32,
    accepted: u32,
    #[schema(value_type = String, example = "unwanted")]
    reason: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "restock")]
    disposition: Option<Value>,
}

fn show(id: ReturnId, order_number: u64, document: Document) -> Return {
    let line = |line: LineToReturn| Line {
        line: line.line,
        sku: line.sku.to_string(),
        requested: line.requested,
        received: line.received,
        accepted: line.accepted,
        reason: word(&line.reason),
        disposition: line.disposition().as_ref().map(word),
    };
    Return {
        id: id.to_string(),
        number: format!("R-{order_number}-{}", id.number),
        order: id.order.0,
        status: word(&document.status),
        lines: document.lines.into_iter().map(line).collect(),
        refund: document.refund.map(Money::from),
        requested_at: document.requested_at,
        version: document.version,
    }
}

/// What shall come back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewReturn {
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<NewLine>,
}

/// Units of a line that shall come back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewReturnLine)]
pub(crate) struct NewLine {
    #[schema(minimum = 1)]
    line: u32,
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: u64,
    #[serde(default)]
    reason: Reason,
}

/// Why something comes back.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReturnReason)]
pub(crate) enum Reason {
    #[default]
    Unwanted,
    Damaged,
    Faulty,
    WrongItem,
    NotAsDescribed,
    TooLate,
    Undelivered,
}

impl From<Reason> for returns::ReturnReason {
    fn from(reason: Reason) -> returns::ReturnReason {
        use returns::ReturnReason as R;
        match reason {
            Reason::Unwanted => R::Unwanted,
            Reason::Damaged => R::Damaged,
            Reason::Faulty => R::Faulty,
            Reason::WrongItem => R::WrongItem,
            Reason::NotAsDescribed => R::NotAsDescribed,
            Reason::TooLate => R::TooLate,
            Reason::Undelivered => R::Undelivered,
        }
    }
}

/// Asks to send goods back: units that were delivered, within 30 days.
#[utoipa::path(post, path = "/orders/{id}/returns", tag = "returns", request_body = NewReturn,
    params(("id" = String, Path, description = "id or number of the order")),
    responses((status = 201, body = Return)))]
async fn request(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Submission<NewReturn>,
) -> Result<Answer<Return>, Problem> {
    let Submission { body, deed } = asked;
    let order = front.order_named(&caller, &id).await?;
    let known = front.newest_document(order).await?;
    let arrived = known.parcels.iter().filter_map(|parcel| parcel.seen_at).max();
    let number = u32::try_from(known.returns.len()).unwrap_or(u32::MAX) + 1;
    let (by, until) = (By::caller(&caller, order), arrived.map(|arrived| arrived + WINDOW));
    let caused = match lines_of(&body, &known) {
        Ok(lines) => {
            let request = ReturnCommand::Request { lines, claimed: None, until };
            let request = Command::Return(ReturnId::new(order, number), request);
            front.obey(&deed, &by, request).await?
        }
        Err(no) => front.before_or(&deed, &by, no).await?,
    };
    // Asked again it is the return of the first time.
    let made = caused.facts().iter().find_map(|recorded| match &recorded.fact {
        Fact::Return(id, _) => Some(*id),
        _ => None,
    });
    let coming = front.returned(made.unwrap_or(ReturnId::new(order, number))).await?;
    let (location, version) = (format!("/api/v1/returns/{}", coming.id), coming.version);
    Ok(Answer::created(coming, location).after(&front, &caused).version(version))
}

/// Units that were delivered and are not on their way back already.
fn lines_of(body: &NewReturn, order: &views::Order) -> Result<Vec<ReturnLine>, Problem> {
    if !(1..=LINES).contains(&body.lines.len()) {
        let detail = format!("1 to {LINES} lines");
        return Err(Problem::invalid(vec![Flaw::new("/lines", detail)]));
    }
    let mut lines = Vec::with_capacity(body.lines.len());
    for (at, asked) in body.lines.iter().enumerate() {
        let pointer = format!("/lines/{at}");
        let quantity = quantity_of(asked.quantity, &format!("{pointer}/quantity"))?;
        let known = (asked.line as usize).checked_sub(1).and_then(|at| order.lines.get(at));
        let Some(known) = known else {
            let detail = format!("line {} is no line of this order", asked.line);
            return Err(Problem::invalid(vec![Flaw::new(format!("{pointer}/line"), detail)]));
        };
        let delivered = known.units.delivered;
        if quantity.units() > delivered {
            let detail = format!("only {delivered} delivered units are left to be returned");
            let flaw = Flaw::new(pointer, detail.clone()).with("delivered", delivered);
            return Err(Problem::conflict("RETURN_NOT_DELIVERED", detail).because(vec![flaw]));
        }
        lines.push(ReturnLine {
            line: asked.line,
            sku: known.sku.clone(),
            quantity,
            reason: asked.reason.into(),
            stock_kept: known.stock_kept,
        });
    }
    Ok(lines)
}

/// Which returns.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReturnFilters {
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

/// How far a return is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Requested,
    Authorised,
    Refused,
    InTransit,
    Received,
    Inspected,
    Settled,
    Closed,
    Expired,
}

/// Returns: of one order or status, or, without either, those that somebody has to look at, the oldest
/// first.
#[utoipa::path(get, path = "/returns", tag = "returns", params(ReturnFilters),
    responses((status = 200, body = List<Return>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<ReturnFilters>,
) -> Result<Answer<List<Return>>, Problem> {
    let mut query = match (&filters.order, &filters.status) {
        (Some(_), None) => engine::views::Query::new(),
        (_, status) => front.waiting_or(status.as_ref()),
    };
    if let Some(order) = filters.order {
        query = query.equal("order", Column::Text(OrderId(order).to_string()));
    }
    let paging = Paging { limit: filters.limit, cursor: filters.cursor };
    let shown =
        |id: ReturnId, document| Some(show(id, front.number_of_order(id.order).ok()?, document));
    front.things::<Returns, _, _>(after, query, paging, shown).await
}

/// One return. Whoever asked for it sees it in the story of his order.
#[utoipa::path(get, path = "/returns/{id}", tag = "returns", params(("id" = String, Path)),
    responses((status = 200, body = Return)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<Return>, Problem> {
    let tip = front.tip();
    let coming = front.returned(id_of(&id, "return")?).await?;
    let version = coming.version;
    Ok(Answer::ok(coming).at(Some(tip)).version(version))
}

/// A word about it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteBody {
    /// For whoever sent it; kept where it can be forgotten.
    #[serde(default)]
    #[schema(max_length = 1000)]
    note: Option<String>,
}

/// It may be sent back.
#[utoipa::path(post, path = "/returns/{id}/authorise", tag = "returns", params(("id" = String, Path)),
    request_body = NoteBody, responses((status = 200, body = Return)))]
async fn authorise(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<NoteBody>,
) -> Result<Answer<Return>, Problem> {
    let id = id_of(&id, "return")?;
    let (_, vault) = front.note(id, &asked).await?;
    front.change_return(&asked.deed, id, ReturnCommand::Authorise, vault).await
}

/// It may not be sent back.
#[utoipa::path(post, path = "/returns/{id}/refuse", tag = "returns", params(("id" = String, Path)),
    request_body = NoteBody, responses((status = 200, body = Return)))]
async fn refuse(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<NoteBody>,
) -> Result<Answer<Return>, Problem> {
    let id = id_of(&id, "return")?;
    let (note, vault) = front.note(id, &asked).await?;
    front.change_return(&asked.deed, id, ReturnCommand::Refuse { note }, vault).await
}

/// What came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ReturnReceipt)]
pub(crate) struct Receipt {
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<ReceivedLine>,
}

/// Units of a line that came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceivedLine {
    #[schema(minimum = 1)]
    line: u32,
    #[schema(minimum = 0, maximum = 1_000_000)]
    quantity: u32,
}

/// Goods have come back; nobody has looked at them yet.
#[utoipa::path(post, path = "/returns/{id}/receive", tag = "returns", params(("id" = String, Path)),
    request_body = Receipt, responses((status = 200, body = Return)))]
async fn receive(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Receipt>,
) -> Result<Answer<Return>, Problem> {
    let id = id_of(&id, "return")?;
    must_be_few(asked.body.lines.len())?;
    let line = |line: &ReceivedLine| Units { line: line.line, units: line.quantity };
    let lines = asked.body.lines.iter().map(line).collect();
    front.change_return(&asked.deed, id, ReturnCommand::Receive { lines }, vec![]).await
}

/// What becomes of what came.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inspection {
    #[schema(min_items = 1, max_items = 100)]
    lines: Vec<Inspected>,
}

/// What becomes of units of a line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Inspected {
    #[schema(minimum = 1)]
    line: u32,
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: u32,
    disposition: Disposition,
}

/// What becomes of a unit.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Disposition {
    Restock,
    Refurbish,
    Scrap,
    BackToSupplier,
    BackToCustomer,
}

impl From<Disposition> for returns::Disposition {
    fn from(disposition: Disposition) -> returns::Disposition {
        use returns::Disposition as D;
        match disposition {
            Disposition::Restock => D::Restock,
            Disposition::Refurbish => D::Refurbish,
            Disposition::Scrap => D::Scrap,
            Disposition::BackToSupplier => D::BackToSupplier,
            Disposition::BackToCustomer => D::BackToCustomer,
        }
    }
}

/// Somebody has looked at it: stock and money move now, and the return settles by itself.
#[utoipa::path(post, path = "/returns/{id}/inspect", tag = "returns", params(("id" = String, Path)),
    request_body = Inspection, responses((status = 200, body = Return)))]
async fn inspect(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Inspection>,
) -> Result<Answer<Return>, Problem> {
    let id = id_of(&id, "return")?;
    must_be_few(asked.body.lines.len())?;
    let line = |line: &Inspected| InspectedLine {
        line: line.line,
        units: line.quantity,
        disposition: line.disposition.into(),
    };
    let lines = asked.body.lines.iter().map(line).collect();
    front.change_return(&asked.deed, id, ReturnCommand::Inspect { lines }, vec![]).await
}

fn must_be_few(lines: usize) -> Result<(), Problem> {
    if (1..=LINES).contains(&lines) {
        return Ok(());
    }
    Err(Problem::invalid(vec![Flaw::new("/lines", format!("1 to {LINES} lines"))]))
}

impl Front {
    async fn returned(&self, id: ReturnId) -> Result<Return, Problem> {
        let document = self.thing::<Returns, _, _>(id, "return", |_, document| document).await?;
        Ok(show(id, self.number_of_order(id.order)?, document))
    }

    fn number_of_order(&self, id: OrderId) -> Result<u64, Problem> {
        let order = self.document::<views::Orders>(&id.to_string())?;
        Ok(order.map_or(0, |order| order.number))
    }

    /// People's words belong in the vault, under the person whom they are about.
    async fn note(
        &self,
        id: ReturnId,
        asked: &Submission<NoteBody>,
    ) -> Result<(Option<kernel::VaultId>, Vec<VaultRow>), Problem> {
        let Some(note) = &asked.body.note else { return Ok((None, vec![])) };
        if note.chars().count() > 1000 {
            return Err(Problem::invalid(vec![Flaw::new("/note", "at most 1000 characters")]));
        }
        let order = self.document::<views::Orders>(&id.order.to_string())?;
        let subject = order.and_then(|order| order.customer);
        let row = self.vault_row(asked.deed.id(&By::staff().scope), "note");
        let content = note.as_bytes().to_vec();
        let kind = "note".to_owned();
        Ok((Some(row), vec![VaultRow { id: row, subject, kind, content }]))
    }

    async fn change_return(
        &self,
        deed: &Deed,
        id: ReturnId,
        command: ReturnCommand,
        vault: Vec<VaultRow>,
    ) -> Result<Answer<Return>, Problem> {
        let command = Command::Return(id, command);
        let caused = self.obey_with(deed, &By::staff(), command, vault).await?;
        let coming = self.returned(id).await?;
        let version = coming.version;
        Ok(Answer::ok(coming).after(self, &caused).version(version))
    }
}
