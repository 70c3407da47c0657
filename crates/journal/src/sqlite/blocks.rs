//! `journal.db`: one row a block, and the vault.

use super::{FORMAT, keep_log, read_only};
use crate::{Block, Error, Journal, Reader, Result, Room, Tip, VaultRow};
use kernel::{PersonId, Position, Timestamp, VaultId};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

const TABLES: &str = "
    CREATE TABLE blocks (
        first    INTEGER PRIMARY KEY,
        last     INTEGER NOT NULL,
        at       INTEGER NOT NULL,
        previous INTEGER NOT NULL,
        sum      INTEGER NOT NULL,
        body     BLOB NOT NULL
    ) STRICT;
    CREATE TABLE vault (
        id       TEXT PRIMARY KEY,
        subject  TEXT,
        kind     TEXT NOT NULL,
        content  BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX vault_subject ON vault (subject) WHERE subject IS NOT NULL;
";

const BLOCK: &str = "SELECT first, last, at, previous, sum, body FROM blocks";
const REMOVE: &str = "DELETE FROM vault WHERE id = ?";
/// Blocks at the end that are checked before the first answer.
const TAIL: usize = 64;
/// How long a commit waits for others by default; only a copy that is being taken locks at all.
const BUSY: Duration = Duration::from_secs(10);
/// How long the forgetting of a person waits for readers: commits wait behind it.
const BUSY_FORGETTING: Duration = Duration::from_millis(100);

/// The writing end of `journal.db`.
pub struct SqliteJournal {
    connection: Connection,
    path: PathBuf,
    tip: Option<Tip>,
    _lock: Arc<File>,
}

impl SqliteJournal {
    pub(super) fn open(path: &Path, lock: Arc<File>) -> Result<SqliteJournal> {
        let connection = prepare(path)?;
        let read = |error| Error::of_sqlite(path, error);
        let found: i64 =
            connection.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(read)?;
        if found > FORMAT {
            let path = path.to_owned();
            return Err(Error::NewerFormat { path, found, known: FORMAT });
        }
        if found == 0 {
            let make = format!("BEGIN IMMEDIATE; {TABLES} PRAGMA user_version = {FORMAT}; COMMIT;");
            connection.execute_batch(&make).map_err(read)?;
        }
        // What a crash left in the log is brought home, and synced, before anything is answered.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(read)?;
        let tip = check_tail(&connection, path)?;
        Ok(SqliteJournal { connection, path: path.to_owned(), tip, _lock: lock })
    }

    fn store(
        &mut self,
        block: &Block,
        vault: &[VaultRow],
        spent: &[VaultId],
    ) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)")?;
            let Block { first, last, at, previous, sum, body } = block;
            insert.execute(params![
                *first as i64,
                *last as i64,
                at.micros(),
                previous,
                sum,
                body
            ])?;
            if !vault.is_empty() {
                let keep = "INSERT OR REPLACE INTO vault VALUES (?, ?, ?, ?)";
                let mut keep = transaction.prepare_cached(keep)?;
                for VaultRow { id, subject, kind, content } in vault {
                    let subject = subject.map(|person| person.to_string());
                    keep.execute(params![id.to_string(), subject, kind, content])?;
                }
            }
            if !spent.is_empty() {
                let mut remove = transaction.prepare_cached(REMOVE)?;
                for id in spent {
                    remove.execute([id.to_string()])?;
                }
            }
        }
        transaction.commit()
    }
}

impl SqliteJournal {
    /// Rows written since it was opened: one a block, and one a vault row.
    pub fn changes(&self) -> u64 {
        self.connection.total_changes()
    }

    /// Brings the log home and cuts it to nothing, because it still has what was deleted. A reader
    /// that is busy longer than a moment puts this off, at the latest until the next opening.
    fn empty_log(&self) -> rusqlite::Result<()> {
        self.connection.busy_timeout(BUSY_FORGETTING)?;
        let emptied = self.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.connection.busy_timeout(BUSY)?;
        emptied
    }

