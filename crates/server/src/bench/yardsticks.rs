//! Two bare SQLite loops over facts that the engine has written, in batches of the same sizes: (a) a
//! row a fact, as event stores do it, (b) blocks. No rules, no views, no answers, no second thread.

use super::Fallible;
use flows::{Shop, wiring};
use journal::{BlockBuilder, Key, LineWriter, Reader};
use kernel::{Business, CommandId, Position, Recorded};
use rusqlite::{Connection, params};
use rustc_hash::FxHashMap;
use std::{fmt::Write, fs, path::Path, time::Instant};

/// What the engine wrote in one commit, and what an event store would write beside it.
pub(super) struct Batch {
    facts: Vec<Recorded<Shop>>,
    /// Command, position of its first fact, number of its facts.
    receipts: Vec<(CommandId, Position, i64)>,
    /// Process and its state.
    processes: Vec<(String, String)>,
}

/// Reads back what the engine wrote after a position, at most so many facts.
pub(super) fn batches(journal: &dyn Reader, after: Position, most: u64) -> Fallible<Vec<Batch>> {
    let mut lines = journal::LineReader::<Shop>::default();
    let mut stories = FxHashMap::default();
    let (mut batches, mut position) = (Vec::new(), after);
    while position < after + most
        && let Some(block) = journal.block_after(position)?
    {
        let read = block.text()?;
        let facts = read.lines().map(|line| lines.read(line)).collect::<Result<Vec<_>, _>>()?;
        position = block.last;
        batches.push(Batch {
            receipts: receipts(&facts),
            processes: live(&facts, &mut stories),
            facts,
        });
    }
    Ok(batches)
}

fn receipts(facts: &[Recorded<Shop>]) -> Vec<(CommandId, Position, i64)> {
    let mut receipts: Vec<(CommandId, Position, i64)> = Vec::new();
    for recorded in facts {
        let Some(id) = recorded.origin.command else { continue };
        match receipts.last_mut() {
            Some((last, _, count)) if *last == id => *count += 1,
            _ => receipts.push((id, recorded.position, 1)),
        }
    }
    receipts
}

type Stories = FxHashMap<wiring::Stream, wiring::State>;

/// The states in which these facts leave the processes that hear them.
fn live(facts: &[Recorded<Shop>], stories: &mut Stories) -> Vec<(String, String)> {
    let mut touched = Vec::new();
    for recorded in facts {
        for process in Shop::hearers(&recorded.fact) {
            let state = stories.entry(process.clone()).or_insert_with(|| Shop::blank(&process));
            Shop::react(state, &process, &recorded.fact, recorded.at());
            touched.push(process);
        }
    }
    touched.sort();
    touched.dedup();
    let text = |process: wiring::Stream| {
        let state = serde_json::to_string(&stories[&process]).expect("a state is plain data");
        (process.to_string(), state)
    };
    touched.into_iter().map(text).collect()
}

/// (a): an indexed row a fact, a receipt a command, a row a process.
pub(super) struct Rows(Connection);

/// (b): a row a batch.
pub(super) struct Blocks {
    connection: Connection,
    builder: BlockBuilder,
    sum: u32,
}

fn open(path: &Path, tables: &str) -> rusqlite::Result<Connection> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        // What is not there need not go.
        let _ = fs::remove_file(name);
    }
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", 8192)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", 2000)?;
    connection.execute_batch(tables)?;
    Ok(connection)
}

impl Rows {
    pub(super) fn open(path: &Path) -> Fallible<Rows> {
        let tables = "
            CREATE TABLE facts (position INTEGER PRIMARY KEY, stream TEXT, version INT, type TEXT,
                at INT, command BLOB, body TEXT) STRICT;
            CREATE UNIQUE INDEX streams ON facts (stream, version);
            CREATE TABLE receipts (command BLOB PRIMARY KEY, first INT, count INT) STRICT, WITHOUT ROWID;
            CREATE TABLE processes (id TEXT PRIMARY KEY, state TEXT) STRICT, WITHOUT ROWID;";
        Ok(Rows(open(path, tables)?))
    }

