//! Which key lies in which block: sorted runs, each with a filter in memory that knows what is absent.
//!
//! Every checkpoint adds a run; eight of a level are merged into one of the next. What was merged
//! stays in the file until the next checkpoint, so that whoever is looking finds it where it was.

use super::merge::{Cursor, PageWriter};
use crate::{Key, Mark};
use fastbloom::BloomFilter;
use kernel::Position;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(test)]
mod tests;

pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        id       INTEGER PRIMARY KEY,
        level    INTEGER NOT NULL,
        filter   BLOB NOT NULL,
        firsts   BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS pages (
        id       INTEGER PRIMARY KEY,
        entries  BLOB NOT NULL
    ) STRICT;
";

/// Entries of a page: two just fit into a page of SQLite.
pub(super) const PAGE: usize = 250;
/// Bits of a page's id for its number within its run; the others are the run's.
const PAGE_BITS: u32 = 24;
const FAN: usize = 8;
/// Level of a run that was merged and goes at the next checkpoint.
const MERGED: i64 = -1;
const HASHES: u32 = 7;
/// Part of the stored form of filters.
const SEED: u128 = 0x5e6e_3a7c_19d2_4b80_a1f4_33c9_7d02_68e5;

const SELECT_PAGE: &str = "SELECT entries FROM pages WHERE id = ?";

/// Where a page of a run lies.
pub(super) fn page_id(run: i64, page: usize) -> i64 {
    (run << PAGE_BITS) + page as i64
}

pub(super) type Entry = (Key, Position);

/// What memory keeps of a run.
pub(super) struct Run {
    pub(super) id: i64,
    level: u32,
    filter: BloomFilter,
    /// The first key of each page.
    pub(super) firsts: Vec<u64>,
}

/// The runs of one moment, and how far they go.
#[derive(Default)]
struct Known {
    mark: Option<Mark>,
    runs: Vec<Arc<Run>>,
}

/// The runs of an index; writer and readers share it.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<Mutex<Arc<Known>>>);

impl Runs {
    /// Mark and runs as of one moment.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Runs> {
        let runs = Runs::default();
        runs.reload(connection)?;
        Ok(runs)
    }

    /// Reads them anew; only for whoever shares them with no writer.
    pub(super) fn reload(&self, connection: &Connection) -> rusqlite::Result<()> {
        let moment = connection.unchecked_transaction()?;
        let mark = moment
            .prepare_cached("SELECT position, sum FROM mark")?
            .query_row([], |row| {
                Ok(Mark { position: row.get::<_, i64>(0)?.cast_unsigned(), sum: row.get(1)? })
            })
            .optional()?;
        let find = "SELECT id, level, filter, firsts FROM runs WHERE level >= 0 ORDER BY id";
        let mut find = moment.prepare(find)?;
        let runs = find.query_map([], |row| {
            let bits = numbers(row.get_ref(2)?.as_blob()?).collect::<Vec<_>>();
            if bits.is_empty() {
                let blob = rusqlite::types::Type::Blob;
                return Err(rusqlite::Error::InvalidColumnType(2, "filter".to_owned(), blob));
            }
            Ok(Arc::new(Run {
                id: row.get(0)?,
                level: row.get(1)?,
                filter: BloomFilter::from_vec(bits).seed(&SEED).hashes(HASHES),
                firsts: numbers(row.get_ref(3)?.as_blob()?).collect(),
            }))
        })?;
        self.replace(Known { mark, runs: runs.collect::<rusqlite::Result<_>>()? });
        Ok(())
    }

    pub(super) fn clear(&self) {
        self.replace(Known::default());
    }

    /// How far these runs go: whoever reads it first finds all up to there.
    pub(super) fn mark(&self) -> Option<Mark> {
        self.now().mark
    }

    pub(super) fn may_know(&self, key: Key) -> bool {
        self.now().runs.iter().any(|run| run.filter.contains(&key.0))
    }

    /// Ascending, each once; none when a page is gone although nobody has merged it.
    pub(super) fn places(
        &self,
        connection: &Connection,
        key: Key,
        from: Position,
    ) -> rusqlite::Result<Option<Vec<Position>>> {
        let mut page = connection.prepare_cached(SELECT_PAGE)?;
        loop {
            let known = self.now();
            if let Some(places) = known.places(&mut page, key, from)? {
                return Ok(Some(places));
            }
            if Arc::ptr_eq(&known, &self.now()) {
                return Ok(None);
            }
        }
    }

    /// Adds the entries as a run and merges where it has become time; the caller publishes what comes
    /// back once it is committed.
    pub(super) fn add(
        &self,
        transaction: &Transaction<'_>,
        mut entries: Vec<Entry>,
        mark: Mark,
    ) -> rusqlite::Result<Added> {
        delete_merged(transaction)?;
        let mut runs = self.now().runs.clone();
        if !entries.is_empty() {
            entries.sort_unstable();
            let mut writer = RunWriter::new(transaction, 0, entries.len())?;
            entries.into_iter().try_for_each(|entry| writer.push(entry))?;
            runs.push(Arc::new(writer.finish()?));
        }
        let mut level = 0;
        loop {
            let full: Vec<_> = runs.iter().filter(|run| run.level == level).cloned().collect();
            if full.len() < FAN {
                return Ok(Added(Known { mark: Some(mark), runs }));
            }
            runs.retain(|run| run.level != level);
            level += 1;
            runs.push(Arc::new(merge(transaction, &full, level)?));
        }
    }

    pub(super) fn publish(&self, added: Added) {
        self.replace(added.0);
    }

    fn now(&self) -> Arc<Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, known: Known) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }
}

