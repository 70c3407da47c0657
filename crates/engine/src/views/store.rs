//! `views.db`: one file for all views, deleted and built again whenever it is not as it should be.

use super::{
    Error, Reader, Result,
    fresh::Fresh,
    mark::{Mark, beside},
    table::{Entry, Table},
    texts::Texts,
};
use rusqlite::{Connection, OpenFlags, config::DbConfig};
use std::{
    collections::HashSet,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The form of `views.db`.
const FORMAT: i64 = 2;
/// A file that turned out to be damaged: the next opening deletes it.
const CONDEMNED: i64 = -1;
const BUSY: Duration = Duration::from_secs(10);

/// Where documents lie; cheap to clone.
#[derive(Clone)]
pub struct Store {
    writer: Arc<Mutex<Connection>>,
    file: Arc<Marked>,
    reader: Reader,
    texts: Arc<Texts>,
    fresh: Fresh,
    rebuilt: Option<String>,
}

/// A file that is being written as long as this is there.
struct Marked {
    path: PathBuf,
    mark: Option<Mark>,
}

impl Drop for Marked {
    fn drop(&mut self) {
        let synced = |path: &Path| -> io::Result<()> {
            for end in ["", "-wal"] {
                match File::open(beside(path, end)) {
                    Ok(file) => file.sync_all()?,
                    Err(error) if end == "-wal" && error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        if let Some(mark) = self.mark.take()
            && synced(&self.path).is_ok()
        {
            // One that stays has the views built again after the next start of the machine.
            let _ = mark.take_away();
        }
    }
}

impl Store {
    /// Opens the file; what is missing, damaged or of another format is made again, empty.
    ///
    /// # Errors
    /// When it cannot be made or written.
    pub fn open(file: &Path) -> Result<Store> {
        let ((connection, mark), rebuilt) = match open(file) {
            Ok(opened) => (opened, None),
            Err(
                why @ (Error::Damaged { .. }
                | Error::OtherFormat { .. }
                | Error::Interrupted { .. }),
            ) => {
                delete(file)?;
                (open(file)?, Some(why.to_string()))
            }
            Err(why) => return Err(why),
        };
        let (texts, fresh) = (Arc::new(Texts::default()), Fresh::default());
        let reader = Reader::of_file(file, Some(texts.clone()), fresh.clone());
        let writer = Arc::new(Mutex::new(connection));
        let file = Arc::new(Marked { path: file.to_owned(), mark });
        Ok(Store { writer, file, reader, texts, fresh, rebuilt })
    }

    /// A store in memory, for tests and simulations; it outlives whoever works with a clone of it.
    ///
    /// # Errors
    /// When there is no memory.
    pub fn in_memory() -> Result<Store> {
        let file = Path::new(":memory:");
        let connection = Connection::open_in_memory()
            .and_then(|connection| make(&connection).map(|()| connection))
            .map_err(|error| Error::of_sqlite(file, error))?;
        connection.set_prepared_statement_cache_capacity(256);
        let writer = Arc::new(Mutex::new(connection));
        let fresh = Fresh::default();
        let reader = Reader::of_memory(writer.clone(), fresh.clone());
        let file = Arc::new(Marked { path: file.to_owned(), mark: None });
        let texts = Arc::default();
        Ok(Store { writer, file, reader, texts, fresh, rebuilt: None })
    }

    /// Reads what was folded here, written or not.
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Why the file that was found had to be thrown away, if it had to.
    pub fn rebuilt(&self) -> Option<&str> {
        self.rebuilt.as_deref()
    }

    pub(super) fn file(&self) -> &Path {
        &self.file.path
    }

    pub(super) fn connection(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was folded and is not in the file yet.
    pub(super) fn fresh(&self) -> &Fresh {
        &self.fresh
    }

    /// What those who read have kept.
    pub(super) fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Runs SQL; a damaged file is marked, so that the next opening deletes it.
    pub(super) fn write<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let connection = self.connection();
        let done = connection.unchecked_transaction().map_err(|error| self.failed(error)).and_then(
            |transaction| {
                let done = job(&transaction)?;
                transaction.commit().map_err(|error| self.failed(error))?;
                Ok(done)
            },
        );
        if matches!(done, Err(Error::Damaged { .. })) {
            // If even this cannot be written, the next opening will see for itself.
            let _ = connection.pragma_update(None, "user_version", CONDEMNED);
        }
        done
    }

    /// A document as it is in the file, while others may be writing there.
    pub(super) fn load(&self, table: &Table, key: &str) -> Result<Option<Arc<str>>> {
        self.reader
            .lend(|connection| table.load(connection, key).map_err(|error| self.failed(error)))
    }

    pub(super) fn failed(&self, error: rusqlite::Error) -> Error {
        Error::of_sqlite(&self.file.path, error)
    }

    /// What is known of the views; tables that belong to none are dropped.
    pub(super) fn entries(&self) -> Result<Vec<Entry>> {
        self.write(|connection| {
            let listed = || {
                let entries = entries(connection)?;
                let kept: HashSet<String> = entries.iter().map(Entry::table).collect();
                for table in tables(connection)? {
                    if !kept.contains(&table) {
                        drop_table(connection, &table)?;
                    }
                }
                Ok(entries)
            };
            listed().map_err(|error| self.failed(error))
        })
    }

    /// Forgets a view.
    pub(super) fn remove(&self, entry: &Entry) -> Result<()> {
        self.write(|connection| {
            connection
                .execute("DELETE FROM views WHERE name = ?", [&entry.name])
                .and_then(|_| drop_table(connection, &entry.table()))
                .map_err(|error| self.failed(error))
        })
    }

    /// Drops a table that no reader has heard of, or is to hear of again.
    pub(super) fn drop_table(&self, table: &Table) -> Result<()> {
        self.write(|connection| {
            drop_table(connection, &table.name).map_err(|error| self.failed(error))
        })
    }

    /// From now on a view is this table, and what it was before is gone; in one transaction.
    pub(super) fn swap(&self, entry: &Entry, before: Option<&str>) -> Result<()> {
        let swapped = self.write(|connection| {
            let swapped = entry.save(connection).and_then(|()| match before {
                Some(table) => drop_table(connection, table),
                None => Ok(()),
            });
            swapped.map_err(|error| self.failed(error))
        });
        self.texts.forget_all();
        swapped
    }
}

/// A reading connection of its own.
pub(super) fn open_to_read(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(128);
    // Kibibytes: the inner pages of what is asked for all the time.
    connection.pragma_update(None, "cache_size", -4096)?;
    // Statements keep their plans: otherwise a range query is prepared anew for each new bound.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn open(file: &Path) -> Result<(Connection, Option<Mark>)> {
    let failed = |error| Error::of_sqlite(file, error);
    let mark = Mark::set(file)?;
    let connection = Connection::open(file).map_err(failed)?;
    prepare(&connection, mark.is_some()).map_err(failed)?;
    let found: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    let empty = tables_of_any_kind(&connection).map_err(failed)? == 0;
    if found == 0 && empty {
        make(&connection).map_err(failed)?;
    } else if found != FORMAT {
        return Err(Error::OtherFormat { file: file.to_owned(), found, known: FORMAT });
    }
    look_over(&connection).map_err(|error| match Error::of_sqlite(file, error) {
        // Tables that are not as this program makes them are damage, too.
        Error::Store { file, source } => Error::Damaged { file, what: source.to_string() },
        other => other,
    })?;
    Ok((connection, mark))
}

fn prepare(connection: &Connection, is_marked: bool) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    // A sync of this file would hold up those of the journal, for as long as it has much to write.
    let synchronous = if is_marked { "OFF" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024)?;
    // Kibibytes: what is being folded stays in memory.
    connection.pragma_update(None, "cache_size", -32_768)?;
    connection.set_prepared_statement_cache_capacity(256);
    Ok(())
}

fn make(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         CREATE TABLE views (
             name     TEXT PRIMARY KEY,
             shape    INTEGER NOT NULL,
             number   INTEGER NOT NULL,
             position INTEGER NOT NULL,
             print    INTEGER NOT NULL
         ) STRICT;
         PRAGMA user_version = {FORMAT};
         COMMIT;"
    ))
}

/// Touches each table; damage further inside shows when it is met.
fn look_over(connection: &Connection) -> rusqlite::Result<()> {
    for entry in entries(connection)? {
        let look = format!("SELECT max(key) FROM \"{}\"", entry.table());
        connection.query_row(&look, [], |_| Ok(()))?;
    }
    Ok(())
}

fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut all =
        connection.prepare(&format!("SELECT {} FROM views ORDER BY name", Entry::COLUMNS))?;
    all.query_map([], Entry::of)?.collect()
}

fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut all = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%@%'")?;
    all.query_map([], |row| row.get(0))?.collect()
}

fn tables_of_any_kind(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
}

fn drop_table(connection: &Connection, table: &str) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("DROP TABLE IF EXISTS \"{table}\""))
}

fn delete(file: &Path) -> Result<()> {
    // The mark last: whatever interrupts this, it warns of what is left.
    for end in ["", "-wal", "-shm", "-boot"] {
        let path = beside(file, end);
        match fs::remove_file(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Error::Io { file: path, source }),
        }
    }
    Ok(())
}
