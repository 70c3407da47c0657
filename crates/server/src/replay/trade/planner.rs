//! Turns rows into what they mean, one after the other, in the order of the file.

use super::{
    deliveries,
    fields::{self, Kind},
    flaw::{Flaw, Malformed},
    plan::{
        CountryIndex, CustomerIndex, Event, Happening, Item, ItemIndex, Line, Order, OrderIndex,
        Plan, ReturnPart, Units,
    },
    rows::Row,
    unreturned::{Bought, Unreturned},
};
use compact_str::CompactString;
use kernel::{Sku, Timestamp};
use rustc_hash::FxHashMap;

/// A description is cut after so many letters.
const TITLE_LETTERS_MAX: usize = 120;

/// The plan so far, and what is needed to go on with it.
#[derive(Default)]
pub(super) struct Planner {
    plan: Plan,
    orders: FxHashMap<CompactString, OrderIndex>,
    items: FxHashMap<Sku, ItemIndex>,
    customers: Names,
    countries: Names,
    unreturned: Unreturned,
    clock: Option<Timestamp>,
}

impl Planner {
    /// Plans one row.
    pub(super) fn take(&mut self, row: Result<Row<'_>, Malformed>) {
        self.plan.counts.rows += 1;
        let planned = row.and_then(|row| {
            self.clock = Some(self.clock.map_or(row.at, |clock| clock.max(row.at)));
            let line = row.file_line;
            self.understand(&row).map_err(|reason| Malformed { line, reason })
        });
        if let Err(malformed) = planned {
            self.plan.counts.malformed += 1;
            if self.plan.malformed.len() < Plan::MALFORMED_LISTED_MAX {
                self.plan.malformed.push(malformed);
            }
        }
    }

    /// The whole plan, deliveries put in.
    pub(super) fn finish(mut self) -> Plan {
        self.plan.customers = self.customers.all;
        self.plan.countries = self.countries.all;
        self.plan.counts.orders = self.plan.orders.len() as u64;
        deliveries::put_in(&mut self.plan);
        self.plan
    }

    fn understand(&mut self, row: &Row<'_>) -> Result<(), Flaw> {
        let units = u32::try_from(row.quantity.unsigned_abs()).expect("within a million");
        match row.kind {
            Kind::Adjustment => self.adjust(row),
            _ if row.price.free => self.correct(row),
            Kind::Sale if row.quantity > 0 && row.price.minor >= 0 => self.sell(row, units),
            Kind::Credit if row.quantity < 0 && row.price.minor >= 0 => self.credit(row, units),
            Kind::Sale | Kind::Credit => {
                let (quantity, price_minor) = (row.quantity, row.price.minor);
                return Err(Flaw::Senseless { quantity, price_minor });
            }
        }
        Ok(())
    }

    fn sell(&mut self, row: &Row<'_>, quantity: u32) {
        let item = self.item(row);
        let stock_kept = self.plan.item(item).stock_kept;
        let unit_price_minor = u32::try_from(row.price.minor).expect("prices are limited below");
        let line = Line { item, quantity, unit_price_minor, stock_kept };
        self.plan.counts.order_lines += 1;
        add(&mut self.plan.counts.gross_minor, line.amount_minor());

        let index = self.order(row);
        let order = &mut self.plan.orders[index as usize];
        order.lines.push(line);
        let line = u32::try_from(order.lines.len()).expect("rows are limited far below 2^32");
        // Whoever is nobody cannot come back as the same customer.
        if let Some(customer) = order.customer {
            let bought = Bought { order: index, line, units: quantity };
            self.unreturned.buy(customer, item, bought);
        }
    }

    /// The order with this invoice number; who and where to is told by its first row.
    fn order(&mut self, row: &Row<'_>) -> OrderIndex {
        if let Some(known) = self.orders.get(row.invoice) {
            return *known;
        }
        let index = u32::try_from(self.plan.orders.len()).expect("fewer orders than rows");
        let (customer, country) = self.who_and_where(row);
        let invoice = CompactString::from(row.invoice);
        self.orders.insert(invoice.clone(), index);
        self.plan.orders.push(Order { invoice, customer, country, lines: Vec::new() });
        self.happens(row, Happening::Order(index));
        index
    }