/// Runs that are written and not yet committed.
pub(super) struct Added(Known);

impl Known {
    fn places(
        &self,
        page: &mut CachedStatement<'_>,
        key: Key,
        from: Position,
    ) -> rusqlite::Result<Option<Vec<Position>>> {
        let mut places = Vec::new();
        for run in self.runs.iter().filter(|run| run.filter.contains(&key.0)) {
            if !run.find(page, key, from, &mut places)? {
                return Ok(None);
            }
        }
        places.sort_unstable();
        places.dedup();
        Ok(Some(places))
    }
}

impl Run {
    /// False when a page is gone.
    fn find(
        &self,
        page: &mut CachedStatement<'_>,
        key: Key,
        from: Position,
        places: &mut Vec<Position>,
    ) -> rusqlite::Result<bool> {
        // A key may begin in the page before the first page that begins with it.
        let mut at = self.firsts.partition_point(|first| *first < key.0).saturating_sub(1);
        while self.firsts.get(at).is_some_and(|first| *first <= key.0) {
            let bytes: Option<Vec<u8>> =
                page.query_row([page_id(self.id, at)], |row| row.get(0)).optional()?;
            let Some(bytes) = bytes else { return Ok(false) };
            let found = entries(&bytes).filter(|(known, block)| *known == key && *block >= from);
            places.extend(found.map(|(_, block)| block));
            at += 1;
        }
        Ok(true)
    }
}

/// Filters of small runs are generous, because there are many of them and they are short-lived: so
/// a look-up of what is absent touches the disk in about one of a hundred cases.
fn bits_per_key(level: u32) -> usize {
    if level < 2 { 20 } else { 12 }
}

/// Writes a run, entry by entry.
struct RunWriter<'t> {
    transaction: &'t Transaction<'t>,
    id: i64,
    level: u32,
    filter: BloomFilter,
    pages: PageWriter<'t>,
}

impl<'t> RunWriter<'t> {
    /// For at most so many entries.
    fn new(
        transaction: &'t Transaction<'t>,
        level: u32,
        most: usize,
    ) -> rusqlite::Result<RunWriter<'t>> {
        let bits = (most * bits_per_key(level)).next_multiple_of(64).max(64);
        let filter = BloomFilter::with_num_bits(bits).seed(&SEED).hashes(HASHES);
        // Its number is above all others that readers may still look for.
        let insert = "INSERT INTO runs (level, filter, firsts) VALUES (?, x'', x'')";
        transaction.prepare_cached(insert)?.execute([level])?;
        let id = transaction.last_insert_rowid();
        let pages = PageWriter::new(transaction, id)?;
        Ok(RunWriter { transaction, id, level, filter, pages })
    }

    /// In ascending order; one that was there before is left out.
    fn push(&mut self, entry: Entry) -> rusqlite::Result<()> {
        self.filter.insert(&entry.0.0);
        self.pages.push(entry)
    }

    fn finish(self) -> rusqlite::Result<Run> {
        let RunWriter { transaction, id, level, filter, pages } = self;
        let firsts = pages.finish()?;
        transaction
            .prepare_cached("UPDATE runs SET filter = ?, firsts = ? WHERE id = ?")?
            .execute(params![bytes(filter.as_slice()), bytes(&firsts), id])?;
        Ok(Run { id, level, filter, firsts })
    }
}

/// One run of many; holds one page of each in memory.
fn merge(transaction: &Transaction<'_>, runs: &[Arc<Run>], level: u32) -> rusqlite::Result<Run> {
    let most = runs.iter().map(|run| run.firsts.len() * PAGE).sum();
    let mut writer = RunWriter::new(transaction, level, most)?;
    let mut page = transaction.prepare_cached(SELECT_PAGE)?;
    let mut cursors = Vec::with_capacity(runs.len());
    for run in runs {
        cursors.push(Cursor::new(run, &mut page)?);
    }
    loop {
        let ahead = cursors.iter_mut().filter_map(|cursor| Some((cursor.peek()?, cursor)));
        let Some((entry, cursor)) = ahead.min_by_key(|(entry, _)| *entry) else { break };
        writer.push(entry)?;
        cursor.step(&mut page)?;
    }
    let mut set_aside = transaction
        .prepare_cached("UPDATE runs SET level = ?, filter = x'', firsts = x'' WHERE id = ?")?;
    for run in runs {
        set_aside.execute([MERGED, run.id])?;
    }
    writer.finish()
}

/// What was merged at the checkpoint before; whoever looks now has the newer runs.
fn delete_merged(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut find = transaction.prepare_cached("SELECT id FROM runs WHERE level < 0")?;
    let merged = find.query_map([], |row| row.get::<_, i64>(0))?;
    for run in merged.collect::<rusqlite::Result<Vec<_>>>()? {
        let (from, until) = (page_id(run, 0), page_id(run + 1, 0));
        transaction
            .prepare_cached("DELETE FROM pages WHERE id >= ? AND id < ?")?
            .execute([from, until])?;
        transaction.prepare_cached("DELETE FROM runs WHERE id = ?")?.execute([run])?;
    }
    Ok(())
}

pub(super) fn entries(bytes: &[u8]) -> impl Iterator<Item = Entry> + '_ {
    bytes.as_chunks::<16>().0.iter().map(|pair| {
        let [key, block] = pair.as_chunks::<8>().0 else {
            unreachable!("sixteen bytes are two numbers")
        };
        (Key(u64::from_le_bytes(*key)), u64::from_le_bytes(*block))
    })
}

pub(super) fn bytes(numbers: &[u64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number))
}
