//! Orders to look at: lists, one, its timeline, its facts, and as it was.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, PageLinks, Paging, Path},
    caller::{Caller, Staff},
    front::{Front, unreadable},
    problem::{Flaw, Problem},
    routes::facts::{Fact, position_of},
    shapes::{Order, moment_of, number_of},
    shown::ShownOrder,
    stream,
};
use axum::{extract::State, response::Response};
use engine::views::{Cursor, Page, Query};
use flows::views::{OrderTimeline, Orders};
use kernel::{Column, Timestamp, View};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::{IntoParams, ToSchema};

/// Rows that one page looks through at most, where a filter has no index: the next page goes on.
const LOOKED_THROUGH: usize = 5_000;

/// Which orders.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderFilters {
    #[param(inline)]
    status: Option<StatusFilter>,
    /// `C-100234`.
    number: Option<String>,
    /// Of whoever has this address.
    email: Option<String>,
    /// Of this person.
    customer: Option<uuid::Uuid>,
    /// With this SKU in it.
    sku: Option<String>,
    /// Placed then or later.
    #[param(format = DateTime)]
    placed_from: Option<String>,
    /// Placed then or earlier.
    #[param(format = DateTime)]
    placed_to: Option<String>,
    /// Costs so many minor units or more.
    total_from: Option<i64>,
    /// Costs so many minor units or less.
    total_to: Option<i64>,
    #[param(inline)]
    sort: Option<Sort>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StatusFilter {
    Placed,
    Paid,
    Released,
    PartlyShipped,
    Shipped,
    Delivered,
    Completed,
    Cancelled,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, ToSchema)]
enum Sort {
    /// The newest first.
    #[default]
    #[serde(rename = "-placed_at")]
    Newest,
    /// The oldest first.
    #[serde(rename = "placed_at")]
    Oldest,
    /// By number.
    #[serde(rename = "number")]
    Number,
    /// By number, the highest first.
    #[serde(rename = "-number")]
    NumberDown,
}

/// What no index answers.
struct Rest {
    sku: Option<String>,
    total: (Option<i64>, Option<i64>),
    status: Option<String>,
    customer: Option<kernel::PersonId>,
}

impl Rest {
    fn is_empty(&self) -> bool {
        self.sku.is_none()
            && self.total == (None, None)
            && self.status.is_none()
            && self.customer.is_none()
    }

    /// Which of these rows it keeps; where it keeps all, nobody looks into them.
    fn kept(&self, rows: &[(String, String)]) -> Result<Vec<bool>, Problem> {
        if self.is_empty() {
            return Ok(vec![true; rows.len()]);
        }
        let keeps = |(_, document): &(String, String)| {
            let order = serde_json::from_str(document);
            order.map(|order| self.keeps(&order)).map_err(|error| Problem::internal(&error))
        };
        rows.iter().map(keeps).collect()
    }

    fn keeps(&self, order: &flows::views::Order) -> bool {
        let total = order.totals().total.minor;
        let status = crate::http::shapes::word(&order.status);
        self.sku.as_ref().is_none_or(|sku| order.lines.iter().any(|line| line.sku.as_str() == sku))
            && self.total.0.is_none_or(|from| total >= from)
            && self.total.1.is_none_or(|to| total <= to)
            && self.status.as_ref().is_none_or(|wanted| status == *wanted)
            && self.customer.is_none_or(|wanted| order.customer == Some(wanted))
    }
}

