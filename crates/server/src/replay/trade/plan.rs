//! The plan of a trade: what happens, in which order and when.
//!
//! Codes, customers and countries are kept once and named by an index, so that a year of trade
//! takes some twenty megabytes. Amounts are minor units (pence) of the file's one currency.

use super::flaw::Malformed;
use compact_str::CompactString;
use kernel::{Sku, Timestamp};
use serde::{Deserialize, Serialize};

/// Place of a code in [`Plan::items`].
pub type ItemIndex = u32;
/// Place of a customer in [`Plan::customers`].
pub type CustomerIndex = u32;
/// Place of a country in [`Plan::countries`].
pub type CountryIndex = u32;
/// Place of an order in [`Plan::orders`].
pub type OrderIndex = u32;

/// A whole trade, ready to be played.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// What happens, in the order of the file; times never go back.
    pub events: Vec<Event>,
    /// All orders, in the order of their first rows; [`Happening::Order`] points here.
    pub orders: Vec<Order>,
    /// All codes, in the order in which they first appear.
    pub items: Vec<Item>,
    /// All known customers, as the file calls them.
    pub customers: Vec<CompactString>,
    /// All countries, as the file writes them.
    pub countries: Vec<CompactString>,
    /// Rows that could not be understood, the first [`Plan::MALFORMED_LISTED_MAX`] of them.
    pub malformed: Vec<Malformed>,
    /// What became of every row.
    pub counts: Counts,
}

impl Plan {
    /// So many malformed rows are listed; the others are only counted.
    pub const MALFORMED_LISTED_MAX: usize = 10_000;

    /// The order at this place.
    pub fn order(&self, order: OrderIndex) -> &Order {
        &self.orders[order as usize]
    }

    /// The item at this place.
    pub fn item(&self, item: ItemIndex) -> &Item {
        &self.items[item as usize]
    }
}

/// Something that can be sold.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The code as written, a space as `-`.
    pub sku: Sku,
    /// The first description that the file gives it; may be empty.
    pub title: CompactString,
    /// False for postage, bank charges, vouchers and the like.
    pub stock_kept: bool,
}

/// What happens at a time.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Never before the event before it.
    pub at: Timestamp,
    /// Line of the file with its first row, the header being line 1; a delivery takes that of the
    /// event it comes before.
    pub file_line: u64,
    /// What happens.
    pub what: Happening,
}

/// What one event is.
#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// Goods arrive: what this calendar month (UTC) will sell and lose.
    Delivery {
        /// Items and units, each at most [`kernel::Quantity::MAX`]; an item may stand here twice.
        lines: Vec<(ItemIndex, u32)>,
    },
    /// An order with all its rows, wherever they stand in the file.
    Order(OrderIndex),
    /// Goods come back, or an item without stock is given back.
    Return {
        /// As written, `C536379`.
        invoice: CompactString,
        /// Who bought them.
        customer: CustomerIndex,
        /// What comes back.
        item: ItemIndex,
        /// How many in all.
        units: u32,
        /// One part per order that it is settled against, newest first.
        parts: Vec<ReturnPart>,
        /// Units × the row's price.
        value_minor: i64,
    },
    /// A credit note without an order; nothing is put back on a shelf.
    Credit {
        /// As written, `C536379`.
        invoice: CompactString,
        /// Nobody where the file names no customer.
        customer: Option<CustomerIndex>,
        /// Where to.
        country: CountryIndex,
        /// What for.
        item: ItemIndex,
        /// How many of it.
        units: u32,
        /// Units × the row's price.
        amount_minor: i64,
    },
    /// Stock was found (positive) or lost (negative); on an item without stock only counted.
    Correction {
        /// Of what.
        item: ItemIndex,
        /// Units, never 0.
        change: i64,
        /// False: nothing to do.
        stock_kept: bool,
    },
    /// An entry of the accounts that is no sale.
    Adjustment {
        /// As written, `A563185`.
        invoice: CompactString,
        /// May be negative.
        amount_minor: i64,
    },
}

/// What somebody ordered under one invoice number.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// All digits.
    pub invoice: CompactString,
    /// Nobody (a guest) where the file names no customer.
    pub customer: Option<CustomerIndex>,
    /// Where to.
    pub country: CountryIndex,
    /// Line *n* is at index *n* − 1; a code may stand in several.
    pub lines: Vec<Line>,
}

/// A line of an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What.
    pub item: ItemIndex,
    /// 1 to [`kernel::Quantity::MAX`].
    pub quantity: u32,
    /// May be 0 where the file's price is less than half a penny.
    pub unit_price_minor: u32,
    /// False: nothing to pick, delivered with the order's other goods or when paid.
    pub stock_kept: bool,
}

impl Line {
    /// Quantity × unit price.
    pub fn amount_minor(&self) -> i64 {
        i64::from(self.quantity) * i64::from(self.unit_price_minor)
    }
}

/// The part of a return that is settled against one order.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnPart {
    /// Which.
    pub order: OrderIndex,
    /// Which of its lines, newest first.
    pub lines: Vec<Units>,
    /// Its units × the row's price.
    pub value_minor: i64,
}

/// Units of a line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Units {
    /// Counted from 1.
    pub line: u32,
    /// At least 1.
    pub units: u32,
}

/// What became of every row; the names are those of the replay's report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows before `until`: order, return and credit lines, corrections, adjustments, malformed.
    pub rows: u64,
    /// Different all-digit invoices with at least one line.
    pub orders: u64,
    /// Rows that are lines of orders.
    pub order_lines: u64,
    /// What all order lines cost.
    pub gross_minor: i64,
    /// Rows that are returns.
    pub return_lines: u64,
    /// Parts that they fall into, one per order settled against.
    pub return_parts: u64,
    /// Value of all returns, each at its own price.
    pub return_minor: i64,
    /// Rows that are credit notes without an order.
    pub credit_lines: u64,
    /// Value of all credit notes without an order.
    pub credit_minor: i64,
    /// Rows by which stock was found.
    pub corrections_in: u64,
    /// Rows by which stock was lost.
    pub corrections_out: u64,
    /// Of the rows found, those of items without stock, which change nothing.
    pub corrections_in_without_stock: u64,
    /// Of the rows lost, those of items without stock, which change nothing.
    pub corrections_out_without_stock: u64,
    /// Rows that are entries of the accounts.
    pub adjustments: u64,
    /// Sum of these entries.
    pub adjustments_minor: i64,
    /// Rows that could not be understood.
    pub malformed: u64,
}