    /// The file may not grow beyond its size by more than so many pages, as on a nearly full disk.
    ///
    /// # Errors
    /// When the store does not take the limit.
    pub fn limit_pages(&self, more: i64) -> Result<()> {
        let limit = self
            .connection
            .pragma_query_value(None, "page_count", |row| row.get::<_, i64>(0))
            .and_then(|now| {
                self.connection.query_row(
                    &format!("PRAGMA max_page_count = {}", now + more),
                    [],
                    |_| Ok(()),
                )
            });
        limit.map_err(|error| Error::of_sqlite(&self.path, error))
    }
}

impl Drop for SqliteJournal {
    /// A folder at rest has all of the journal in one file. Nothing is lost where that fails: the log
    /// stays beside it, and the next opening reads both.
    fn drop(&mut self) {
        let _ = self.empty_log();
    }
}

fn prepare(path: &Path) -> Result<Connection> {
    let failed = |error| Error::of_sqlite(path, error);
    let connection = Connection::open(path).map_err(failed)?;
    connection.pragma_update(None, "page_size", 8192).map_err(failed)?;
    keep_log(&connection, path)?;
    set(&connection).map_err(failed)?;
    Ok(connection)
}

fn set(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "wal_autocheckpoint", 2000)?;
    // Kibibytes: the inner pages of the vault, and those that have just been written.
    connection.pragma_update(None, "cache_size", -16_384)?;
    connection.busy_timeout(BUSY)?;
    // A log that was large once does not stay large.
    connection.pragma_update(None, "journal_size_limit", 32 * 1024 * 1024)
}

/// A restart must not trust what only the page cache has seen: the end is read and checked.
pub(super) fn check_tail(connection: &Connection, path: &Path) -> Result<Option<Tip>> {
    let read = |error| Error::of_sqlite(path, error);
    let mut newest = connection
        .prepare(&format!("{BLOCK} ORDER BY first DESC LIMIT {}", TAIL + 1))
        .map_err(read)?;
    let blocks = newest.query_map([], block).map_err(read)?;
    let blocks = blocks.collect::<rusqlite::Result<Vec<_>>>().map_err(read)?;
    for block in blocks.iter().take(TAIL) {
        block.check()?;
    }
    let first = blocks.last().filter(|_| blocks.len() <= TAIL);
    let broken = first.filter(|block| !block.follows(0, 0));
    let broken = broken.or_else(|| {
        let pair =
            blocks.array_windows().find(|[after, before]| !after.follows(before.last, before.sum));
        pair.map(|[after, _]| after)
    });
    if let Some(Block { first, .. }) = broken {
        let what = "it does not follow the block before".to_owned();
        return Err(Error::BrokenChain { position: *first, what });
    }
    Ok(blocks.first().map(|block| Tip { last: block.last, sum: block.sum, at: block.at }))
}

impl Journal for SqliteJournal {
    fn append_spending(
        &mut self,
        block: &Block,
        vault: &[VaultRow],
        spent: &[VaultId],
    ) -> Result<()> {
        let (last, sum) = self.tip.map_or((0, 0), |tip| (tip.last, tip.sum));
        if !block.follows(last, sum) {
            return Err(Error::OutOfTurn { first: block.first, last });
        }
        self.store(block, vault, spent).map_err(|error| Error::of_sqlite(&self.path, error))?;
        self.tip = Some(Tip { last: block.last, sum: block.sum, at: block.at });
        Ok(())
    }

    fn tip(&self) -> Option<Tip> {
        self.tip
    }

    fn room(&self) -> Box<dyn Room> {
        Box::new(Disk(self.path.clone()))
    }

    fn reader(&self) -> Result<Box<dyn Reader>> {
        Ok(Box::new(SqliteReader::open(&self.path)?))
    }

    fn remove(&mut self, id: VaultId) -> Result<()> {
        let removed = self.connection.execute(REMOVE, [id.to_string()]);
        removed.map_err(|error| Error::of_sqlite(&self.path, error))?;
        Ok(())
    }

    fn forget(&mut self, subject: PersonId) -> Result<usize> {
        let delete = "DELETE FROM vault WHERE subject = ?";
        let deleted = self.connection.execute(delete, [subject.to_string()]);
        let deleted = deleted.and_then(|count| self.empty_log().map(|()| count));
        deleted.map_err(|error| Error::of_sqlite(&self.path, error))
    }
}

