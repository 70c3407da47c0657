//! Reports: what was sold, and what should be in the till.

use crate::http::{
    answer::Answer,
    asking::{After, Filters, List, PageLinks, Paging},
    caller::Staff,
    front::{Front, unreadable},
    problem::{Flaw, Problem},
    shapes::Money,
};
use axum::extract::State;
use engine::views::Query;
use flows::{
    Shop,
    views::{Cash, CashLedger, Sales, SalesPerCountry, SalesPerDay, SalesPerProduct},
};
use kernel::{Currency, View};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, sync::Arc};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) fn routes() -> OpenApiRouter<Arc<Front>> {
    OpenApiRouter::new().routes(routes!(sales)).routes(routes!(cash))
}

/// Which sales.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SalesFilters {
    #[param(inline)]
    by: Option<By>,
    /// From this day on, where it is by day: 2026-11-01.
    #[param(format = Date)]
    from: Option<String>,
    /// Up to this day, where it is by day.
    #[param(format = Date)]
    to: Option<String>,
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<usize>,
    /// Where the page before ended: its `page.next`.
    cursor: Option<String>,
}

/// By what sales are summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    /// In UTC, the oldest first.
    #[default]
    Day,
    /// By SKU, what brought most first.
    Product,
    /// What brought most first.
    Country,
}

/// Sales of a day, a product or a country.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SalesRow {
    /// The day, the SKU or the country.
    key: String,
    orders: u64,
    units: u64,
    /// By day: what was charged less what was given back. Else: what was ordered.
    revenue: Money,
}

/// What was sold, by day, product or country.
#[utoipa::path(get, path = "/reports/sales", tag = "reports", params(SalesFilters),
    responses((status = 200, body = List<SalesRow>)))]
async fn sales(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
    Filters(filters): Filters<SalesFilters>,
) -> Result<Answer<List<SalesRow>>, Problem> {
    let by = filters.by.unwrap_or_default();
    match by {
        By::Day => front.be_as_new_as::<SalesPerDay>(after).await?,
        By::Product => front.be_as_new_as::<SalesPerProduct>(after).await?,
        By::Country => front.be_as_new_as::<SalesPerCountry>(after).await?,
    }
    let days = by == By::Day;
    for (name, day) in [("from", &filters.from), ("to", &filters.to)] {
        let Some(day) = day else { continue };
        if !days || !is_day(day) {
            let detail = "a day, as in 2026-11-01, where sales are by day";
            return Err(Problem::invalid(vec![Flaw::new(format!("#query/{name}"), detail)]));
        }
    }
    let paging = Paging { limit: filters.limit, cursor: filters.cursor.clone() };
    match by {
        By::Day => front.sales_by_day(&filters),
        By::Product => front.sales_by_product(&paging),
        By::Country => front.best_sales::<SalesPerCountry>(&paging),
    }
}

/// Money of one currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CashRow {
    #[schema(value_type = String, example = "GBP")]
    currency: Currency,
    captured: Money,
    refunded: Money,
    credited: Money,
    adjusted: Money,
    /// Captured − refunded + adjusted.
    balance: Money,
}

/// What was taken, given back, credited and corrected, in each currency.
#[utoipa::path(get, path = "/reports/cash", tag = "reports",
    responses((status = 200, body = List<CashRow>)))]
async fn cash(
    State(front): State<Arc<Front>>,
    _staff: Staff,
    after: After,
) -> Result<Answer<List<CashRow>>, Problem> {
    front.be_as_new_as::<CashLedger>(after).await?;
    let position = front.position::<CashLedger>();
    let mut items = Vec::new();
    let read = front.shop.reader.all::<CashLedger>(|code, cash| items.extend(row(&code, cash)));
    read.map_err(|error| unreadable(&error))?;
    let page = PageLinks { next: None, total: Some(items.len() as u64) };
    Ok(Answer::ok(List { items, page }).at(Some(position)))
}

