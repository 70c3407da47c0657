//! Importing a catalogue: products, variants, prices and first stock, from files of any size.
//!
//! A row says how something is to be; what of it is so already changes nothing, so the same file twice
//! changes nothing the second time. Each row stands for itself: what is wrong with one is told with its
//! line and a code, and the others are taken.
//!
//! ```text
//! file → lines → rows (csv, columns, values · jsonl) → entry → judge → commands → engine
//! ```
//!
//! The rules are the deciders': a row is judged by the product as it is, with the commands that the API
//! gives, and only what would lead to facts is asked of the engine. So a dry run is told the truth, and
//! a row of several commands is obeyed whole or not at all.

mod fault;

mod entry;

mod lines;

mod csv;

mod columns;

mod values;

mod jsonl;

mod file;

mod judge;

mod shop;

mod run;

mod manual;

#[cfg(test)]
mod tests;

pub use columns::{COLUMNS, COLUMNS_MAX, Column, HeaderError};
pub use csv::ROW_BYTES_MAX;
pub use fault::{CODES, Fault};
pub use file::{File, Format, Reading};
pub use jsonl::LINE_BYTES_MAX;
pub use manual::manual;
pub use run::{Listener, Order, ROWS_MAX, Refused, Report, TRIED_MAX, import};
pub use shop::ImportShop;

use crate::shop::ShopError;
use engine::NotTaken;

/// Why an import cannot go on; what was taken until then is kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file that cannot be opened, or not read to its end.
    #[error("{file} cannot be read: {source}")]
    Unreadable {
        /// Which.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file whose columns mean nothing.
    #[error("{file}: {source}")]
    Header {
        /// Which.
        file: String,
        /// What is wrong.
        source: HeaderError,
    },
    /// The shop.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// Somebody has the folder.
    #[error("{0}. A running shop takes products over POST /api/v1/products")]
    Running(journal::Error),
    /// A view that has to be right tells old news.
    #[error(
        "the view {0} is paused or being built: `cartage views list` tells how far it is, and a \
             running shop resumes it"
    )]
    Behind(&'static str),
    /// The engine takes nothing more.
    #[error("{0}")]
    NotTaken(#[from] NotTaken),
    /// A command that should have been obeyed.
    #[error("{file}: line {line}: {reason}")]
    Failed {
        /// Of which file.
        file: String,
        /// Which row.
        line: u64,
        /// Why.
        reason: String,
    },
    /// More rows than can be told apart.
    #[error("more than {ROWS_MAX} rows: import the file in parts")]
    TooManyRows,
    /// More products than can be remembered.
    #[error("a dry run remembers {TRIED_MAX} products: try the file in parts")]
    TooMuchToTry,
    /// Whoever listens cannot write.
    #[error("the refused rows cannot be written: {0}")]
    Told(std::io::Error),
}