impl OrderFilters {
    fn query(&self, front: &Front) -> Result<(Query, Rest), Problem> {
        let mut rest = Rest {
            sku: self.sku.clone(),
            total: (self.total_from, self.total_to),
            status: None,
            customer: None,
        };
        let mut query = match self.sort.unwrap_or_default() {
            Sort::Newest => Query::new().descending("placed_at"),
            Sort::Oldest => Query::new().ascending("placed_at"),
            Sort::Number => Query::new().ascending("number"),
            Sort::NumberDown => Query::new().descending("number"),
        };
        let moment = |text: &Option<String>, pointer: &str| {
            text.as_ref().map(|text| moment_of(text, pointer)).transpose()
        };
        let from = moment(&self.placed_from, "#query/placed_from")?;
        let to = moment(&self.placed_to, "#query/placed_to")?;
        // Also keeps out what was never placed: it has no such time.
        let micros =
            |at: Option<Timestamp>, else_: i64| Column::Number(at.map_or(else_, Timestamp::micros));
        query = query.range("placed_at", micros(from, 0)..=micros(to, i64::MAX));
        if let Some(number) = &self.number {
            let number = number_of(number).and_then(|number| i64::try_from(number).ok());
            query = query.equal("number", Column::Number(number.unwrap_or(-1)));
        }
        let customer = match (&self.email, self.customer) {
            (Some(email), _) => Some(front.secrets.person(email)),
            (None, customer) => customer.map(kernel::PersonId),
        };
        rest.status = self.status.map(|status| {
            crate::http::shapes::word(&status).as_str().unwrap_or_default().to_owned()
        });
        // One index at a time: a person has few orders, a stage may have very many.
        if let Some(customer) = customer {
            query = query.equal("customer", Column::Text(customer.to_string()));
        } else if let Some(status) = rest.status.take() {
            query = query.equal("status", Column::Text(status));
        }
        Ok((query, rest))
    }
}

/// Orders, filtered. For staff; whoever placed an order looks at it by its id.
#[utoipa::path(get, path = "/orders", tag = "orders", params(OrderFilters),
    responses((status = 200, body = List<Order>)))]
pub(crate) async fn list(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<OrderFilters>,
) -> Result<Answer<List<Arc<RawValue>>>, Problem> {
    let (query, rest) = filters.query(&front)?;
    let paging = Paging { limit: filters.limit, cursor: filters.cursor };
    front.be_as_new_as::<Orders>(after).await?;
    let (limit, mut cursor) = paging.read()?;
    let position = front.position::<Orders>();
    let (mut items, mut looked) = (Vec::with_capacity(limit), 0);
    let next: Option<Cursor> = loop {
        // With a filter that no index answers a page is read in strides until it is full.
        let stride = if rest.is_empty() { limit - items.len() } else { 200 };
        let mut query = query.clone().limit(stride);
        if let Some(cursor) = cursor.take() {
            query = query.after(cursor);
        }
        let mut found = front.orders(&query)?;
        looked += found.rows.len();
        let mut kept = rest.kept(&found.rows)?;
        let full = full_after(&kept, limit - items.len());
        if let Some(rows) = full.filter(|rows| *rows < found.rows.len()) {
            // The page ends within the stride: the next one begins there.
            found = front.orders(&query.limit(rows))?;
            kept = rest.kept(&found.rows)?;
        }
        for ((key, document), _) in found.rows.iter().zip(kept).filter(|(_, kept)| *kept) {
            items.extend(front.shown(key, document)?.map(|order| order.json));
        }
        if found.next.is_none() || items.len() >= limit || looked >= LOOKED_THROUGH {
            break found.next;
        }
        cursor = found.next;
    };
    let page = PageLinks { next: next.map(|cursor| cursor.to_string()), total: None };
    Ok(Answer::ok(List { items, page }).at(Some(position)))
}

/// After how many rows a page is full that has still room for so many; none when it is not.
fn full_after(kept: &[bool], room: usize) -> Option<usize> {
    let kept = kept.iter().enumerate().filter(|(_, kept)| **kept);
    kept.map(|(at, _)| at + 1).nth(room.checked_sub(1)?)
}

impl Front {
    fn orders(&self, query: &Query) -> Result<Page<String>, Problem> {
        self.shop.reader.texts::<Orders>(query).map_err(|error| unreadable(&error))
    }
}

/// One order, by id or number.
#[utoipa::path(get, path = "/orders/{id}", tag = "orders",
    params(("id" = String, Path, description = "id or number")),
    responses((status = 200, body = Order)))]
pub(crate) async fn get(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Arc<RawValue>>, Problem> {
    let id = front.order_named(&caller, &id).await?;
    let tip = front.tip();
    let ShownOrder { json, version } = front.newest_shown(id).await?;
    Ok(Answer::ok(json).at(Some(tip)).version(version))
}

/// Something that happened to an order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Moment {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    /// In words.
    what: String,
    /// Which payment, parcel or return, where there may be several.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u32>,
}

