//! Stock: how much is where, what is promised of it, and what came and went.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, PageLinks, Paging, Path},
    caller::Staff,
    front::{By, Front},
    problem::{Flaw, Problem},
    routes::facts::{Fact, position_of},
    shapes::{id_of, plain_text, quantity_of, sku_of},
    submission::{Deed, Submission},
};
use axum::extract::State;
use compact_str::CompactString;
use engine::views::Query;
use flows::{
    Command, Stream, routing,
    views::{Stock as Document, Stocks},
};
use kernel::{Column, SiteId, Sku, View};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use warehouse::inventory::{AdjustReason, StockCommand};

/// Fewer than so many available units are *low*.
const LOW: i64 = 10;

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(movements))
        .routes(routes!(at))
        .routes(routes!(receive))
        .routes(routes!(adjust))
        .routes(routes!(availability))
}

/// Stock of one SKU, in units.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Stock {
    sku: String,
    on_hand: i64,
    held: i64,
    committed: i64,
    allocated: i64,
    picked: i64,
    packed: i64,
    blocked: i64,
    short: i64,
    available: i64,
    sites: Vec<StockAtSite>,
    version: u64,
}

/// What lies at one site.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StockAtSite {
    site: String,
    on_hand: i64,
    allocated: i64,
    picked: i64,
    packed: i64,
    blocked: i64,
}

fn show(sku: &str, stock: &Document) -> Stock {
    let site = |site: &flows::views::StockAtSite| StockAtSite {
        site: site.site.to_string(),
        on_hand: site.on_hand,
        allocated: site.allocated,
        picked: site.picked,
        packed: site.packed,
        blocked: site.blocked,
    };
    Stock {
        sku: sku.to_owned(),
        on_hand: stock.on_hand(),
        held: stock.held,
        committed: stock.committed,
        allocated: stock.allocated(),
        picked: stock.picked(),
        packed: stock.packed(),
        blocked: stock.blocked(),
        short: stock.short,
        available: stock.available(),
        sites: stock.sites.iter().map(site).collect(),
        version: stock.version,
    }
}

/// Which stock.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StockFilters {
    /// Only what is low: fewer than 10 available, the least first.
    low: Option<bool>,
    /// Only what lies at this site.
    site: Option<String>,
    /// Only this SKU.
    sku: Option<String>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// Stock, by SKU.
#[utoipa::path(get, path = "/stock", tag = "stock", params(StockFilters),
    responses((status = 200, body = List<Stock>)))]
async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<StockFilters>,
) -> Result<Answer<List<Stock>>, Problem> {
    front.be_as_new_as::<Stocks>(after).await?;
    let site = filters.site.as_ref().map(|text| id_of::<SiteId>(text, "site")).transpose()?;
    let lies_here = |stock: &Document| {
        site.as_ref().is_none_or(|site| stock.sites.iter().any(|at| at.site == *site))
    };
    if let Some(sku) = &filters.sku {
        let seen = front.shop.seen.position();
        let found = sku.parse::<Sku>().ok();
        let found = found.and_then(|sku| front.document::<Stocks>(sku.as_str()).transpose());
        let found = found.transpose()?.filter(lies_here);
        let items: Vec<Stock> = found.map(|stock| show(sku, &stock)).into_iter().collect();
        let page = PageLinks { next: None, total: Some(items.len() as u64) };
        return Ok(Answer::ok(List { items, page }).at(Some(seen)));
    }
    let query = match filters.low {
        Some(true) => Query::new().range("low", ..Column::Number(LOW)).ascending("low"),
        _ => Query::new(),
    };
    let paging = Paging { limit: filters.limit, cursor: filters.cursor };
    let answer = front.page::<Stocks, _>(query, &paging, |(sku, stock)| {
        lies_here(&stock).then(|| show(&sku, &stock))
    })?;
    Ok(answer
        .map(|list| List { items: list.items.into_iter().flatten().collect(), page: list.page }))
}

/// Stock of one SKU.
#[utoipa::path(get, path = "/stock/{sku}", tag = "stock", params(("sku" = String, Path)),
    responses((status = 200, body = Stock)))]
async fn get(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(sku): Path<String>,
) -> Result<Answer<Stock>, Problem> {
    let sku = sku_of(&sku, "stock")?;
    let tip = front.tip();
    let stock = front.newest_stock(&sku).await?;
    let version = stock.version;
    Ok(Answer::ok(stock).at(Some(tip)).version(version))
}

/// What came and went of a SKU: the facts of its stock, the oldest first.
#[utoipa::path(get, path = "/stock/{sku}/movements", tag = "stock",
    params(("sku" = String, Path), MovementFilters), responses((status = 200, body = List<Fact>)))]
