//! `letters.db`: how far handlers have come, their letters, and what waits behind these.

use super::{Errand, Letter};
use kernel::Position;
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

const FORMAT: i64 = 1;
/// Settled letters that are kept for people to look back at.
const SETTLED: i64 = 10_000;
/// To SQLite, no limit.
const ALL: i64 = -1;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS desks (
        desk     TEXT PRIMARY KEY,
        position INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS handlers (
        desk     TEXT NOT NULL,
        handler  TEXT NOT NULL,
        began    INTEGER NOT NULL,
        PRIMARY KEY (desk, handler)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS letters (
        desk     TEXT NOT NULL,
        id       TEXT NOT NULL,
        position INTEGER NOT NULL,
        settled  INTEGER NOT NULL,
        letter   TEXT NOT NULL,
        PRIMARY KEY (desk, id)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS paused (
        desk     TEXT NOT NULL,
        handler  TEXT NOT NULL,
        PRIMARY KEY (desk, handler)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS waiting (
        desk     TEXT NOT NULL,
        handler  TEXT NOT NULL,
        position INTEGER NOT NULL,
        errand   TEXT NOT NULL,
        PRIMARY KEY (desk, handler, position)
    ) STRICT, WITHOUT ROWID;
";

/// `letters.db` could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Written by a newer program.
    #[error("{} has format {found}, and this program knows {FORMAT}: use the newer program", path.display())]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// The file cannot be read or written.
    #[error("{}: {source}; free disk space or restore the file; without it handlers go on from the journal's end", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// A row is not what was written.
    #[error("{}: {row} cannot be read: {source}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Which one.
        row: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

type Result<T> = std::result::Result<T, StoreError>;

/// The part of `letters.db` that belongs to one desk.
pub struct Store {
    connection: Connection,
    path: PathBuf,
    desk: String,
}

/// What has to be written.
pub(super) enum Change {
    Letter(Box<Letter>),
    Waits(&'static str, Box<Errand>),
    WaitsNoMore(&'static str, Position),
}

/// Everything that a desk left behind.
#[derive(Default)]
pub(super) struct Left {
    pub(super) position: Option<Position>,
    pub(super) began: Vec<(String, Position)>,
    /// Those that await a decision.
    pub(super) letters: Vec<Letter>,
    /// Settled letters after the position: not to be asked again.
    pub(super) settled: Vec<(String, Position)>,
    /// By handler and position.
    pub(super) waiting: Vec<(String, Errand)>,
    /// Handlers that make no calls until somebody lets them.
    pub(super) paused: Vec<String>,
}

impl Store {
    /// Opens or makes the file; several desks may share it.
    ///
    /// # Errors
    /// When the file is of a newer format, or cannot be used.
    pub fn open(path: &Path, desk: &str) -> Result<Store> {
        let named = |source| StoreError::Sqlite { path: path.to_owned(), source };
        Store::prepare(Connection::open(path).map_err(named)?, path, desk)
    }

    /// For tests and simulations.
    ///
    /// # Errors
    /// When SQLite has no memory.
    pub fn in_memory(desk: &str) -> Result<Store> {
        let path = Path::new(":memory:");
        let named = |source| StoreError::Sqlite { path: path.to_owned(), source };
        Store::prepare(Connection::open_in_memory().map_err(named)?, path, desk)
    }

    fn prepare(connection: Connection, path: &Path, desk: &str) -> Result<Store> {
        let store = Store { connection, path: path.to_owned(), desk: desk.to_owned() };
        let set = || -> rusqlite::Result<i64> {
            store.connection.busy_timeout(Duration::from_secs(5))?;
            store.connection.pragma_update(None, "journal_mode", "WAL")?;
            // What a power cut takes is heard again: the position goes with it.
            store.connection.pragma_update(None, "synchronous", "NORMAL")?;
            store.connection.pragma_query_value(None, "user_version", |row| row.get(0))
        };
        let found = set().map_err(|error| store.named(error))?;
        if found > FORMAT {
            return Err(StoreError::NewerFormat { path: store.path, found });
        }
        let make = format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {FORMAT}; COMMIT;");
        store.connection.execute_batch(&make).map_err(|error| store.named(error))?;
        Ok(store)
    }

    /// The newest settled letters, newest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn settled(&self, limit: usize) -> Result<Vec<Letter>> {
        let sql = "SELECT id, letter FROM letters WHERE desk = ?1 AND settled = 1
                   ORDER BY position DESC LIMIT ?2";
        let rows = self.pairs(sql, i64::try_from(limit).unwrap_or(i64::MAX))?;
        rows.into_iter().map(|(id, text)| self.parse(id, &text)).collect()
    }

    pub(super) fn read(&self) -> Result<Left> {
        let sql = "SELECT position FROM desks WHERE desk = ?1";
        let position = self.connection.query_row(sql, [&self.desk], |row| row.get::<_, i64>(0));
        let position = position.optional().map_err(|error| self.named(error))?.map(unsigned);
        let low = position.map_or(0, signed);
        let places = |sql, after: i64| -> Result<Vec<(String, Position)>> {
            let read = || -> rusqlite::Result<Vec<_>> {
                let mut rows = self.connection.prepare(sql)?;
                let rows = rows.query_map(params![self.desk, after], |row| {
                    Ok((row.get(0)?, unsigned(row.get(1)?)))
                })?;
                rows.collect()
            };
            read().map_err(|error| self.named(error))
        };
        let letters = "SELECT id, letter FROM letters
                       WHERE desk = ?1 AND settled = 0 ORDER BY position LIMIT ?2";
        let waiting = "SELECT handler, errand FROM waiting
                       WHERE desk = ?1 ORDER BY position LIMIT ?2";
        let letters = self.pairs(letters, ALL)?.into_iter();
        let waiting = self.pairs(waiting, ALL)?.into_iter();
        let began = "SELECT handler, began FROM handlers WHERE desk = ?1 AND began > ?2";
        Ok(Left {
            position,
            began: places(began, -1)?,
            letters: letters.map(|(id, text)| self.parse(id, &text)).collect::<Result<_>>()?,
            settled: places(
                "SELECT letter ->> '$.handler', position FROM letters
                 WHERE desk = ?1 AND settled = 1 AND position > ?2",
                low,
            )?,
            waiting: waiting
                .map(|(handler, text)| Ok((handler.clone(), self.parse(handler, &text)?)))
                .collect::<Result<_>>()?,
            paused: self.paused()?,
        })
    }

    /// A handler that is new begins here.
    pub(super) fn begin(&mut self, handler: &str, began: Position) -> Result<()> {
        let sql = "INSERT OR IGNORE INTO handlers VALUES (?1, ?2, ?3)";
        let done = self.connection.execute(sql, params![self.desk, handler, signed(began)]);
        done.map(|_| ()).map_err(|error| self.named(error))
    }

    /// From now on a handler makes no calls, or does again; survives a restart.
    pub(super) fn set_paused(&mut self, handler: &str, paused: bool) -> Result<()> {
        let sql = match paused {
            true => "INSERT OR IGNORE INTO paused VALUES (?1, ?2)",
            false => "DELETE FROM paused WHERE desk = ?1 AND handler = ?2",
        };
        let done = self.connection.execute(sql, params![self.desk, handler]);
        done.map(|_| ()).map_err(|error| self.named(error))
    }

    fn paused(&self) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut rows = self.connection.prepare("SELECT handler FROM paused WHERE desk = ?1")?;
            let rows = rows.query_map([&self.desk], |row| row.get(0))?;
            rows.collect()
        };
        read().map_err(|error| self.named(error))
    }

    /// Position and changes, all or nothing.
    pub(super) fn write(&mut self, position: Position, changes: &[Change]) -> Result<()> {
        let done = self.try_write(position, changes);
        done.map_err(|error| self.named(error))
    }

    fn try_write(&mut self, position: Position, changes: &[Change]) -> rusqlite::Result<()> {
        let desk = &self.desk;
        let transaction = self.connection.transaction()?;
        for change in changes {
            match change {
                Change::Letter(letter) => {
                    let sql = "INSERT INTO letters VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT
                               DO UPDATE SET settled = excluded.settled, letter = excluded.letter";
                    let position = signed(letter.errand.position);
                    let settled = letter.state.is_settled();
                    let mut keep = transaction.prepare_cached(sql)?;
                    keep.execute(params![desk, letter.id, position, settled, text(letter)])?;
                }
                Change::Waits(handler, errand) => {
                    let sql = "INSERT OR REPLACE INTO waiting VALUES (?1, ?2, ?3, ?4)";
                    let position = signed(errand.position);
                    let mut keep = transaction.prepare_cached(sql)?;
                    keep.execute(params![desk, handler, position, text(errand)])?;
                }
                Change::WaitsNoMore(handler, position) => {
                    let sql =
                        "DELETE FROM waiting WHERE desk = ?1 AND handler = ?2 AND position = ?3";
                    let mut forget = transaction.prepare_cached(sql)?;
                    forget.execute(params![desk, handler, signed(*position)])?;
                }
            }
        }
        let sql = "INSERT INTO desks VALUES (?1, ?2)
                   ON CONFLICT DO UPDATE SET position = excluded.position";
        transaction.prepare_cached(sql)?.execute(params![desk, signed(position)])?;
        transaction.commit()
    }

    /// Forgets settled letters of long ago.
    pub(super) fn tidy(&mut self, position: Position) -> Result<()> {
        let sql = "DELETE FROM letters WHERE desk = ?1 AND settled = 1 AND position <= ?2
                   AND rowid NOT IN (SELECT rowid FROM letters WHERE desk = ?1 AND settled = 1
                                     ORDER BY position DESC LIMIT ?3)";
        let done = self.connection.execute(sql, params![self.desk, signed(position), SETTLED]);
        done.map(|_| ()).map_err(|error| self.named(error))
    }

    fn pairs(&self, sql: &str, limit: i64) -> Result<Vec<(String, String)>> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut rows = self.connection.prepare(sql)?;
            let rows =
                rows.query_map(params![self.desk, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        };
        read().map_err(|error| self.named(error))
    }

    fn parse<T: serde::de::DeserializeOwned>(&self, row: String, text: &str) -> Result<T> {
        serde_json::from_str(text).map_err(|source| StoreError::Row {
            path: self.path.clone(),
            row,
            source,
        })
    }

    fn named(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Sqlite { path: self.path.clone(), source }
    }
}

fn text(kept: &impl serde::Serialize) -> String {
    serde_json::to_string(kept).expect("letters and errands are plain data")
}

fn signed(position: Position) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

fn unsigned(position: i64) -> Position {
    Position::try_from(position).unwrap_or(0)
}
