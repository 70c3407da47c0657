//! A copy of everything that cannot be made again, taken while the shop runs, and a shop out of it.
//!
//! A backup is a folder with `journal.db` (facts, and the vault), `letters.db`, the files of secrets,
//! and `MANIFEST.json`, which says what each of them has to be. What can be made again, index and
//! views, is not in it. Nobody but its owner may read it: names and addresses are in it.

mod files;

mod make;

mod forgotten;
mod restore;

pub use forgotten::read_forgotten;
pub use make::make;
pub use restore::{Restored, restore};

use crate::shop::ShopError;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use std::{io, path::PathBuf};

/// What every backup has, and is written last.
pub const MANIFEST: &str = "MANIFEST.json";
const FORMAT: u32 = 1;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The release that made it.
    pub cartage: String,
    /// When it was begun.
    pub made_at: Timestamp,
    /// The last fact in it; 0 where there is none.
    pub position: u64,
    /// When that fact happened.
    pub last_fact_at: Option<Timestamp>,
    /// Every file of it but this one.
    pub files: Vec<FileEntry>,
}

/// One file of a backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Its name in the folder.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// SHA-256, hexadecimal.
    pub sha256: String,
}

/// Why there is no backup, or no shop out of one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The journal.
    #[error(transparent)]
    Journal(#[from] journal::Error),
    /// What runs over it.
    #[error(transparent)]
    Shop(#[from] ShopError),
    /// A database beside the journal.
    #[error("{}: {source}: free disk space, look at the disk, and do it again", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The operating system says no.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// Something is there that would be overwritten or mixed with.
    #[error("{} is not empty, and nothing is overwritten: name a new folder", path.display())]
    NotEmpty {
        /// The folder.
        path: PathBuf,
    },
    /// No folder can have this name.
    #[error("{} names no new folder: write its name out", path.display())]
    NoName {
        /// As it was written.
        path: PathBuf,
    },
    /// There is no whole backup in the folder.
    #[error("{} has no {MANIFEST}: it is no backup, or one that was cut off", path.display())]
    NoManifest {
        /// The folder.
        path: PathBuf,
    },
    /// The manifest cannot be understood.
    #[error("{} cannot be read: {what}", path.display())]
    BadManifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A file is not what was written.
    #[error("{} is not what was backed up ({what}): use another backup", path.display())]
    Differs {
        /// Which file.
        path: PathBuf,
        /// In which way.
        what: String,
    },
    /// A line of the list of the forgotten names nobody.
    #[error(
        "{}: line {line} names no person: write an id, person/id, or a fact as `journal export` does",
        path.display()
    )]
    BadForgotten {
        /// The list.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
}

type Result<T> = std::result::Result<T, BackupError>;

impl BackupError {
    fn io(path: &std::path::Path) -> impl FnOnce(io::Error) -> BackupError {
        let path = path.to_owned();
        |source| BackupError::Io { path, source }
    }
}
