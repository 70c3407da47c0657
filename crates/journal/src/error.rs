//! What can go wrong with a journal: each names the file, what is wrong, and the remedy.

use std::path::PathBuf;

/// Of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a journal cannot be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another program has the folder.
    #[error("{folder} is in use by another program: stop it, or name another folder")]
    InUse {
        /// The data folder.
        folder: PathBuf,
    },
    /// Nothing is there to be read.
    #[error("there is no {path}: name the folder of a journal with --data")]
    NoJournal {
        /// The file that is missing.
        path: PathBuf,
    },
    /// Something is there already that must not be overwritten.
    #[error("{path} is there already, and a backup overwrites nothing: name an empty folder")]
    Exists {
        /// Which file.
        path: PathBuf,
    },
    /// The folder or a file in it cannot be written.
    #[error("{path} cannot be written: give this user write permission, or name another folder")]
    ReadOnly {
        /// Which.
        path: PathBuf,
    },
    /// No room on the disk; what was acknowledged is safe.
    #[error(
        "no room left on the disk of {path}: free some space and start again; nothing that was acknowledged is lost"
    )]
    DiskFull {
        /// Which file grew.
        path: PathBuf,
    },
    /// Written by a newer release.
    #[error("{path} has format {found}, this release knows up to {known}: use the newer release")]
    NewerFormat {
        /// Which file.
        path: PathBuf,
        /// Its format.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// The store stays without its write-ahead log.
    #[error(
        "{path} stays in the mode {mode:?} and cannot have a write-ahead log: the disk failed, or is one of the network; start again, on a disk of this machine"
    )]
    NoLog {
        /// Which file.
        path: PathBuf,
        /// The mode that it has.
        mode: String,
    },
    /// The file's pages are damaged.
    #[error(
        "{path} is damaged ({what}): restore the last backup; `cartage journal verify` says how far it is sound"
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What the store says.
        what: String,
    },
    /// A block does not follow the one before it, or its checksum is wrong.
    #[error(
        "the chain of blocks is broken at position {position} ({what}): restore the last backup; blocks before it are sound"
    )]
    BrokenChain {
        /// First position of the block.
        position: u64,
        /// What does not fit.
        what: String,
    },
    /// Everything up to a position is sound; then something is not.
    #[error("sound up to position {position}, then: {source}")]
    SoundUpTo {
        /// The last position that is.
        position: u64,
        /// What is wrong after it.
        source: Box<Error>,
    },
    /// A block that was handed in out of its turn; nothing was stored.
    #[error(
        "a block from position {first} on does not follow position {last}: nothing was stored; start again, which reads the journal anew"
    )]
    OutOfTurn {
        /// First position of the block.
        first: u64,
        /// Where the journal ends.
        last: u64,
    },
    /// A fact that no block can hold; nothing was stored.
    #[error(
        "the fact for position {position} has {bytes} bytes, more than a block can hold ({most}): nothing was stored; ask for less at once"
    )]
    TooLarge {
        /// The position that it was to have.
        position: u64,
        /// Its size as a line.
        bytes: usize,
        /// The largest line.
        most: usize,
    },
    /// A line that is no fact of this business.
    #[error("a line is no fact of this program: {0}")]
    NotAFact(String),
    /// Anything else that the store says.
    #[error("{path}: {source}")]
    Store {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// The operating system says no.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: std::io::Error,
    },
    /// A fault that a simulation asked for.
    #[error("a planted fault: {0}")]
    Planted(&'static str),
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Error {
        Error::NotAFact(error.to_string())
    }
}

impl Error {
    /// What SQLite says of a file, sorted by remedy.
    pub(crate) fn of_sqlite(path: &std::path::Path, source: rusqlite::Error) -> Error {
        use rusqlite::Error::{
            FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType,
            QueryReturnedNoRows,
        };
        use rusqlite::ErrorCode::{CannotOpen, DatabaseCorrupt, DiskFull, NotADatabase, ReadOnly};
        let path = path.to_owned();
        // A row that is missing, or is not what was written there, is damage as well.
        if let FromSqlConversionFailure(..)
        | IntegralValueOutOfRange(..)
        | InvalidColumnType(..)
        | QueryReturnedNoRows = source
        {
            return Error::Damaged { path, what: source.to_string() };
        }
        match source.sqlite_error_code() {
            Some(CannotOpen) if !path.exists() => Error::NoJournal { path },
            Some(DatabaseCorrupt | NotADatabase) => {
                Error::Damaged { path, what: source.to_string() }
            }
            Some(DiskFull) => Error::DiskFull { path },
            Some(ReadOnly) => Error::ReadOnly { path },
            _ => Error::Store { path, source },
        }
    }

    pub(crate) fn of_io(path: &std::path::Path, source: std::io::Error) -> Error {
        use std::io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};
        let path = path.to_owned();
        match source.kind() {
            StorageFull => Error::DiskFull { path },
            PermissionDenied | ReadOnlyFilesystem => Error::ReadOnly { path },
            _ => Error::Io { path, source },
        }
    }
}