/// What has happened to an order, in words, the oldest first.
#[utoipa::path(get, path = "/orders/{id}/timeline", tag = "orders",
    params(("id" = String, Path, description = "id or number")),
    responses((status = 200, body = List<Moment>)))]
pub(crate) async fn timeline(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<List<Moment>>, Problem> {
    let id = front.order_named(&caller, &id).await?;
    let tip = front.tip();
    front.newest_document(id).await?;
    let timeline = front.newest::<OrderTimeline>(&id.to_string()).await?.unwrap_or_default();
    let show = |moment: flows::views::Moment| Moment {
        at: moment.at,
        what: moment.what.into_owned(),
        number: moment.number,
    };
    let items: Vec<Moment> = timeline.moments.into_iter().map(show).collect();
    let total = Some(items.len() as u64);
    Ok(Answer::ok(List { items, page: PageLinks { next: None, total } }).at(Some(tip)))
}

/// What happens to an order, in words, as it happens: server-sent events named `moment`.
#[utoipa::path(get, path = "/orders/{id}/events", tag = "orders",
    params(("id" = String, Path, description = "id or number"),
        ("Last-Event-ID" = Option<String>, Header, description = "goes on after this event")),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(crate) async fn events(
    State(front): State<Arc<Front>>,
    caller: Caller,
    Path(id): Path<String>,
    headers: http::HeaderMap,
) -> Result<Response, Problem> {
    let id = front.order_named(&caller, &id).await?;
    front.newest_document(id).await?;
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let begin = last.unwrap_or_else(|| front.tip());
    let (key, mut keys) = (id.to_string(), Vec::new());
    Ok(stream::follow(
        &front,
        begin,
        Box::new(move |recorded| {
            OrderTimeline::concerns(recorded, &mut keys);
            if !keys.drain(..).any(|concerned| concerned == key) {
                return None;
            }
            let mut told = Default::default();
            OrderTimeline::evolve(&mut told, &key, recorded);
            Some(("moment", serde_json::to_string(&told.moments.pop()?).ok()?))
        }),
    ))
}

/// When an order is looked at.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AtFilter {
    /// At this time.
    #[param(format = DateTime)]
    time: Option<String>,
    /// After the fact at this position.
    position: Option<u64>,
}

/// An order as it was at a time, or after a position.
#[utoipa::path(get, path = "/orders/{id}/at", tag = "orders",
    params(("id" = String, Path, description = "id or number"), AtFilter),
    responses((status = 200, body = Order)))]
pub(crate) async fn at(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
    Filters(filter): Filters<AtFilter>,
) -> Result<Answer<Order>, Problem> {
    let id = front.order_named(&Caller::Staff, &id).await?;
    let position = match (filter.position, &filter.time) {
        (Some(position), None) => position.min(front.tip()),
        (None, Some(time)) => position_of(&front, time, "#query/time").await?,
        _ => {
            let detail = "name either a time or a position";
            return Err(Problem::invalid(vec![Flaw::new("#query", detail)]));
        }
    };
    let order = front.order_at(id, position).await?;
    let shown = front.order(id, &order).ok_or_else(|| Problem::absent("order"))?;
    let version = shown.version;
    Ok(Answer::ok(shown).at(Some(position)).version(version))
}

/// The facts of an order and of all that belongs to it, the oldest first.
#[utoipa::path(get, path = "/orders/{id}/facts", tag = "orders",
    params(("id" = String, Path, description = "id or number")),
    responses((status = 200, body = List<Fact>)))]
pub(crate) async fn facts(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    Path(id): Path<String>,
) -> Result<Answer<List<Fact>>, Problem> {
    let id = front.order_named(&Caller::Staff, &id).await?;
    let tip = front.tip();
    front.newest_document(id).await?;
    let facts = front.facts_of_order(id).await?;
    let items: Vec<Fact> = facts.iter().map(Fact::of).collect::<Result<_, _>>()?;
    let page = PageLinks { next: None, total: Some(items.len() as u64) };
    Ok(Answer::ok(List { items, page }).at(Some(tip)))
}