async fn movements(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(sku): Path<String>,
    Filters(filters): Filters<MovementFilters>,
) -> Result<Answer<List<Fact>>, Problem> {
    let sku = sku_of(&sku, "stock")?;
    let tip = front.tip();
    front.newest_stock(&sku).await?;
    let (limit, begin) = filters.read()?;
    let facts = front.look_back(move |past| past.facts_of(&Stream::Stock(sku))).await?;
    let mut wanted = facts.iter().filter(|recorded| recorded.position > begin);
    let taken: Vec<_> = wanted.by_ref().take(limit).collect();
    let next = wanted.next().and(taken.last()).map(|last| last.position.to_string());
    let items: Vec<Fact> = taken.into_iter().map(Fact::of).collect::<Result<_, _>>()?;
    let page = PageLinks { next, total: Some(facts.len() as u64) };
    Ok(Answer::ok(List { items, page }).at(Some(tip)))
}

/// Which page of a SKU's movements.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MovementFilters {
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

impl MovementFilters {
    fn read(&self) -> Result<(usize, u64), Problem> {
        let limit = Paging { limit: self.limit, cursor: None }.read()?.0;
        let begin = self.cursor.as_ref().map(|text| text.parse()).transpose();
        let bad = |_| {
            Problem::malformed("this is no cursor: begin at the first page")
                .because(vec![Flaw::new("#query/cursor", "")])
        };
        Ok((limit, begin.map_err(bad)?.unwrap_or(0)))
    }
}

/// When stock is looked at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtFilter {
    /// At this time, or after this position.
    #[param(min_length = 1, example = "2026-11-20T10:15:00Z")]
    time: String,
}

/// Stock of a SKU as it was at a time.
#[utoipa::path(get, path = "/stock/{sku}/at", tag = "stock", params(("sku" = String, Path), AtFilter),
    responses((status = 200, body = Stock)))]
async fn at(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(sku): Path<String>,
    Filters(filter): Filters<AtFilter>,
) -> Result<Answer<Stock>, Problem> {
    let sku = sku_of(&sku, "stock")?;
    front.newest_stock(&sku).await?;
    let position = position_of(&front, &filter.time, "#query/time").await?;
    let (key, stream) = (sku.to_string(), Stream::Stock(sku));
    let facts = front.look_back(move |past| past.facts_of(&stream)).await?;
    let mut stock = Document::default();
    for recorded in facts.iter().filter(|recorded| recorded.position <= position) {
        Stocks::evolve(&mut stock, &key, recorded);
    }
    Ok(Answer::ok(show(&key, &stock)).at(Some(position)).version(stock.version))
}

/// Goods that came in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = StockReceipt)]
pub(crate) struct Receipt {
    #[schema(minimum = 1, maximum = 1_000_000)]
    quantity: u64,
    /// Where; the only site without it.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9_-]{1,32}$")]
    site: Option<String>,
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$", example = "A-03-2-B")]
    location: Option<String>,
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$")]
    lot: Option<String>,
    /// The number of the delivery note: a number, no words.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$", example = "PO-1042")]
    reference: Option<String>,
}

/// A change that somebody found or made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Adjustment {
    /// Units more, or less.
    #[schema(minimum = -1_000_000, maximum = 1_000_000)]
    change: i64,
    reason: Reason,
    /// Where; the only site without it.
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9_-]{1,32}$")]
    site: Option<String>,
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$")]
    location: Option<String>,
    #[serde(default)]
    #[schema(pattern = "^[A-Za-z0-9._/-]{1,64}$")]
    lot: Option<String>,
}

/// Why stock is corrected.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdjustmentReason)]
pub(crate) enum Reason {
    Count,
    Damage,
    Found,
    Loss,
    Correction,
}

impl From<Reason> for AdjustReason {
    fn from(reason: Reason) -> AdjustReason {
        match reason {
            Reason::Count => AdjustReason::Count,
            Reason::Damage => AdjustReason::Damage,
            Reason::Found => AdjustReason::Found,
            Reason::Loss => AdjustReason::Loss,
            Reason::Correction => AdjustReason::Correction,
        }
    }
}

/// Receives goods of a SKU that is on sale or will be.
#[utoipa::path(post, path = "/stock/{sku}/receive", tag = "stock", params(("sku" = String, Path)),
    request_body = Receipt, responses((status = 200, body = Stock)))]
async fn receive(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(sku): Path<String>,
    asked: Submission<Receipt>,
) -> Result<Answer<Stock>, Problem> {
    let sku = front.kept_in_stock(&sku).await?;
    let Receipt { quantity, site, location, lot, reference } = asked.body;
    let receive = StockCommand::Receive {
        site: site_or_home(site)?,
        quantity: quantity_of(quantity, "/quantity")?,
        location: text(location, "/location")?,
        lot: text(lot, "/lot")?,
        reference: text(reference, "/reference")?,
    };
    front.change_stock(&asked.deed, sku, receive).await
}

