//! Dead letters in people's hands, on the command line: those of a running shop over its HTTP API,
//! those of a stopped one in its folder. A folder has one owner, so it is never both.
//!
//! Both show a letter as the API does: `{"id": "pay:4711", "handler", "position", "key", "request",
//! "reason", "state", "attempts", "since", "notes"}`. People may write its id with a slash as well.

mod folder;
mod over_http;

pub use folder::FolderLetters;
pub use over_http::ShopLetters;

use crate::shop::ShopError;
use engine::handlers::{LetterError, StoreError};
use serde_json::Value as Json;

/// Whoever keeps the letters.
pub enum Letters {
    /// A folder in which no program is at work.
    Folder(Box<FolderLetters>),
    /// A running shop.
    Shop(ShopLetters),
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// The folder.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// The folder belongs to a running program.
    #[error(
        "{0}: a running shop is asked over HTTP: add --url http://localhost:7070, and its key in CARTAGE_STAFF_KEY"
    )]
    Running(journal::Error),
    /// The letter.
    #[error(transparent)]
    Letter(#[from] LetterError),
    /// No answer that could be used.
    #[error("{url}: {what}")]
    NoAnswer {
        /// What was asked.
        url: String,
        /// What came of it, and what to do.
        what: String,
    },
    /// The shop said no.
    #[error("the shop refuses ({status}): {what}")]
    Refused {
        /// Of HTTP.
        status: u16,
        /// Its code and its words.
        what: String,
    },
}

impl From<StoreError> for LettersError {
    fn from(error: StoreError) -> LettersError {
        LettersError::Shop(error.into())
    }
}

impl From<journal::Error> for LettersError {
    fn from(error: journal::Error) -> LettersError {
        match error {
            journal::Error::InUse { .. } => LettersError::Running(error),
            error => LettersError::Shop(error.into()),
        }
    }
}

type Result<T> = std::result::Result<T, LettersError>;

impl Letters {
    /// Those that await a decision, oldest first; with those that are settled, if asked for.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn list(&self, settled: bool) -> Result<Vec<Json>> {
        match self {
            Letters::Folder(letters) => letters.list(settled),
            Letters::Shop(letters) => letters.list(settled),
        }
    }

    /// One of them, with its whole history.
    ///
    /// # Errors
    /// When there is none of this id.
    pub fn show(&self, id: &str) -> Result<Json> {
        match self {
            Letters::Folder(letters) => letters.show(id),
            Letters::Shop(letters) => letters.show(id),
        }
    }

    /// What retrying or dropping it would do.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn preview(&self, id: &str) -> Result<Json> {
        match self {
            Letters::Folder(letters) => letters.preview(id),
            Letters::Shop(letters) => letters.preview(id),
        }
    }

    /// Tries it again: at once in a running shop, else when it starts.
    ///
    /// # Errors
    /// When no such letter awaits a decision, or an earlier one has the same key.
    pub fn retry(&mut self, id: &str) -> Result<()> {
        match self {
            Letters::Folder(letters) => letters.retry(id),
            Letters::Shop(letters) => letters.retry(id),
        }
    }

    /// Changes what is asked for, and says why.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn edit(&mut self, id: &str, request: Json, why: &str) -> Result<()> {
        match self {
            Letters::Folder(letters) => letters.edit(id, request, why),
            Letters::Shop(letters) => letters.edit(id, &request, why),
        }
    }

    /// Gives it up, and says why: its story is told.
    ///
    /// # Errors
    /// When no such letter awaits a decision.
    pub fn drop_letter(&mut self, id: &str, why: &str) -> Result<()> {
        match self {
            Letters::Folder(letters) => letters.drop_letter(id, why),
            Letters::Shop(letters) => letters.drop_letter(id, why),
        }
    }
}