/// The disk on which a file lies.
struct Disk(PathBuf);

impl Room for Disk {
    fn free_bytes(&self) -> Option<u64> {
        let disk = rustix::fs::statvfs(&self.0).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}

pub(super) struct SqliteReader {
    connection: Connection,
    path: PathBuf,
}

impl SqliteReader {
    pub(super) fn open(path: &Path) -> Result<SqliteReader> {
        Ok(SqliteReader { connection: read_only(path)?, path: path.to_owned() })
    }

    fn block(&self, condition: &str, number: i64) -> Result<Option<Block>> {
        let found = self
            .connection
            .prepare_cached(&format!("{BLOCK} {condition}"))
            .and_then(|mut find| find.query_row([number], block).optional());
        found.map_err(|error| Error::of_sqlite(&self.path, error))
    }

    fn rows(&self, condition: &str, id: &str) -> Result<Vec<VaultRow>> {
        let sql = format!("SELECT id, subject, kind, content FROM vault WHERE {condition}");
        let rows = self.connection.prepare_cached(&sql).and_then(|mut find| {
            let rows = find
                .query_map([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
            rows.collect::<rusqlite::Result<Vec<(String, Option<String>, String, Vec<u8>)>>>()
        });
        let rows = rows.map_err(|error| Error::of_sqlite(&self.path, error))?;
        let bad = |what: &dyn ToString| Error::NotAFact(what.to_string());
        rows.into_iter()
            .map(|(id, subject, kind, content)| {
                let id = id.parse().map_err(|error| bad(&error))?;
                let subject = subject.map(|text| text.parse()).transpose();
                Ok(VaultRow { id, subject: subject.map_err(|error| bad(&error))?, kind, content })
            })
            .collect()
    }
}

impl Reader for SqliteReader {
    fn block_holding(&self, position: Position) -> Result<Option<Block>> {
        let found = self.block("WHERE first <= ? ORDER BY first DESC LIMIT 1", signed(position))?;
        Ok(found.filter(|block| block.last >= position))
    }

    fn block_after(&self, position: Position) -> Result<Option<Block>> {
        self.block("WHERE first > ? ORDER BY first LIMIT 1", signed(position))
    }

    fn block_at_time(&self, time: Timestamp) -> Result<Option<Block>> {
        // Times rise with positions, so the middle tells on which side to look on.
        let read = |error| Error::of_sqlite(&self.path, error);
        let ends = "SELECT coalesce(min(first), 0), coalesce(max(first), -1) FROM blocks";
        let (mut low, mut high): (i64, i64) = self
            .connection
            .query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(read)?;
        let middle =
            "SELECT first, last, at FROM blocks WHERE first <= ? ORDER BY first DESC LIMIT 1";
        let mut find = self.connection.prepare_cached(middle).map_err(read)?;
        while low < high {
            let look = low + (high - low) / 2;
            let (_, last, at): (i64, i64, i64) = find
                .query_row([look], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .map_err(read)?;
            if at >= time.micros() {
                high = look;
            } else {
                low = last + 1;
            }
        }
        self.block("WHERE first <= ? ORDER BY first DESC LIMIT 1", low.max(high))
    }

    fn vault(&self, id: VaultId) -> Result<Option<VaultRow>> {
        Ok(self.rows("id = ?", &id.to_string())?.pop())
    }

    fn vault_of(&self, subject: PersonId) -> Result<Vec<VaultRow>> {
        self.rows("subject = ?", &subject.to_string())
    }

    fn another(&self) -> Result<Box<dyn Reader>> {
        Ok(Box::new(SqliteReader::open(&self.path)?))
    }
}

fn signed(position: Position) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

fn block(row: &Row<'_>) -> rusqlite::Result<Block> {
    Ok(Block {
        first: row.get::<_, i64>(0)?.cast_unsigned(),
        last: row.get::<_, i64>(1)?.cast_unsigned(),
        at: Timestamp::from_micros(row.get(2)?),
        previous: row.get(3)?,
        sum: row.get(4)?,
        body: row.get(5)?,
    })
}
