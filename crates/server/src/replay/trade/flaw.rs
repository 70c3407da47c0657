//! Rows of a trade file that cannot be understood, and why not.

use super::rows::LINE_BYTES_MAX;
use compact_str::CompactString;
use serde::{Serialize, Serializer};

/// A row that was set aside.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Malformed {
    /// Line of the file; the header is line 1.
    pub line: u64,
    /// What is wrong with it.
    pub reason: Flaw,
}

/// What can be wrong with a row.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Flaw {
    /// It is not UTF-8.
    #[error("the line is no UTF-8 text")]
    NotText,
    /// It is longer than any row should be.
    #[error("the line is longer than {LINE_BYTES_MAX} bytes")]
    TooLong,
    /// More or fewer values than the header has names.
    #[error("{found} values where the header names {expected}")]
    Columns {
        /// In the row.
        found: usize,
        /// In the header.
        expected: usize,
    },
    /// A quoted value does not end, or goes on after its closing quote.
    #[error("a quoted value is not closed in its line")]
    Quotes,
    /// No order, return, credit or adjustment has such a number.
    #[error("invoice {0:?} is no digits, nor begins with C or A (up to {invoice} bytes)", invoice = super::fields::INVOICE_BYTES_MAX)]
    Invoice(CompactString),
    /// The code cannot be a SKU.
    #[error("stock code {0:?} cannot be a SKU")]
    Code(CompactString),
    /// Not a whole number, none at all, or beyond a million.
    #[error("quantity {0:?} is no whole number from 1 to 1,000,000 or its negative")]
    Quantity(CompactString),
    /// No date and time of the calendar.
    #[error("date {0:?} is none such as 2010-12-01 08:26:00")]
    Time(CompactString),
    /// Not a decimal number, or beyond ten million.
    #[error("price {0:?} is no decimal number up to 10,000,000")]
    Price(CompactString),
    /// Longer than a customer's number should be.
    #[error("customer {0:?} is too long")]
    Customer(CompactString),
    /// Too short or too long.
    #[error("country {0:?} has fewer than 2 or more than 60 letters")]
    Country(CompactString),
    /// Quantity and price have signs that make it neither sale nor return.
    #[error(
        "{quantity} units at {price_minor} pence are neither a sale, a return nor a correction"
    )]
    Senseless {
        /// As written.
        quantity: i64,
        /// To the penny.
        price_minor: i64,
    },
}

impl Flaw {
    /// A value as a reason quotes it: no longer than one can read.
    pub(super) fn quote(value: &str) -> CompactString {
        value.chars().take(40).collect()
    }
}

impl Serialize for Flaw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
