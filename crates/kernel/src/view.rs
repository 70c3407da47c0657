//! A view folds facts into documents that somebody wants to look at.

use crate::{Business, Recorded};
use serde::{Serialize, de::DeserializeOwned};

/// A column that a list can be filtered and sorted by; in the order of lists: numbers before text,
/// text by its bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// A whole number: units, minor units, microseconds since 1970.
    Number(i64),
    /// Text.
    Text(String),
}

/// The values of a document's columns, in the order of [`View::COLUMNS`].
pub type Columns = Vec<Option<Column>>;

/// Facts folded into documents under keys. Always rebuildable from the journal alone.
pub trait View: Send + Sync + 'static {
    /// The business whose facts it sees.
    type Business: Business;
    /// What is kept under a key; `Default` before the first fact.
    type Document: Serialize + DeserializeOwned + Default + Clone + PartialEq + Send;

    /// Named by the screen or the question.
    const NAME: &'static str;
    /// Raised whenever documents change their form or meaning; the store then rebuilds the view.
    const SHAPE: u32;
    /// Names of the indexed columns.
    const COLUMNS: &'static [&'static str];

    /// The keys of the documents that a fact changes.
    fn concerns(recorded: &Recorded<Self::Business>, keys: &mut Vec<String>);

    /// Remembers a fact in the document under `key`; never fails.
    fn evolve(document: &mut Self::Document, key: &str, recorded: &Recorded<Self::Business>);

    /// What lists filter and sort by.
    fn columns(document: &Self::Document) -> Columns;
}
