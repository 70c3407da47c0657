//! The shapes of the API: what its bodies look like, apart from what the shop remembers.

mod address;
mod money;
mod order;

pub(crate) use address::{Address, email_flaw, none_of};
pub(crate) use money::Money;
pub(crate) use order::{Order, Totals, number, number_of, word};

use super::problem::{Flaw, Problem};
use compact_str::CompactString;
use kernel::{Quantity, Sku, Timestamp};
use std::str::FromStr;

/// A SKU out of a path: what cannot be one is not there.
///
/// # Errors
/// 404.
pub(crate) fn sku_of(text: &str, kind: &str) -> Result<Sku, Problem> {
    text.parse().map_err(|_| Problem::absent(kind))
}

/// An id out of a path: what cannot be one is not there.
///
/// # Errors
/// 404.
pub(crate) fn id_of<T: FromStr>(text: &str, kind: &str) -> Result<T, Problem> {
    text.parse().map_err(|_| Problem::absent(kind))
}

/// A quantity out of a body.
///
/// # Errors
/// 422 when it is none.
pub(crate) fn quantity_of(units: u64, pointer: &str) -> Result<Quantity, Problem> {
    Quantity::new(units)
        .map_err(|error| Problem::invalid(vec![Flaw::new(pointer, error.to_string())]))
}

/// A moment out of a query.
///
/// # Errors
/// 422 when it is none.
pub(crate) fn moment_of(text: &str, pointer: &str) -> Result<Timestamp, Problem> {
    text.parse().map_err(|_| {
        let detail = format!("{text:?} is no time: write 2026-11-20T10:15:00Z (RFC 3339)");
        Problem::invalid(vec![Flaw::new(pointer, detail)])
    })
}

/// Letters of a code at most.
const LONGEST_CODE: usize = 64;

/// A code as it stands on labels and papers: no blanks, so no sentences, and nothing about people.
///
/// # Errors
/// 422 with a pointer.
pub(crate) fn plain_text(text: &str, pointer: &str) -> Result<CompactString, Problem> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/-".contains(&byte);
    if (1..=LONGEST_CODE).contains(&text.len()) && text.bytes().all(plain) {
        return Ok(text.into());
    }
    let detail = format!("a code of 1 to {LONGEST_CODE} of A-Z a-z 0-9 . _ / -");
    Err(Problem::invalid(vec![Flaw::new(pointer, detail)]))
}