    /// Writes the batches, each in a transaction; says how many seconds that took.
    pub(super) fn write(&mut self, batches: &[Batch]) -> Fallible<f64> {
        let begin = Instant::now();
        for batch in batches {
            self.write_one(batch)?;
        }
        Ok(begin.elapsed().as_secs_f64())
    }

    fn write_one(&mut self, batch: &Batch) -> Fallible<()> {
        let transaction = self.0.transaction()?;
        {
            let insert = "INSERT INTO facts VALUES (?, ?, ?, ?, ?, ?, ?)";
            let mut insert = transaction.prepare_cached(insert)?;
            let (mut stream, mut json) = (String::new(), Vec::new());
            for recorded in &batch.facts {
                stream.clear();
                write!(stream, "{}", recorded.stream()).expect("a string takes any text");
                json.clear();
                Shop::write_fact(&recorded.fact, &mut json)?;
                let (kind, body) = split(std::str::from_utf8(&json)?);
                insert.execute(params![
                    recorded.position.cast_signed(),
                    stream,
                    recorded.version.cast_signed(),
                    kind,
                    recorded.at().micros(),
                    recorded.origin.command.as_ref().map(|id| id.0.as_bytes()),
                    body,
                ])?;
            }
            let receipt = "INSERT INTO receipts VALUES (?, ?, ?)";
            let mut receipt = transaction.prepare_cached(receipt)?;
            for (command, first, count) in &batch.receipts {
                receipt.execute(params![command.0.as_bytes(), first.cast_signed(), count])?;
            }
            let process = "INSERT OR REPLACE INTO processes VALUES (?, ?)";
            let mut process = transaction.prepare_cached(process)?;
            for (id, state) in &batch.processes {
                process.execute(params![id, state])?;
            }
        }
        Ok(transaction.commit()?)
    }
}

/// Type and body of `{"type":"…","body":…}`; a fact without a body has none.
fn split(json: &str) -> (&str, &str) {
    let rest = json.strip_prefix(r#"{"type":""#).unwrap_or(json);
    let (kind, rest) = rest.split_once('"').unwrap_or((rest, ""));
    let body = rest.strip_prefix(r#","body":"#).and_then(|body| body.strip_suffix('}'));
    (kind, body.unwrap_or("null"))
}

impl Blocks {
    pub(super) fn open(path: &Path) -> Fallible<Blocks> {
        let table =
            "CREATE TABLE blocks (first INTEGER PRIMARY KEY, last INT, at INT, previous INT,
            sum INT, body BLOB) STRICT;";
        let connection = open(path, table)?;
        Ok(Blocks { connection, builder: BlockBuilder::default(), sum: 0 })
    }

    /// Writes the batches, each as a block; says how many seconds that took.
    pub(super) fn write(&mut self, batches: &[Batch]) -> Fallible<f64> {
        let begin = Instant::now();
        let (mut lines, mut line, mut stream) = (LineWriter::default(), Vec::new(), String::new());
        for batch in batches {
            for recorded in &batch.facts {
                stream.clear();
                write!(stream, "{}", recorded.stream()).expect("a string takes any text");
                line.clear();
                lines.write(recorded, &stream, &mut line)?;
                let key = Key::of_stream(&stream);
                self.builder.push(recorded.position, recorded.at(), &line, &[key])?;
            }
            let block = self.builder.seal(self.sum)?;
            self.sum = block.sum;
            let insert = "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?)";
            self.connection.prepare_cached(insert)?.execute(params![
                block.first.cast_signed(),
                block.last.cast_signed(),
                block.at.micros(),
                block.previous,
                block.sum,
                block.body
            ])?;
        }
        Ok(begin.elapsed().as_secs_f64())
    }
}

/// Facts in all of them.
pub(super) fn facts(batches: &[Batch]) -> u64 {
    batches.iter().map(|batch| batch.facts.len() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_split_into_type_and_body() {
        assert_eq!(split(r#"{"type":"a/b@1","body":{"c":1}}"#), ("a/b@1", r#"{"c":1}"#));
        assert_eq!(split(r#"{"type":"a/b@1"}"#), ("a/b@1", "null"));
    }
}
