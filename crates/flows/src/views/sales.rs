//! Sales: what was ordered, by product and country, and what it brought, by day.

use crate::wiring::{Fact, Shop};
use commerce::orders::OrderFact;
use kernel::{Column, Columns, Recorded, View};
use serde::{Deserialize, Serialize};

/// Orders and what was charged for parcels, less what was given back, under the day in UTC.
pub struct SalesPerDay;
/// What was ordered, under the SKU.
pub struct SalesPerProduct;
/// What was ordered, under the country as the trade writes it.
pub struct SalesPerCountry;

/// Some sales.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sales {
    /// Orders, or orders with this product.
    pub orders: u64,
    /// Units ordered.
    pub units: u64,
    /// Minor units of the shop's currency.
    pub minor: i64,
}

fn columns(sales: &Sales) -> Columns {
    vec![Some(Column::Number(sales.minor))]
}

impl View for SalesPerDay {
    type Business = Shop;
    type Document = Sales;

    const NAME: &'static str = "sales_per_day";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["minor"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Order(
            _,
            OrderFact::Requested(_)
            | OrderFact::Packed { .. }
            | OrderFact::Delivered { amount: Some(_), .. }
            | OrderFact::Cancelled { refund: Some(_), .. }
            | OrderFact::Lost { .. }
            | OrderFact::Returned { .. },
        ) = &recorded.fact
        {
            keys.push(recorded.at().day());
        }
    }

    fn evolve(sales: &mut Sales, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Order(_, fact) = &recorded.fact else { return };
        match fact {
            OrderFact::Requested(requested) => {
                sales.orders += 1;
                sales.units +=
                    requested.lines.iter().map(|line| u64::from(line.units)).sum::<u64>();
            }
            OrderFact::Packed { amount, .. }
            | OrderFact::Delivered { amount: Some(amount), .. } => {
                sales.minor += amount.minor;
            }
            OrderFact::Cancelled { refund: Some(back), .. }
            | OrderFact::Returned { refund: back, .. }
            | OrderFact::Lost { amount: back, .. } => sales.minor -= back.minor,
            _ => {}
        }
    }

    fn columns(sales: &Sales) -> Columns {
        columns(sales)
    }
}

impl View for SalesPerProduct {
    type Business = Shop;
    type Document = Sales;

    const NAME: &'static str = "sales_per_product";
    const SHAPE: u32 = 2;
    const COLUMNS: &'static [&'static str] = &[];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Order(_, OrderFact::Requested(requested)) = &recorded.fact {
            keys.extend(requested.lines.iter().map(|line| line.sku.to_string()));
            keys.sort_unstable();
            keys.dedup();
        }
    }

    fn evolve(sales: &mut Sales, sku: &str, recorded: &Recorded<Shop>) {
        let Fact::Order(_, OrderFact::Requested(requested)) = &recorded.fact else { return };
        sales.orders += 1;
        for line in requested.lines.iter().filter(|line| line.sku.as_str() == sku) {
            sales.units += u64::from(line.units);
            sales.minor += line.unit_price.minor * i64::from(line.units);
        }
    }

    /// None: an index over sums that change with every order would cost more than to sort them when
    /// somebody asks.
    fn columns(_: &Sales) -> Columns {
        Vec::new()
    }
}

impl View for SalesPerCountry {
    type Business = Shop;
    type Document = Sales;

    const NAME: &'static str = "sales_per_country";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["minor"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Order(_, OrderFact::Requested(requested)) = &recorded.fact {
            keys.push(requested.country.to_string());
        }
    }

    fn evolve(sales: &mut Sales, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Order(_, OrderFact::Requested(requested)) = &recorded.fact else { return };
        sales.orders += 1;
        for line in &requested.lines {
            sales.units += u64::from(line.units);
            sales.minor += line.unit_price.minor * i64::from(line.units);
        }
    }

    fn columns(sales: &Sales) -> Columns {
        columns(sales)
    }
}