/// Corrects the stock of a SKU: what is found or lost is a fact, and promises give way to it.
#[utoipa::path(post, path = "/stock/{sku}/adjust", tag = "stock", params(("sku" = String, Path)),
    request_body = Adjustment, responses((status = 200, body = Stock)))]
async fn adjust(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(sku): Path<String>,
    asked: Submission<Adjustment>,
) -> Result<Answer<Stock>, Problem> {
    let sku = front.kept_in_stock(&sku).await?;
    let Adjustment { change, reason, site, location, lot } = asked.body;
    if change == 0 || change.unsigned_abs() > 1_000_000 {
        let detail = "1 to 1,000,000 units more or less";
        return Err(Problem::invalid(vec![Flaw::new("/change", detail)]));
    }
    let adjust = StockCommand::Adjust {
        site: site_or_home(site)?,
        change,
        reason: reason.into(),
        location: text(location, "/location")?,
        lot: text(lot, "/lot")?,
    };
    front.change_stock(&asked.deed, sku, adjust).await
}

/// Of what, and where it would go.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AvailabilityFilter {
    /// The SKU.
    sku: String,
    /// Where it would go; every place is served, so far.
    #[serde(rename = "postal_code")]
    _postal_code: Option<String>,
    /// Where it would go: ISO 3166-1, two letters.
    #[serde(rename = "country")]
    _country: Option<String>,
}

/// Whether something can be had.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Availability {
    sku: String,
    availability: Level,
}

/// How much there is, without a figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    InStock,
    Low,
    Out,
}

impl Level {
    /// Of so many available units.
    pub(crate) fn of(available: i64) -> Level {
        match available {
            ..=0 => Level::Out,
            1..LOW => Level::Low,
            _ => Level::InStock,
        }
    }
}

/// Whether a SKU can be had.
#[utoipa::path(get, path = "/availability", tag = "products", params(AvailabilityFilter),
    responses((status = 200, body = Availability)))]
async fn availability(
    State(front): State<Arc<Front>>,
    Filters(filter): Filters<AvailabilityFilter>,
) -> Result<Answer<Availability>, Problem> {
    let sku = sku_of(&filter.sku, "variant")?;
    let offer = front.offer(&sku)?.filter(|offer| offer.on_sale);
    let offer = offer.ok_or_else(|| Problem::absent("variant"))?;
    front.must_follow::<Stocks>()?;
    let seen = front.shop.seen.position();
    let availability = front.level(&sku, offer.stock_kept)?;
    Ok(Answer::ok(Availability { sku: sku.to_string(), availability }).at(Some(seen)))
}

impl Front {
    /// How much there is of a SKU, without a figure.
    ///
    /// # Errors
    /// When the view cannot be read.
    pub(crate) fn level(&self, sku: &Sku, stock_kept: bool) -> Result<Level, Problem> {
        if !stock_kept {
            return Ok(Level::InStock);
        }
        let stock = self.document::<Stocks>(sku.as_str())?;
        Ok(Level::of(stock.map_or(0, |stock| stock.available())))
    }

    async fn newest_stock(&self, sku: &Sku) -> Result<Stock, Problem> {
        let stock = self.newest::<Stocks>(sku.as_str()).await?;
        stock.map(|stock| show(sku.as_str(), &stock)).ok_or_else(|| Problem::absent("stock"))
    }

    /// A SKU of the catalogue whose units are counted.
    async fn kept_in_stock(&self, text: &str) -> Result<Sku, Problem> {
        let sku = sku_of(text, "variant")?;
        if self.offer(&sku)?.is_none() {
            // Perhaps it was made just now.
            self.reach(self.tip()).await?;
        }
        match self.offer(&sku)? {
            Some(offer) if offer.stock_kept => Ok(sku),
            Some(_) => {
                let detail = format!("{sku} is not kept in stock");
                Err(Problem::conflict("STOCK_NOT_KEPT", detail))
            }
            None => Err(Problem::absent("variant")),
        }
    }

    async fn change_stock(
        &self,
        deed: &Deed,
        sku: Sku,
        command: StockCommand,
    ) -> Result<Answer<Stock>, Problem> {
        let command = Command::Stock(sku.clone(), command);
        let caused = self.obey(deed, &By::staff(), command).await?;
        let stock = self.newest_stock(&sku).await?;
        let version = stock.version;
        Ok(Answer::ok(stock).after(self, &caused).version(version))
    }
}

fn site_or_home(site: Option<String>) -> Result<SiteId, Problem> {
    let Some(text) = site else { return Ok(routing::home()) };
    let site = text.parse::<SiteId>().ok().filter(|site| *site == routing::home());
    site.ok_or_else(|| {
        let detail = format!("there is no site {text:?}");
        Problem::invalid(vec![Flaw::new("/site", detail)])
    })
}

/// What stands on a label: codes, no words about people.
fn text(text: Option<String>, pointer: &str) -> Result<Option<CompactString>, Problem> {
    text.map(|text| plain_text(&text, pointer)).transpose()
}