fn row(code: &str, cash: Cash) -> Option<CashRow> {
    let currency = Currency::from_code(code)?;
    let money = |minor| Money { minor, currency };
    Some(CashRow {
        currency,
        captured: money(cash.captured),
        refunded: money(cash.refunded),
        credited: money(cash.credited),
        adjusted: money(cash.adjusted),
        balance: money(cash.balance),
    })
}

impl Front {
    /// There is a document a day, so that ten years are read at once.
    fn sales_by_day(&self, filters: &SalesFilters) -> Result<Answer<List<SalesRow>>, Problem> {
        let limit = Paging { limit: filters.limit, cursor: None }.read()?.0;
        if filters.cursor.as_ref().is_some_and(|day| !is_day(day)) {
            let flaw = Flaw::new("#query/cursor", "this is no cursor: begin at the first page");
            return Err(Problem::malformed(flaw.detail.clone()).because(vec![flaw]));
        }
        let position = self.position::<SalesPerDay>();
        let mut items = Vec::new();
        let mut next = None;
        let read = self.shop.reader.all::<SalesPerDay>(|day, sales| {
            let wanted = filters.from.as_ref().is_none_or(|from| day >= *from)
                && filters.to.as_ref().is_none_or(|to| day <= *to)
                && filters.cursor.as_ref().is_none_or(|cursor| day > *cursor);
            match wanted {
                true if items.len() < limit => items.push(self.sales_row(day, sales)),
                true => next = items.last().map(|row: &SalesRow| row.key.clone()),
                false => {}
            }
        });
        read.map_err(|error| unreadable(&error))?;
        Ok(Answer::ok(List { items, page: PageLinks { next, total: None } }).at(Some(position)))
    }

    /// No index keeps sums that change with every order: they are sorted when somebody asks.
    fn sales_by_product(&self, paging: &Paging) -> Result<Answer<List<SalesRow>>, Problem> {
        let limit = Paging { limit: paging.limit, cursor: None }.read()?.0;
        let after = paging.cursor.as_ref().map(|text| best_after(text)).transpose()?;
        let position = self.position::<SalesPerProduct>();
        let mut best = Vec::new();
        let read = self.shop.reader.all::<SalesPerProduct>(|sku, sales| {
            let place = (Reverse(sales.minor), sku);
            if after.as_ref().is_none_or(|after| place > *after) {
                best.push((place, sales));
            }
        });
        read.map_err(|error| unreadable(&error))?;
        best.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        let more = best.len() > limit;
        best.truncate(limit);
        let last = best.last().filter(|_| more);
        let next = last.map(|((Reverse(minor), sku), _)| format!("{minor}:{sku}"));
        let items = best.into_iter().map(|((_, sku), sales)| self.sales_row(sku, sales)).collect();
        Ok(Answer::ok(List { items, page: PageLinks { next, total: None } }).at(Some(position)))
    }

    fn best_sales<V: View<Business = Shop, Document = Sales>>(
        &self,
        paging: &Paging,
    ) -> Result<Answer<List<SalesRow>>, Problem> {
        let best = Query::new().descending("minor");
        self.page::<V, _>(best, paging, |(key, sales)| self.sales_row(key, sales))
    }

    fn sales_row(&self, key: String, sales: Sales) -> SalesRow {
        let revenue = Money { minor: sales.minor, currency: self.limits.currency };
        SalesRow { key, orders: sales.orders, units: sales.units, revenue }
    }
}

/// Where a page of what brought most has ended: `2500:MUG-1`.
fn best_after(cursor: &str) -> Result<(Reverse<i64>, String), Problem> {
    let place = cursor
        .split_once(':')
        .and_then(|(minor, sku)| Some((Reverse(minor.parse().ok()?), sku.to_owned())));
    place.ok_or_else(|| {
        let flaw = Flaw::new("#query/cursor", "this is no cursor: begin at the first page");
        Problem::malformed(flaw.detail.clone()).because(vec![flaw])
    })
}

/// `2026-11-01`.
fn is_day(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}
