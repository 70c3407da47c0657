//! Which key lies in which block: sorted runs, each with a filter in memory that knows what is absent.
//!
//! Every checkpoint adds a run; eight of a level are merged into one of the next.

use crate::Key;
use fastbloom::BloomFilter;
use kernel::Position;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Transaction, params};
use std::sync::{Arc, Mutex, PoisonError};

pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS runs (
        id       INTEGER PRIMARY KEY,
        level    INTEGER NOT NULL,
        filter   BLOB NOT NULL,
        firsts   BLOB NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS pages (
        run      INTEGER NOT NULL,
        page     INTEGER NOT NULL,
        entries  BLOB NOT NULL,
        PRIMARY KEY (run, page)
    ) STRICT, WITHOUT ROWID;
";

const PAGE: usize = 256;
const FAN: usize = 8;
const BITS_PER_KEY: usize = 10;
const HASHES: u32 = 7;
/// Part of the stored form of filters.
const SEED: u128 = 0x5e6e_3a7c_19d2_4b80_a1f4_33c9_7d02_68e5;

type Entry = (Key, Position);

/// What memory keeps of a run.
struct Run {
    id: i64,
    level: u32,
    filter: BloomFilter,
    /// The first key of each page.
    firsts: Vec<u64>,
}

/// The runs of an index; writer and readers share it.
#[derive(Clone, Default)]
pub(super) struct Runs(Arc<Mutex<Arc<Vec<Arc<Run>>>>>);

impl Runs {
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Runs> {
        let mut find =
            connection.prepare("SELECT id, level, filter, firsts FROM runs ORDER BY id")?;
        let runs = find.query_map([], |row| {
            let filter = numbers(row.get_ref(2)?.as_blob()?).collect::<Vec<_>>();
            Ok(Arc::new(Run {
                id: row.get(0)?,
                level: row.get(1)?,
                filter: BloomFilter::from_vec(filter).seed(&SEED).hashes(HASHES),
                firsts: numbers(row.get_ref(3)?.as_blob()?).collect(),
            }))
        })?;
        let runs = runs.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Runs(Arc::new(Mutex::new(Arc::new(runs)))))
    }

    pub(super) fn clear(&self) {
        self.replace(Vec::new());
    }

    pub(super) fn may_know(&self, key: Key) -> bool {
        self.now().iter().any(|run| run.filter.contains(&key.0))
    }

    pub(super) fn places(
        &self,
        connection: &Connection,
        key: Key,
        from: Position,
    ) -> rusqlite::Result<Vec<Position>> {
        let mut page =
            connection.prepare_cached("SELECT entries FROM pages WHERE run = ? AND page = ?")?;
        'again: loop {
            let runs = self.now();
            let mut places = Vec::new();
            for run in runs.iter().filter(|run| run.filter.contains(&key.0)) {
                if !run.find(&mut page, key, from, &mut places)? {
                    // Merged into another run meanwhile.
                    if Arc::ptr_eq(&runs, &self.now()) {
                        return Err(rusqlite::Error::QueryReturnedNoRows);
                    }
                    continue 'again;
                }
            }
            places.sort_unstable();
            places.dedup();
            return Ok(places);
        }
    }

    /// Adds the entries as a run and merges where it has become time; the caller publishes what comes
    /// back once it is committed.
    pub(super) fn add(
        &self,
        transaction: &Transaction<'_>,
        mut entries: Vec<Entry>,
    ) -> rusqlite::Result<Added> {
        entries.sort_unstable();
        entries.dedup();
        let mut runs = self.now().to_vec();
        let mut level = 0;
        loop {
            runs.push(Arc::new(write(transaction, level, &entries)?));
            let full: Vec<_> = runs.iter().filter(|run| run.level == level).cloned().collect();
            if full.len() < FAN {
                return Ok(Added(runs));
            }
            entries = Vec::new();
            for run in &full {
                read_all(transaction, run, &mut entries)?;
                transaction.prepare_cached("DELETE FROM pages WHERE run = ?")?.execute([run.id])?;
                transaction.prepare_cached("DELETE FROM runs WHERE id = ?")?.execute([run.id])?;
            }
            entries.sort_unstable();
            entries.dedup();
            runs.retain(|run| run.level != level);
            level += 1;
        }
    }

    pub(super) fn publish(&self, added: Added) {
        self.replace(added.0);
    }

    fn now(&self) -> Arc<Vec<Arc<Run>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, runs: Vec<Arc<Run>>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(runs);
    }
}

/// Runs that are written and not yet committed.
pub(super) struct Added(Vec<Arc<Run>>);

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
                page.query_row(params![self.id, at as i64], |row| row.get(0)).optional()?;
            let Some(bytes) = bytes else { return Ok(false) };
            let found = entries(&bytes).filter(|(known, block)| *known == key && *block >= from);
            places.extend(found.map(|(_, block)| block));
            at += 1;
        }
        Ok(true)
    }
}

fn write(transaction: &Transaction<'_>, level: u32, all: &[Entry]) -> rusqlite::Result<Run> {
    let bits = (all.len() * BITS_PER_KEY).next_multiple_of(64).max(64);
    let mut filter = BloomFilter::with_num_bits(bits).seed(&SEED).hashes(HASHES);
    for (key, _) in all {
        filter.insert(&key.0);
    }
    let firsts: Vec<u64> = all.chunks(PAGE).map(|page| page[0].0.0).collect();
    let bytes = |numbers: &[u64]| -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    };
    let insert = "INSERT INTO runs (level, filter, firsts) VALUES (?, ?, ?)";
    transaction.prepare_cached(insert)?.execute(params![
        level,
        bytes(filter.as_slice()),
        bytes(&firsts)
    ])?;
    let id = transaction.last_insert_rowid();
    let mut insert = transaction.prepare_cached("INSERT INTO pages VALUES (?, ?, ?)")?;
    for (number, page) in all.chunks(PAGE).enumerate() {
        let flat: Vec<u64> = page.iter().flat_map(|(key, block)| [key.0, *block]).collect();
        insert.execute(params![id, number as i64, bytes(&flat)])?;
    }
    Ok(Run { id, level, filter, firsts })
}

fn read_all(
    transaction: &Transaction<'_>,
    run: &Run,
    all: &mut Vec<Entry>,
) -> rusqlite::Result<()> {
    let mut pages = transaction.prepare_cached("SELECT entries FROM pages WHERE run = ?")?;
    let mut rows = pages.query([run.id])?;
    while let Some(row) = rows.next()? {
        all.extend(entries(row.get_ref(0)?.as_blob()?));
    }
    Ok(())
}

fn entries(bytes: &[u8]) -> impl Iterator<Item = Entry> + '_ {
    bytes.as_chunks::<16>().0.iter().map(|pair| {
        let [key, block] = pair.as_chunks::<8>().0 else {
            unreachable!("sixteen bytes are two numbers")
        };
        (Key(u64::from_le_bytes(*key)), u64::from_le_bytes(*block))
    })
}

fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.as_chunks::<8>().0.iter().map(|number| u64::from_le_bytes(*number))
}
