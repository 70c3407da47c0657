//! Picks: taking goods from their shelves.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, Paging, Path},
    caller::Staff,
    front::{By, Front},
    problem::{Flaw, Problem},
    shapes::{id_of, plain_text, word},
    submission::{Deed, Submission},
};
use axum::extract::State;
use flows::{
    Command,
    views::{LineToPick, Pick as Document, Picks},
};
use kernel::{Actor, PickId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use warehouse::picks::{PickCommand, PickStage, ShortReason};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(start))
        .routes(routes!(pick_line))
        .routes(routes!(short_line))
}

/// Goods to be taken from their shelves.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pick {
    id: String,
    order: Uuid,
    fulfilment: String,
    #[schema(value_type = String, example = "open")]
    status: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
    lines: Vec<PickLine>,
    /// What may be done now: `start`, `pick`, `short`.
    next: Vec<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<Timestamp>,
    version: u64,
}

/// Units of a line to be taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PickLine {
    id: u32,
    sku: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
    quantity: u32,
    picked: u32,
    short: u32,
}

fn show(id: PickId, document: Document) -> Pick {
    let line = |line: LineToPick| PickLine {
        id: line.line,
        sku: line.sku.to_string(),
        location: line.location.map(Into::into),
        quantity: line.quantity,
        picked: line.picked,
        short: line.short,
    };
    let next = match document.status {
        PickStage::Open => vec!["start"],
        PickStage::Started => vec!["pick", "short"],
        PickStage::Unknown | PickStage::Done | PickStage::Cancelled => vec![],
    };
    Pick {
        id: id.to_string(),
        order: id.order.0,
        fulfilment: format!("{}.{}", id.order, document.fulfilment),
        status: word(&document.status),
        worker: document.worker.map(|worker| worker.as_str().replacen("worker/", "", 1)),
        lines: document.lines.into_iter().map(line).collect(),
        next,
        opened_at: document.opened_at,
        version: document.version,
    }
}

/// Which picks.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PickFilters {
    #[param(inline)]
    status: Option<Stage>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// How far a pick is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Open,
    Started,
    Done,
    Cancelled,
}

/// Picks: of one status, or, without it, all that wait, the oldest first.
#[utoipa::path(get, path = "/picks", tag = "warehouse", params(PickFilters),
    responses((status = 200, body = List<Pick>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<PickFilters>,
) -> Result<Answer<List<Pick>>, Problem> {
    let query = front.waiting_or(filters.status.as_ref());
    let paging = Paging { limit: filters.limit, cursor: filters.cursor };
    let shown = |id, document| Some(show(id, document));
    front.things::<Picks, _, _>(after, query, paging, shown).await
}

/// One pick.
#[utoipa::path(get, path = "/picks/{id}", tag = "warehouse", params(("id" = String, Path)),
    responses((status = 200, body = Pick)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<Pick>, Problem> {
    let tip = front.tip();
    let pick = front.pick(id_of(&id, "pick")?).await?;
    let version = pick.version;
    Ok(Answer::ok(pick).at(Some(tip)).version(version))
}

/// Who begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// His number, never his name.
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$", example = "w-17")]
    worker: String,
}

/// What was taken.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PickedUnits)]
pub(crate) struct Taken {
    /// Of this line, in all.
    #[schema(minimum = 0, maximum = 1_000_000)]
    picked: u32,
    /// Into which tote.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$")]
    tote: Option<String>,
}

/// What was not there.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Short {
    /// So many of this line were there, in all.
    #[schema(minimum = 0, maximum = 1_000_000)]
    found: u32,
    reason: Reason,
}

/// Why it is short.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ShortReason)]
pub(crate) enum Reason {
    Short,
    Damaged,
    WrongItem,
    LocationBlocked,
}

impl From<Reason> for ShortReason {
    fn from(reason: Reason) -> ShortReason {
        match reason {
            Reason::Short => ShortReason::Short,
            Reason::Damaged => ShortReason::Damaged,
            Reason::WrongItem => ShortReason::WrongItem,
            Reason::LocationBlocked => ShortReason::LocationBlocked,
        }
    }
}

/// Somebody begins to pick.
#[utoipa::path(post, path = "/picks/{id}/start", tag = "warehouse", params(("id" = String, Path)),
    request_body = Start, responses((status = 200, body = Pick)))]
async fn start(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Start>,
) -> Result<Answer<Pick>, Problem> {
    let id = id_of(&id, "pick")?;
    let worker = plain_text(&asked.body.worker, "/worker")?;
    let start = PickCommand::Start { worker: Actor::new("worker", worker) };
    front.change_pick(&asked.deed, id, start).await
}

/// Units of a line lie in the tote.
#[utoipa::path(post, path = "/picks/{id}/lines/{line}", tag = "warehouse",
    params(("id" = String, Path), ("line" = u32, Path)), request_body = Taken,
    responses((status = 200, body = Pick)))]
async fn pick_line(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path((id, line)): Path<(String, String)>,
    asked: Submission<Taken>,
) -> Result<Answer<Pick>, Problem> {
    let (id, line) = (id_of(&id, "pick")?, id_of(&line, "pick line")?);
    let tote = asked.body.tote.map(|tote| plain_text(&tote, "/tote")).transpose()?;
    let units = within(asked.body.picked, "/picked")?;
    front.change_pick(&asked.deed, id, PickCommand::PickLine { line, units, tote }).await
}

/// Less of a line was there than it says: the line is finished without the rest.
#[utoipa::path(post, path = "/picks/{id}/lines/{line}/short", tag = "warehouse",
    params(("id" = String, Path), ("line" = u32, Path)), request_body = Short,
    responses((status = 200, body = Pick)))]
async fn short_line(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path((id, line)): Path<(String, String)>,
    asked: Submission<Short>,
) -> Result<Answer<Pick>, Problem> {
    let (id, line) = (id_of(&id, "pick")?, id_of(&line, "pick line")?);
    let (found, reason) = (within(asked.body.found, "/found")?, asked.body.reason.into());
    front.change_pick(&asked.deed, id, PickCommand::ShortLine { line, found, reason }).await
}

fn within(units: u32, pointer: &str) -> Result<u32, Problem> {
    if units <= kernel::Quantity::MAX {
        return Ok(units);
    }
    let detail = format!("at most {} units", kernel::Quantity::MAX);
    Err(Problem::invalid(vec![Flaw::new(pointer, detail)]))
}

impl Front {
    async fn pick(&self, id: PickId) -> Result<Pick, Problem> {
        self.thing::<Picks, _, _>(id, "pick", show).await
    }

    async fn change_pick(
        &self,
        deed: &Deed,
        id: PickId,
        command: PickCommand,
    ) -> Result<Answer<Pick>, Problem> {
        let caused = self.obey(deed, &By::staff(), Command::Pick(id, command)).await?;
        let pick = self.pick(id).await?;
        let version = pick.version;
        Ok(Answer::ok(pick).after(self, &caused).version(version))
    }
}
