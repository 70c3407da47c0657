//! A data folder out of a backup: checked before and after, with the forgotten forgotten again.

use super::{
    BackupError, FORMAT, FileEntry, MANIFEST, Manifest, Result,
    files::{self, NewFolder},
    forgotten,
};
use crate::view_tools;
use engine::{Engine, Limits, Parts, SimulatedClock};
use flows::Shop;
use journal::{Journal, sqlite::Folder};
use kernel::{PersonId, Position, Timestamp};
use serde::Serialize;
use std::{collections::BTreeSet, fs, io, path::Path, sync::Arc};

/// What was restored.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Restored {
    /// The last fact.
    pub position: Position,
    /// When it happened.
    pub last_fact_at: Option<Timestamp>,
    /// Streams of facts.
    pub streams: u64,
    /// People whom the journal or the list says to be forgotten.
    pub forgotten: usize,
    /// Rows about them that were in the backup and are gone now.
    pub rows_deleted: usize,
    /// Views that were built.
    pub views: Vec<String>,
}

/// Makes a data folder, which has its name once it is whole: files compared with the manifest, the
/// chain of blocks and every fact verified, the forgotten taken out of the vault, index and views
/// built. `newer` are people who were forgotten after the backup was made.
///
/// # Errors
/// When the backup is not whole, the new folder is not empty, or something cannot be read or written.
pub fn restore(from: &Path, to: &Path, newer: &BTreeSet<PersonId>) -> Result<Restored> {
    let manifest = manifest(from)?;
    manifest.files.iter().try_for_each(|file| compare(from, file))?;
    let folder = NewFolder::begin(to)?;
    for file in &manifest.files {
        files::copy(&from.join(&file.name), &folder.path().join(&file.name))?;
        compare(folder.path(), file)?;
    }
    let (reader, _) = journal::sqlite::read(folder.path())?;
    let audit = engine::audit::<Shop>(&*reader, None)?;
    if audit.verified.facts != manifest.position {
        let what = format!("{} facts, not {}", audit.verified.facts, manifest.position);
        return Err(BackupError::Differs { path: from.join("journal.db"), what });
    }
    let mut people = forgotten::of_journal(&*reader)?;
    people.extend(newer);
    drop(reader);
    let mut files = journal::sqlite::open(folder.path())?;
    let rows_deleted = forget(&mut files, &people)?;
    build_index(files)?;
    let built = view_tools::rebuild(folder.path(), &[])?;
    folder.finish()?;
    Ok(Restored {
        position: manifest.position,
        last_fact_at: manifest.last_fact_at,
        streams: audit.verified.streams,
        forgotten: people.len(),
        rows_deleted,
        views: built.statuses.iter().map(|status| status.view.to_owned()).collect(),
    })
}

fn manifest(from: &Path) -> Result<Manifest> {
    let path = from.join(MANIFEST);
    let text = fs::read_to_string(&path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => BackupError::NoManifest { path: from.to_owned() },
        _ => BackupError::Io { path: path.clone(), source },
    })?;
    let bad = |what: String| BackupError::BadManifest { path: path.clone(), what };
    let manifest: Manifest = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    if manifest.format != FORMAT {
        return Err(bad(format!(
            "it has format {}, and this release knows {FORMAT}: use the release that made it",
            manifest.format
        )));
    }
    // A name with a folder in it would be written elsewhere.
    let strange = manifest.files.iter().find(|file| {
        Path::new(&file.name).file_name().is_none_or(|name| name != file.name.as_str())
    });
    match strange {
        Some(file) => Err(bad(format!("{:?} is no name of a file", file.name))),
        None => Ok(manifest),
    }
}

fn compare(folder: &Path, wanted: &FileEntry) -> Result<()> {
    let path = folder.join(&wanted.name);
    let found = files::entry(folder, &wanted.name)?;
    let what = if found.bytes != wanted.bytes {
        format!("{} bytes, not {}", found.bytes, wanted.bytes)
    } else if found.sha256 != wanted.sha256 {
        "another sum over as many bytes".to_owned()
    } else {
        return Ok(());
    };
    Err(BackupError::Differs { path, what })
}

fn forget(files: &mut Folder, people: &BTreeSet<PersonId>) -> Result<usize> {
    let reader = files.journal.reader()?;
    let mut rows = 0;
    for person in people {
        // Forgetting empties the log each time, which is not worth it for nothing.
        if !reader.vault_of(*person)?.is_empty() {
            rows += files.journal.forget(*person)?;
        }
    }
    Ok(rows)
}

/// An engine builds the index when it opens, and does nothing else at the time of the last fact.
fn build_index(files: Folder) -> Result<()> {
    let at = files.journal.tip().map_or(Timestamp::MIN, |tip| tip.at);
    let engine = Engine::<Shop>::start(Parts {
        journal: Box::new(files.journal),
        index: Box::new(files.index),
        clock: Arc::new(SimulatedClock::at(at)),
        // A full disk is no reason to leave a shop unrestored.
        limits: Limits { disk_reserve: 0, ..Limits::default() },
    })?;
    Ok(engine.stop()?)
}
