//! The journal on SQLite: `journal.db` holds blocks and vault, synced at every commit; `index.db`
//! follows and may be deleted; `LOCK` keeps a second program out.

mod blocks;
mod index;
mod merge;
mod runs;

use crate::{Error, IndexReader, Reader, Result};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

pub use blocks::SqliteJournal;
pub use index::SqliteIndex;

/// The form of `journal.db`.
const FORMAT: i64 = 1;

/// A data folder, opened for one program.
pub struct Folder {
    /// Blocks and vault.
    pub journal: SqliteJournal,
    /// What follows them.
    pub index: SqliteIndex,
    /// Why the index had to be thrown away, if it had to.
    pub rebuilt: Option<String>,
}

/// Opens a data folder, which is made if there is none.
///
/// # Errors
/// When it is in use, cannot be written, is damaged or was written by a newer release.
pub fn open(folder: &Path) -> Result<Folder> {
    fs::create_dir_all(folder).map_err(|error| Error::of_io(folder, error))?;
    let lock = lock(folder)?;
    let journal = SqliteJournal::open(&folder.join("journal.db"), lock.clone())?;
    let (index, rebuilt) = SqliteIndex::open(&folder.join("index.db"), lock)?;
    Ok(Folder { journal, index, rebuilt })
}

/// Readers of a folder that may be in use by another program. A backup has no index yet: then there
/// is one that knows nothing, and everything is read from the blocks.
///
/// # Errors
/// When there is no journal in it, or it cannot be read.
pub fn read(folder: &Path) -> Result<(Box<dyn Reader>, Box<dyn IndexReader>)> {
    let (journal, index) = (folder.join("journal.db"), folder.join("index.db"));
    let reader = blocks::SqliteReader::open(&journal)?;
    let index: Box<dyn IndexReader> = match index.exists() {
        true => Box::new(index::SqliteIndexReader::open_alone(&index)?),
        false => crate::Index::reader(&crate::memory::Memory::default().index())?,
    };
    Ok((Box::new(reader), index))
}

/// Copies the journal as it is at this moment, in small steps while it is written; the copy is a data
/// folder of its own. It has its name only once it is complete and its end was checked.
///
/// # Errors
/// When the source cannot be read, the target not be written, or the copy is damaged; the target must
/// not exist.
pub fn backup(folder: &Path, to: &Path) -> Result<()> {
    let (source, path) = (folder.join("journal.db"), to.join("journal.db"));
    if path.exists() {
        return Err(Error::Exists { path });
    }
    fs::create_dir_all(to).map_err(|error| Error::of_io(to, error))?;
    let partial = to.join("journal.db.partial");
    let copied = copy(&source, &partial).and_then(|()| {
        let named = fs::rename(&partial, &path).and_then(|()| File::open(to)?.sync_all());
        named.map_err(|error| Error::of_io(&path, error))
    });
    if copied.is_err() {
        // What is left of it is no backup; it is overwritten by the next attempt in any case.
        let _ = fs::remove_file(&partial);
    }
    copied
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    match fs::remove_file(to) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Error::of_io(to, error));
        }
        _ => {}
    }
    let source = read_only(from)?;
    let (unread, unwritten) =
        (|error| Error::of_sqlite(from, error), |error| Error::of_sqlite(to, error));
    // One moment for all of it: else each commit in between would begin the copy anew.
    let moment = source.unchecked_transaction().map_err(unread)?;
    moment.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(unread)?;
    let mut target = Connection::open(to).map_err(unwritten)?;
    {
        let backup = rusqlite::backup::Backup::new(&moment, &mut target).map_err(unwritten)?;
        backup.run_to_completion(4096, Duration::ZERO, None).map_err(unwritten)?;
    }
    blocks::check_tail(&target, to)?;
    target.close().map_err(|(_, error)| unwritten(error))
}

fn lock(folder: &Path) -> Result<Arc<File>> {
    let path = folder.join("LOCK");
    let file = File::options().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| Error::of_io(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Arc::new(file)),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(error)) => Err(Error::of_io(&path, error)),
    }
}

fn read_only(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let failed = |error| Error::of_sqlite(path, error);
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(Duration::from_secs(10)).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    keep_plans(&connection).map_err(failed)?;
    Ok(connection)
}

/// Gives a file its write-ahead log. Where that fails SQLite may say so only after its answer, or say no
/// more than which mode it has kept: everything would seem to go well, with other promises than those
/// that were measured.
fn keep_log(connection: &Connection, path: &Path) -> Result<()> {
    let failed = |error| Error::of_sqlite(path, error);
    let mut change = connection.prepare("PRAGMA journal_mode = WAL").map_err(failed)?;
    let modes = change.query_map([], |row| row.get(0)).map_err(failed)?;
    let modes = modes.collect::<rusqlite::Result<Vec<String>>>().map_err(failed)?;
    match modes.iter().all(|mode| mode.eq_ignore_ascii_case("wal")) {
        true => Ok(()),
        false => Err(Error::NoLog { path: path.to_owned(), mode: modes.concat() }),
    }
}

/// Statements keep their plans whatever is bound to them. Otherwise SQLite, built with STAT4 as it is
/// here, prepares a range query anew for each new bound: most of the time of a short one
/// (`SQLITE_DBCONFIG_ENABLE_QPSG`, the query planner stability guarantee).
fn keep_plans(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(drop)
}

/// Bytes of a file with its write-ahead log; 0 while there is none.
pub fn file_size(path: &Path) -> u64 {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    [path.to_owned(), PathBuf::from(log)]
        .iter()
        .map(|file| fs::metadata(file).map_or(0, |found| found.len()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_keeps_another_mode_than_a_log_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal.db");
        let file = Connection::open(&path).expect("it is made");
        keep_log(&file, &path).expect("a file can have a log");
        // What lies in memory alone keeps its mode, as a file does whose first page cannot be written.
        let memory = Connection::open_in_memory().expect("there is memory");
        let refused = keep_log(&memory, &path).expect_err("it has no log");
        assert!(matches!(&refused, Error::NoLog { mode, .. } if mode == "memory"));
        assert!(refused.to_string().contains("journal.db"), "{refused}");
    }
}
