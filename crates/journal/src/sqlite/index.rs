//! `index.db`: places, snapshots and timers; lost, damaged or outdated it is made again.

use super::{
    read_only,
    runs::{self, Runs},
};
use crate::{
    Checkpoint, Error, Index, IndexReader, Key, Mark, Result, Snapshot, TimerChange,
    block::decompress,
};
use kernel::{Position, Timestamp};
use rusqlite::{Connection, OptionalExtension, Transaction, params};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::Arc,
};
use zstd::bulk::Compressor;

/// The form of `index.db`; any other is thrown away.
const FORMAT: i64 = 3;

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS mark (
        one      INTEGER PRIMARY KEY CHECK (one = 1),
        position INTEGER NOT NULL,
        sum      INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS snapshots (
        id       INTEGER PRIMARY KEY,
        stream   TEXT NOT NULL,
        position INTEGER NOT NULL,
        number   INTEGER NOT NULL,
        version  INTEGER NOT NULL,
        heard    INTEGER NOT NULL,
        block    INTEGER NOT NULL,
        state    BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX IF NOT EXISTS snapshots_stream ON snapshots (stream, position);
    CREATE TABLE IF NOT EXISTS timers (
        at       INTEGER NOT NULL,
        process  TEXT NOT NULL,
        name     TEXT NOT NULL,
        PRIMARY KEY (at, process, name)
    ) STRICT, WITHOUT ROWID;
";

/// Ends the name of the note that damage was met.
const DAMAGED: &str = "-damaged";
const LEVEL: i32 = 1;
const STATE_MAX: usize = 256 * 1024 * 1024;

/// How often a reader may find that another program has merged what it was looking at.
const RELOADS: u32 = 5;

/// The writing end of `index.db`.
pub struct SqliteIndex {
    connection: Connection,
    path: PathBuf,
    runs: Runs,
    compressor: Compressor<'static>,
    /// Held until the journal and this have both ended.
    _lock: Arc<File>,
}

impl SqliteIndex {
    /// Says why an index that was there had to be thrown away.
    pub(super) fn open(path: &Path, lock: Arc<File>) -> Result<(SqliteIndex, Option<String>)> {
        match SqliteIndex::open_as_is(path, lock.clone()) {
            Ok(index) => Ok((index, None)),
            Err(reason) => {
                // The note goes last: until then a stop in between finds it and begins again.
                for end in ["", "-wal", "-shm", DAMAGED] {
                    match fs::remove_file(beside(path, end)) {
                        Err(error) if error.kind() != ErrorKind::NotFound => {
                            return Err(Error::of_io(path, error));
                        }
                        _ => {}
                    }
                }
                Ok((SqliteIndex::open_as_is(path, lock)?, Some(reason.to_string())))
            }
        }
    }

    fn open_as_is(path: &Path, lock: Arc<File>) -> Result<SqliteIndex> {
        let read = |error| Error::of_sqlite(path, error);
        if beside(path, DAMAGED).exists() {
            let what = "damage was found while it was in use".to_owned();
            return Err(Error::Damaged { path: path.to_owned(), what });
        }
        let connection = prepare(path)?;
        let found: i64 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(read)?;
        if found != 0 && found != FORMAT {
            let path = path.to_owned();
            return Err(Error::NewerFormat { path, found, known: FORMAT });
        }
        let make = format!(
            "BEGIN IMMEDIATE; {TABLES} {} PRAGMA user_version = {FORMAT}; COMMIT;",
            runs::TABLES
        );
        connection.execute_batch(&make).map_err(read)?;
        let runs = Runs::load(&connection).map_err(read)?;
        let compressor = Compressor::new(LEVEL).expect("zstd has this level");
        Ok(SqliteIndex { connection, path: path.to_owned(), runs, compressor, _lock: lock })
    }

    fn store(&mut self, checkpoint: &Checkpoint) -> rusqlite::Result<runs::Added> {
        let transaction = self.connection.transaction()?;
        let mark = checkpoint.mark;
        let added = self.runs.add(&transaction, checkpoint.places.clone(), mark)?;
        for snapshot in &checkpoint.snapshots {
            keep(&transaction, snapshot, &mut self.compressor)?;
        }
        move_timers(&transaction, &checkpoint.timers)?;
        transaction
            .prepare_cached("INSERT OR REPLACE INTO mark VALUES (1, ?, ?)")?
            .execute(params![mark.position as i64, mark.sum])?;
        transaction.commit()?;
        Ok(added)
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut file = path.as_os_str().to_owned();
    file.push(end);
    file.into()
}

/// Damage met by the owner of the folder is noted beside the file, so that the next start makes the
/// index again and does not fail in the same way.
fn failed(path: &Path, error: rusqlite::Error) -> Error {
    let error = Error::of_sqlite(path, error);
    if matches!(error, Error::Damaged { .. }) {
        // Where even this cannot be written, the error itself says what to do.
        let _ = fs::write(beside(path, DAMAGED), error.to_string());
    }
    error
}

fn prepare(path: &Path) -> Result<Connection> {
    let failed = |error| Error::of_sqlite(path, error);
    let connection = Connection::open(path).map_err(failed)?;
    connection.pragma_update(None, "page_size", 8192).map_err(failed)?;
    super::keep_log(&connection, path)?;
    set(&connection).map_err(failed)?;
    Ok(connection)
}

fn set(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    // Seldom: while it is brought home, commits of the journal wait for the same disk.
    connection.pragma_update(None, "wal_autocheckpoint", 4000)?;
    connection.pragma_update(None, "journal_size_limit", 32 * 1024 * 1024)?;
    connection.set_prepared_statement_cache_capacity(64);
    super::keep_plans(connection)
}

/// Adds a snapshot; of earlier ones those stay whose number is divisible by a power of two that is
/// the larger the older they are, so that about two per doubling of age are kept.
fn keep(
    transaction: &Transaction<'_>,
    snapshot: &Snapshot,
    compressor: &mut Compressor<'_>,
) -> rusqlite::Result<()> {
    let Snapshot { stream, position, version, heard, block, state } = snapshot;
    let mut find = transaction
        .prepare_cached("SELECT id, number FROM snapshots WHERE stream = ? ORDER BY position")?;
    let known = find.query_map([stream], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let known = known.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
    let number = known.last().map_or(1, |(_, number)| number + 1);
    let mut forget = transaction.prepare_cached("DELETE FROM snapshots WHERE id = ?")?;
    for (id, old) in known {
        let power = old & -old;
        if number - old >= 2 * power {
            forget.execute([id])?;
        }
    }
    let state = compressor
        .compress(state.as_bytes())
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO snapshots (stream, position, number, version, heard, block, state)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            stream,
            *position as i64,
            number,
            *version as i64,
            *heard as i64,
            *block as i64,
            state
        ])?;
    Ok(())
}

/// Only what becomes of each timer: most are set and forgotten between two checkpoints.
fn move_timers(transaction: &Transaction<'_>, changes: &[TimerChange]) -> rusqlite::Result<()> {
    let mut last: BTreeMap<(i64, &str, &str), bool> = BTreeMap::new();
    for TimerChange { at, process, name, set } in changes {
        last.insert((at.micros(), process, name), *set);
    }
    let mut add = transaction.prepare_cached("INSERT OR IGNORE INTO timers VALUES (?, ?, ?)")?;
    let mut delete = transaction
        .prepare_cached("DELETE FROM timers WHERE at = ? AND process = ? AND name = ?")?;
    for (timer, set) in last {
        match set {
            true => add.execute(timer)?,
            false => delete.execute(timer)?,
        };
    }
    Ok(())
}

impl Index for SqliteIndex {
    fn write(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        let stored = self.store(checkpoint);
        self.runs.publish(stored.map_err(|error| failed(&self.path, error))?);
        Ok(())
    }

    fn mark(&self) -> Option<Mark> {
        self.runs.mark()
    }

    fn reset(&mut self) -> Result<()> {
        let delete = "BEGIN IMMEDIATE; DELETE FROM mark; DELETE FROM snapshots; DELETE FROM timers;
            DELETE FROM runs; DELETE FROM pages; COMMIT;";
        // Forgotten first, so that no reader looks for pages that have gone.
        self.runs.clear();
        let deleted = self.connection.execute_batch(delete);
        deleted.map_err(|error| failed(&self.path, error))
    }

    fn reader(&self) -> Result<Box<dyn IndexReader>> {
        SqliteIndexReader::open(&self.path, self.runs.clone()).map(|reader| Box::new(reader) as _)
    }
}

pub(super) struct SqliteIndexReader {
    connection: Connection,
    path: PathBuf,
    runs: Runs,
    owner: Owner,
}

/// Whose index it is.
#[derive(Clone, Copy, PartialEq)]
enum Owner {
    /// This program's, whose writer tells of every change.
    Here,
    /// Perhaps another program's, which merges runs as it pleases.
    Elsewhere,
}

impl SqliteIndexReader {
    fn open(path: &Path, runs: Runs) -> Result<SqliteIndexReader> {
        let owner = Owner::Here;
        Ok(SqliteIndexReader { connection: read_only(path)?, path: path.to_owned(), runs, owner })
    }

    /// For a program that does not own the folder: knows mark and runs of this moment.
    pub(super) fn open_alone(path: &Path) -> Result<SqliteIndexReader> {
        let connection = read_only(path)?;
        let runs = Runs::load(&connection).map_err(|error| Error::of_sqlite(path, error))?;
        let owner = Owner::Elsewhere;
        Ok(SqliteIndexReader { connection, path: path.to_owned(), runs, owner })
    }

    fn failed(&self, error: rusqlite::Error) -> Error {
        match self.owner {
            Owner::Here => failed(&self.path, error),
            Owner::Elsewhere => Error::of_sqlite(&self.path, error),
        }
    }

    fn find_places(&self, key: Key, from: Position) -> rusqlite::Result<Vec<Position>> {
        for _ in 0..RELOADS {
            if let Some(places) = self.runs.places(&self.connection, key, from)? {
                return Ok(places);
            }
            if self.owner == Owner::Here {
                break;
            }
            self.runs.reload(&self.connection)?;
        }
        // A page that nobody has merged is missing.
        Err(rusqlite::Error::QueryReturnedNoRows)
    }

    fn find_snapshot(&self, stream: &str, until: i64) -> rusqlite::Result<Option<Snapshot>> {
        let newest = "SELECT position, version, heard, block, state FROM snapshots
            WHERE stream = ? AND position <= ? ORDER BY position DESC LIMIT 1";
        let number = |number: i64| number.cast_unsigned();
        self.connection
            .prepare_cached(newest)?
            .query_row(params![stream, until], |row| {
                let packed = row.get_ref(4)?.as_blob()?;
                let state = unpack(packed).map_err(|error| {
                    let blob = rusqlite::types::Type::Blob;
                    rusqlite::Error::FromSqlConversionFailure(4, blob, error.into())
                })?;
                Ok(Snapshot {
                    stream: stream.to_owned(),
                    position: number(row.get(0)?),
                    version: number(row.get(1)?),
                    heard: number(row.get(2)?),
                    block: number(row.get(3)?),
                    state,
                })
            })
            .optional()
    }

    fn find_timers(
        &self,
        from: i64,
        until: i64,
    ) -> rusqlite::Result<Vec<(Timestamp, String, String)>> {
        let find = "SELECT at, process, name FROM timers WHERE at > ? AND at <= ? \
                    ORDER BY at, process, name";
        let mut find = self.connection.prepare_cached(find)?;
        let timers = find.query_map([from, until], |row| {
            Ok((Timestamp::from_micros(row.get(0)?), row.get(1)?, row.get(2)?))
        })?;
        timers.collect()
    }

    fn find_next_timer(&self, from: i64) -> rusqlite::Result<Option<i64>> {
        let mut find = self.connection.prepare_cached("SELECT min(at) FROM timers WHERE at > ?")?;
        find.query_row([from], |row| row.get(0))
    }
}

fn unpack(packed: &[u8]) -> std::io::Result<String> {
    let size = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(STATE_MAX).min(STATE_MAX);
    let raw = decompress(packed, size)?;
    String::from_utf8(raw).map_err(std::io::Error::other)
}

impl IndexReader for SqliteIndexReader {
    fn mark(&self) -> Option<Mark> {
        self.runs.mark()
    }

    fn may_know(&self, key: Key) -> bool {
        self.runs.may_know(key)
    }

    fn places(&self, key: Key, from: Position) -> Result<Vec<Position>> {
        self.find_places(key, from).map_err(|error| self.failed(error))
    }

    fn snapshot(&self, stream: &str, until: Position) -> Result<Option<Snapshot>> {
        let until = i64::try_from(until).unwrap_or(i64::MAX);
        self.find_snapshot(stream, until).map_err(|error| self.failed(error))
    }

    fn timers(
        &self,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<(Timestamp, String, String)>> {
        let found = self.find_timers(from.micros(), until.micros());
        found.map_err(|error| self.failed(error))
    }

    fn next_timer(&self, from: Timestamp) -> Result<Option<Timestamp>> {
        let found = self.find_next_timer(from.micros()).map_err(|error| self.failed(error))?;
        Ok(found.map(Timestamp::from_micros))
    }

    fn another(&self) -> Result<Box<dyn IndexReader>> {
        let (connection, path) = (read_only(&self.path)?, self.path.clone());
        let (runs, owner) = (self.runs.clone(), self.owner);
        Ok(Box::new(SqliteIndexReader { connection, path, runs, owner }))
    }
}
