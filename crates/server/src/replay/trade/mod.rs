//! What a trade file says happened: who bought what, what came back, what was found or lost.
//!
//! A trade file is CSV, plain or zstd, with the eight columns of UCI Online Retail in any order:
//! `InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, Country`.
//! One row is one line of the file. Each row becomes exactly one of
//!
//! | the row | becomes |
//! |---|---|
//! | invoice is all digits, quantity > 0, price > 0 | a line of that [`Order`] |
//! | invoice begins with `C`; the customer has that many of the code to give back | [`Happening::Return`] |
//! | any other invoice that begins with `C` | [`Happening::Credit`] |
//! | price is 0 | [`Happening::Correction`] |
//! | invoice begins with `A` | [`Happening::Adjustment`] |
//! | anything else | a [`Malformed`] row, with line and reason |
//!
//! and [`Counts::rows`] is their sum: no row is dropped in silence. Goods arrive before the first
//! event of each month, as many as that month will sell and lose ([`Happening::Delivery`]).

mod plan;

mod fields;
mod flaw;
mod rows;

mod deliveries;
mod planner;
mod unreturned;

#[cfg(test)]
mod tests;

pub use fields::day_or_moment;
pub use flaw::{Flaw, Malformed};
pub use plan::{
    CountryIndex, Counts, CustomerIndex, Event, Happening, Item, ItemIndex, Line, Order,
    OrderIndex, Plan, ReturnPart, Units,
};
pub use rows::TradeError;

use kernel::Timestamp;
use std::{fs::File, io::BufRead, io::BufReader, path::Path};

/// How every zstd frame begins (RFC 8878, section 3.1.1).
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Reads a trade file, plain or zstd (told by its first bytes), and plans what it says.
///
/// Rows at or after `until` are not part of the trade.
///
/// # Errors
/// [`TradeError`] when the file cannot be read, is no such trade or is longer than can be planned;
/// a row that cannot be understood is no error but listed in [`Plan::malformed`].
pub fn read(file: &Path, until: Option<Timestamp>) -> Result<Plan, TradeError> {
    let unreadable = |source| TradeError::Unreadable { file: file.to_owned(), source };
    let mut plain = BufReader::with_capacity(1 << 16, File::open(file).map_err(unreadable)?);
    let packed = plain.fill_buf().map_err(unreadable)?.starts_with(&ZSTD_MAGIC);
    let planned = if packed {
        let unpacked = zstd::Decoder::with_buffer(plain).map_err(unreadable)?;
        plan(BufReader::with_capacity(1 << 16, unpacked), until)
    } else {
        plan(plain, until)
    };
    planned.map_err(|error| error.in_file(file))
}

/// Plans what an unpacked trade file says; see [`read`].
///
/// # Errors
/// As [`read`].
pub fn plan(source: impl BufRead, until: Option<Timestamp>) -> Result<Plan, TradeError> {
    let mut rows = rows::Rows::open(source, until)?;
    let mut planner = planner::Planner::default();
    while let Some(row) = rows.next()? {
        planner.take(row);
    }
    Ok(planner.finish())
}
