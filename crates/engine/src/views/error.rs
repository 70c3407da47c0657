//! What can go wrong with views: each names the file, the view, and the remedy.

use kernel::Position;
use std::path::PathBuf;

/// Of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a view cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file's pages are damaged.
    #[error(
        "{file} is damaged ({what}): start again, and the views are built from the journal; should it stay, delete the file"
    )]
    Damaged {
        /// Which file.
        file: PathBuf,
        /// What the store says.
        what: String,
    },
    /// The machine went down while it was written.
    #[error("the machine went down while {file} was written: it is built again")]
    Interrupted {
        /// Which file.
        file: PathBuf,
    },
    /// Written by another release.
    #[error("{file} has format {found}, this release has {known}: it is built again")]
    OtherFormat {
        /// Which file.
        file: PathBuf,
        /// Its format.
        found: i64,
        /// The format of this release.
        known: i64,
    },
    /// No room on the disk; the journal is safe.
    #[error("no room left on the disk of {file}: free some space and start again; nothing is lost")]
    DiskFull {
        /// Which file grew.
        file: PathBuf,
    },
    /// The file cannot be written.
    #[error("{file} cannot be written: give this user write permission, or name another folder")]
    ReadOnly {
        /// Which.
        file: PathBuf,
    },
    /// Anything else that the store says.
    #[error("{file}: {source}: start again; should it stay, stop, delete the file and start")]
    Store {
        /// Which file.
        file: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// The operating system says no.
    #[error("{file}: {source}: make the file accessible, or delete it and start again")]
    Io {
        /// Which file.
        file: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
    /// A stored document is none of this view.
    #[error(
        "{file}: the document {key:?} of view {view} cannot be read ({what}): run `cartage views rebuild {view}`"
    )]
    BadDocument {
        /// Which file.
        file: PathBuf,
        /// Whose document.
        view: &'static str,
        /// Under which key.
        key: String,
        /// What does not fit.
        what: String,
    },
    /// The view folds to something that cannot be stored.
    #[error(
        "view {view} makes a document {key:?} that cannot be stored ({what}): correct the view, then run `cartage views rebuild {view}`"
    )]
    Unstorable {
        /// Whose document.
        view: &'static str,
        /// Under which key.
        key: String,
        /// What does not fit.
        what: String,
    },
    /// There is no table yet, or only one of another shape.
    #[error(
        "{file}: view {view} is still being built: try again in a while; should it stay so, see the alarms and run `cartage views rebuild {view}`"
    )]
    NotBuilt {
        /// Which file.
        file: PathBuf,
        /// Which view.
        view: &'static str,
    },
    /// No view has this name.
    #[error("there is no view {name:?}: there are {known}")]
    UnknownView {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// A list was to be filtered or sorted by what is no column.
    #[error("view {view} has no column {column:?}: it has {known}")]
    UnknownColumn {
        /// Which view.
        view: &'static str,
        /// What was asked for.
        column: String,
        /// What there is.
        known: String,
    },
    /// A cursor that does not belong to this list.
    #[error("this cursor continues no list of view {view} in this order: begin at the first page")]
    BadCursor {
        /// Which view.
        view: &'static str,
    },
    /// The journal ends before the position up to which a view shall be folded.
    #[error("the journal has no fact after position {after}: run `cartage journal verify`")]
    NoFact {
        /// The last one that was found.
        after: Position,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

impl Error {
    /// What SQLite says of a file, sorted by remedy.
    pub(super) fn of_sqlite(file: &std::path::Path, source: rusqlite::Error) -> Error {
        use rusqlite::ErrorCode::{CannotOpen, DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly};
        let file = file.to_owned();
        match source.sqlite_error_code() {
            Some(DatabaseCorrupt | NotADatabase) => {
                Error::Damaged { file, what: source.to_string() }
            }
            Some(DiskFull) => Error::DiskFull { file },
            Some(ReadOnly | CannotOpen) => Error::ReadOnly { file },
            _ => Error::Store { file, source },
        }
    }
}