    fn credit(&mut self, row: &Row<'_>, units: u32) {
        let item = self.item(row);
        let (customer, country) = self.who_and_where(row);
        let given_back = customer.map(|who| (who, self.unreturned.give_back(who, item, units)));
        let invoice = CompactString::from(row.invoice);
        let amount_minor = row.price.minor * i64::from(units);
        let counts = &mut self.plan.counts;
        let what = match given_back.filter(|(_, bought)| !bought.is_empty()) {
            Some((customer, bought)) => {
                let parts = parts_by_order(&bought, row.price.minor);
                counts.return_lines += 1;
                counts.return_parts += parts.len() as u64;
                add(&mut counts.return_minor, amount_minor);
                let value_minor = amount_minor;
                Happening::Return { invoice, customer, item, units, parts, value_minor }
            }
            None => {
                counts.credit_lines += 1;
                add(&mut counts.credit_minor, amount_minor);
                Happening::Credit { invoice, customer, country, item, units, amount_minor }
            }
        };
        self.happens(row, what);
    }

    fn correct(&mut self, row: &Row<'_>) {
        let item = self.item(row);
        let stock_kept = self.plan.item(item).stock_kept;
        let counts = &mut self.plan.counts;
        let (all, without_stock) = if row.quantity > 0 {
            (&mut counts.corrections_in, &mut counts.corrections_in_without_stock)
        } else {
            (&mut counts.corrections_out, &mut counts.corrections_out_without_stock)
        };
        *all += 1;
        *without_stock += u64::from(!stock_kept);
        self.happens(row, Happening::Correction { item, change: row.quantity, stock_kept });
    }

    fn adjust(&mut self, row: &Row<'_>) {
        let amount_minor = row.price.minor * row.quantity;
        self.plan.counts.adjustments += 1;
        add(&mut self.plan.counts.adjustments_minor, amount_minor);
        let invoice = CompactString::from(row.invoice);
        self.happens(row, Happening::Adjustment { invoice, amount_minor });
    }

    fn happens(&mut self, row: &Row<'_>, what: Happening) {
        let at = self.clock.unwrap_or(row.at);
        self.plan.events.push(Event { at, file_line: row.file_line, what });
    }

    fn item(&mut self, row: &Row<'_>) -> ItemIndex {
        let title = || row.title.chars().take(TITLE_LETTERS_MAX).collect();
        if let Some(known) = self.items.get(&row.sku) {
            let item = &mut self.plan.items[*known as usize];
            if item.title.is_empty() {
                item.title = title();
            }
            return *known;
        }
        let index = u32::try_from(self.plan.items.len()).expect("fewer items than rows");
        let stock_kept = fields::keeps_stock(&row.sku);
        self.plan.items.push(Item { sku: row.sku.clone(), title: title(), stock_kept });
        self.items.insert(row.sku.clone(), index);
        index
    }

    fn who_and_where(&mut self, row: &Row<'_>) -> (Option<CustomerIndex>, CountryIndex) {
        let customer = row.customer.map(|name| self.customers.index_of(name));
        (customer, self.countries.index_of(row.country))
    }
}

/// One part per order, in the order in which they first come.
fn parts_by_order(bought: &[Bought], unit_price_minor: i64) -> Vec<ReturnPart> {
    let mut parts: Vec<ReturnPart> = Vec::new();
    let mut places = FxHashMap::default();
    for Bought { order, line, units } in bought.iter().copied() {
        let place = *places.entry(order).or_insert(parts.len());
        if place == parts.len() {
            parts.push(ReturnPart { order, lines: Vec::new(), value_minor: 0 });
        }
        parts[place].lines.push(Units { line, units });
        parts[place].value_minor += unit_price_minor * i64::from(units);
    }
    parts
}

/// A total of amounts that are each below 10^15: it takes some nine thousand rows, all at the
/// limits of both quantity and price, to reach the end of 64 bits, where it stays.
fn add(total: &mut i64, amount: i64) {
    *total = total.saturating_add(amount);
}

/// Names kept once.
#[derive(Default)]
struct Names {
    all: Vec<CompactString>,
    index: FxHashMap<CompactString, u32>,
}

impl Names {
    fn index_of(&mut self, name: &str) -> u32 {
        if let Some(known) = self.index.get(name) {
            return *known;
        }
        let index = u32::try_from(self.all.len()).expect("fewer names than rows");
        self.all.push(name.into());
        self.index.insert(name.into(), index);
        index
    }
}
