//! Views: facts folded into documents with indexed columns, in a store of their own.
//!
//! The documents and the position up to which they are true change in one transaction. Delete the
//! store and it comes back: everything in it follows from the journal.

mod folds;
mod reader;
mod runner;
mod store;

#[cfg(test)]
mod tests;

pub use folds::Views;
pub use reader::{Cursor, Filter, Page, Query, Reader};
pub use runner::{Driver, Runner, Seen};
pub use store::{Error, Store};
