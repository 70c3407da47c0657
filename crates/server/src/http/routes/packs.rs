//! Packs: checking goods into a carton and sealing it.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, Paging, Path},
    caller::Staff,
    front::{By, Front},
    problem::{Flaw, Problem},
    shapes::{id_of, plain_text, quantity_of, word},
    submission::{Deed, Submission},
};
use axum::extract::State;
use flows::{
    Command,
    views::{LineToPack, Pack as Document, PackStatus, Packs},
};
use kernel::{PackId, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use warehouse::packs::PackCommand;

/// Ten tonnes: nothing that is packed weighs more.
const HEAVIEST_GRAMS: u32 = 10_000_000;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(verify))
        .routes(routes!(seal))
}

/// Goods that go into a carton.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Pack {
    id: String,
    order: Uuid,
    fulfilment: String,
    #[schema(value_type = String, example = "verifying")]
    status: Value,
    lines: Vec<PackLine>,
    #[serde(skip_serializing_if = "Option::is_none")]
    carton: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weight_grams: Option<u32>,
    /// What may be done now: `verify`, `seal`.
    next: Vec<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    opened_at: Option<Timestamp>,
    version: u64,
}

/// Units of a line that belong in the carton.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PackLine {
    id: u32,
    sku: String,
    quantity: u32,
    verified: u32,
}

fn show(id: PackId, document: Document) -> Pack {
    let whole = document.lines.iter().all(|line| line.verified >= line.quantity);
    let next = match document.status {
        PackStatus::Open | PackStatus::Verifying if whole => vec!["seal"],
        PackStatus::Open | PackStatus::Verifying => vec!["verify"],
        PackStatus::Sealed | PackStatus::Cancelled => vec![],
    };
    let line = |line: LineToPack| PackLine {
        id: line.line,
        sku: line.sku.to_string(),
        quantity: line.quantity,
        verified: line.verified,
    };
    Pack {
        id: id.to_string(),
        order: id.order.0,
        fulfilment: id.to_string(),
        status: word(&document.status),
        lines: document.lines.into_iter().map(line).collect(),
        carton: document.carton.map(Into::into),
        weight_grams: document.weight_grams,
        next,
        opened_at: document.opened_at,
        version: document.version,
    }
}

/// Which packs.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PackFilters {
    #[param(inline)]
    status: Option<Stage>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// How far a pack is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Open,
    Verifying,
    Sealed,
    Cancelled,
}

/// Packs: of one status, or, without it, all that wait, the oldest first.
#[utoipa::path(get, path = "/packs", tag = "warehouse", params(PackFilters),
    responses((status = 200, body = List<Pack>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<PackFilters>,
) -> Result<Answer<List<Pack>>, Problem> {
    let query = front.waiting_or(filters.status.as_ref());
    let paging = Paging { limit: filters.limit, cursor: filters.cursor };
    let shown = |id, document| Some(show(id, document));
    front.things::<Packs, _, _>(after, query, paging, shown).await
}

/// One pack.
#[utoipa::path(get, path = "/packs/{id}", tag = "warehouse", params(("id" = String, Path)),
    responses((status = 200, body = Pack)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<Pack>, Problem> {
    let tip = front.tip();
    let pack = front.pack(id_of(&id, "pack")?).await?;
    let version = pack.version;
    Ok(Answer::ok(pack).at(Some(tip)).version(version))
}

/// Units that somebody has seen going into the carton.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Verified {
    /// How many more.
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: u64,
}

/// How the carton is closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seal {
    /// Which carton.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$", example = "M")]
    carton: Option<String>,
    #[schema(minimum = 1, maximum = 10_000_000)]
    weight_grams: u32,
}

/// Units of a line are in the carton.
#[utoipa::path(post, path = "/packs/{id}/lines/{line}/verify", tag = "warehouse",
    params(("id" = String, Path), ("line" = u32, Path)), request_body = Verified,
    responses((status = 200, body = Pack)))]
async fn verify(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path((id, line)): Path<(String, String)>,
    asked: Submission<Verified>,
) -> Result<Answer<Pack>, Problem> {
    let (id, line) = (id_of(&id, "pack")?, id_of(&line, "pack line")?);
    let units = quantity_of(asked.body.quantity, "/quantity")?;
    front.change_pack(&asked.deed, id, PackCommand::Verify { line, units }).await
}

/// Closes the carton: a parcel is made of it, and what is in it is charged.
#[utoipa::path(post, path = "/packs/{id}/seal", tag = "warehouse", params(("id" = String, Path)),
    request_body = Seal, responses((status = 200, body = Pack)))]
async fn seal(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    asked: Submission<Seal>,
) -> Result<Answer<Pack>, Problem> {
    let id = id_of(&id, "pack")?;
    let Seal { carton, weight_grams } = asked.body;
    if !(1..=HEAVIEST_GRAMS).contains(&weight_grams) {
        let detail = format!("1 to {HEAVIEST_GRAMS} grams");
        return Err(Problem::invalid(vec![Flaw::new("/weight_grams", detail)]));
    }
    let carton = carton.map(|carton| plain_text(&carton, "/carton")).transpose()?;
    front.change_pack(&asked.deed, id, PackCommand::Seal { carton, weight_grams }).await
}

impl Front {
    async fn pack(&self, id: PackId) -> Result<Pack, Problem> {
        self.thing::<Packs, _, _>(id, "pack", show).await
    }

    async fn change_pack(
        &self,
        deed: &Deed,
        id: PackId,
        command: PackCommand,
    ) -> Result<Answer<Pack>, Problem> {
        let caused = self.obey(deed, &By::staff(), Command::Pack(id, command)).await?;
        let pack = self.pack(id).await?;
        let version = pack.version;
        Ok(Answer::ok(pack).after(self, &caused).version(version))
    }
}
