//! Reads what was published, while the views go on.

use super::{
    Checksum, Error, Layout, Page, Query, Result, Side, Views,
    fold::parse,
    fresh::{Fresh, Row},
    query::{self, Place},
    store::open_to_read,
    table::{self, Entry},
    texts::Texts,
};
use kernel::{Business, Position, View};
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use std::{
    collections::BTreeMap,
    ops::Bound,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

/// Connections that wait for the next reader.
const IDLE_MAX: usize = 16;
/// Rows that are fetched at once where all are asked for.
const STRIDE: usize = 1000;

/// What is not written yet, in the order of keys.
type Newer<'a> = BTreeMap<&'a str, &'a Row>;

/// Reads documents, those of the runner of the same store as soon as they are published; several at
/// once, cheap to clone.
#[derive(Clone)]
pub struct Reader {
    source: Arc<Source>,
    /// What is not written yet; nothing where another program may be writing.
    fresh: Fresh,
}

enum Source {
    File {
        file: PathBuf,
        idle: Mutex<Vec<Connection>>,
        /// The tables of views, as far as they were looked up. A table that is no longer a view's is
        /// dropped in the same moment, so a name that was kept too long is noticed.
        tables: RwLock<FxHashMap<&'static str, Arc<str>>>,
        /// None where another program may be writing.
        texts: Option<Arc<Texts>>,
    },
    Memory(Arc<Mutex<Connection>>),
}

/// A view as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its name.
    pub view: &'static str,
    /// The last fact in it, and how many documents there are; none while it is being built.
    pub stored: Option<(Position, u64)>,
}

impl Reader {
    /// Of a file that another program may be writing.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(file: &Path) -> Result<Reader> {
        let reader = Reader::of_file(file, None, Fresh::default());
        reader.read(|_| Ok(()))?;
        Ok(reader)
    }

    pub(super) fn of_file(file: &Path, texts: Option<Arc<Texts>>, fresh: Fresh) -> Reader {
        let (file, idle, tables) = (file.to_owned(), Mutex::default(), RwLock::default());
        Reader { source: Arc::new(Source::File { file, idle, tables, texts }), fresh }
    }

    pub(super) fn of_memory(connection: Arc<Mutex<Connection>>, fresh: Fresh) -> Reader {
        Reader { source: Arc::new(Source::Memory(connection)), fresh }
    }

    /// The document under a key; none when it is as before its first fact.
    ///
    /// # Errors
    /// When the view is being built, or the store or the document cannot be read.
    pub fn get<V: View>(&self, key: &str) -> Result<Option<V::Document>> {
        let text = self.text::<V>(key)?;
        text.map(|text| self.parse::<V>(key, &text)).transpose()
    }

    /// The same as it is written; what was read lately and not written since is at hand.
    ///
    /// # Errors
    /// As [`Reader::get`], but for the document, which is not looked into.
    pub fn text<V: View>(&self, key: &str) -> Result<Option<Arc<str>>> {
        if let Some(row) = self.fresh.get(V::NAME, Side::Live, key) {
            return Ok(row.text.clone());
        }
        let Source::File { texts: Some(texts), .. } = &*self.source else {
            return Ok(self.read_text(Layout::of::<V>(), key)?.map(Arc::from));
        };
        let begun = match texts.get(V::NAME, key) {
            Ok(text) => return Ok(Some(text)),
            Err(begun) => begun,
        };
        let text = self.read_text(Layout::of::<V>(), key)?.map(Arc::from);
        text.iter().for_each(|text| texts.keep(V::NAME, key, text, begun));
        Ok(text)
    }

    fn read_text(&self, layout: Layout, key: &str) -> Result<Option<String>> {
        let found = match self.known_table(layout) {
            // One statement is one moment by itself.
            Some(table) => self.lend(|connection| Ok(document(connection, &table, key)))?,
            None => Err(rusqlite::Error::QueryReturnedNoRows),
        };
        Ok(match found {
            Ok(json) => json,
            // Nothing was known, or the view has another table meanwhile.
            Err(_) => self.read(|connection| {
                let table = self.entry(connection, layout)?.table();
                let found = document(connection, &table, key);
                let found = found.map_err(|error| self.failed(error))?;
                self.remember(layout, table);
                Ok(found)
            })?,
        })
    }

    fn known_table(&self, layout: Layout) -> Option<Arc<str>> {
        let Source::File { tables, .. } = &*self.source else { return None };
        tables.read().unwrap_or_else(PoisonError::into_inner).get(layout.name).cloned()
    }

    fn remember(&self, layout: Layout, table: String) {
        if let Source::File { tables, .. } = &*self.source {
            let mut tables = tables.write().unwrap_or_else(PoisonError::into_inner);
            tables.insert(layout.name, table.into());
        }
    }

    /// A page of a list.
    ///
    /// # Errors
    /// When it names no column, the cursor belongs to another list, the view is being built, or the
    /// store or a document cannot be read.
    pub fn list<V: View>(&self, query: &Query) -> Result<Page<V::Document>> {
        let found = self.texts::<V>(query)?;
        let mut rows = Vec::with_capacity(found.rows.len());
        for (key, json) in found.rows {
            let document = self.parse::<V>(&key, &json)?;
            rows.push((key, document));
        }
        Ok(Page { rows, next: found.next })
    }

    /// The same with documents as they are written.
    ///
    /// # Errors
    /// As [`Reader::list`], but for the documents, which are not looked into.
    pub fn texts<V: View>(&self, query: &Query) -> Result<Page<String>> {
        self.at_place::<V, _>(|connection, place| query::page(connection, place, query))
    }

    /// How many documents pass the filters of a query; its order and its page do not matter.
    ///
    /// # Errors
    /// As [`Reader::list`].
    pub fn count<V: View>(&self, query: &Query) -> Result<u64> {
        self.at_place::<V, _>(|connection, place| query::count(connection, place, query))
    }

    fn at_place<V: View, T>(
        &self,
        job: impl FnOnce(&Connection, &Place<'_>) -> Result<T>,
    ) -> Result<T> {
        // First what is not written, then the file: what is written in between is found in both.
        let layer = &self.fresh.layer(V::NAME, Side::Live);
        let layout = Layout::of::<V>();
        self.read(|connection| {
            let table = &self.entry(connection, layout)?.table();
            job(connection, &Place { layout, table, file: self.file(), layer })
        })
    }

    /// Every document, in the order of keys: of a file as at one moment, of a store in memory as it
    /// stands when each is reached.
    ///
    /// # Errors
    /// When the view is being built, or the store or a document cannot be read.
    pub fn all<V: View>(&self, mut each: impl FnMut(String, V::Document)) -> Result<()> {
        let layer = self.fresh.layer(V::NAME, Side::Live);
        let fresh: Newer<'_> = layer.iter().map(|(key, row)| (&**key, row)).collect();
        let mut hand_out = |rows: BTreeMap<String, String>| -> Result<()> {
            for (key, json) in rows {
                let document = self.parse::<V>(&key, &json)?;
                each(key, document);
            }
            Ok(())
        };
        let mut after = Some(String::new());
        let mut stride = |connection: &Connection| {
            let Some(key) = after.take() else { return Ok(None) };
            let rows;
            (rows, after) = self.stride::<V>(connection, &fresh, &key)?;
            Ok(Some(rows))
        };
        match &*self.source {
            Source::File { .. } => self.read(|connection| {
                while let Some(rows) = stride(connection)? {
                    hand_out(rows)?;
                }
                Ok(())
            }),
            Source::Memory(_) => {
                // Whoever is called may read, too: nothing is locked meanwhile.
                while let Some(rows) = self.read(&mut stride)? {
                    hand_out(rows)?;
                }
                Ok(())
            }
        }
    }

    /// The last fact whose effects are in the file.
    ///
    /// # Errors
    /// When the view is being built, or the store cannot be read.
    pub fn position<V: View>(&self) -> Result<Position> {
        self.read(|connection| Ok(self.entry(connection, Layout::of::<V>())?.position))
    }

    /// Count and sum of a view's documents as they are stored.
    ///
    /// # Errors
    /// When the view is being built, or the store cannot be read.
    pub fn checksum<V: View>(&self) -> Result<Checksum> {
        self.read(|connection| {
            let entry = self.entry(connection, Layout::of::<V>())?;
            table::checksum(connection, &entry.table()).map_err(|error| self.failed(error))
        })
    }

    /// Every view as it is stored; without position and documents where it is still being built.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn listed<B: Business>(&self, views: &Views<B>) -> Result<Vec<Listed>> {
        self.read(|connection| {
            let listed = views.0.iter().map(|kind| {
                let view = kind.layout.name;
                let entry = match self.entry(connection, kind.layout) {
                    Err(Error::NotBuilt { .. }) => return Ok(Listed { view, stored: None }),
                    entry => entry?,
                };
                let count = format!("SELECT count(*) FROM \"{}\"", entry.table());
                let count = connection.query_row(&count, [], |row| row.get::<_, i64>(0));
                let documents = count.map_err(|error| self.failed(error))?.cast_unsigned();
                Ok(Listed { view, stored: Some((entry.position, documents)) })
            });
            listed.collect()
        })
    }

    /// What the store has of a view in the shape that this program knows.
    pub(super) fn entry(&self, connection: &Connection, layout: Layout) -> Result<Entry> {
        let sql = "SELECT name, shape, number, position, print FROM views WHERE name = ?";
        let entry = connection
            .prepare_cached(sql)
            .and_then(|mut select| select.query_row([layout.name], Entry::of).optional())
            .map_err(|error| self.failed(error))?;
        let built = entry.filter(|entry| entry.shape == layout.shape);
        let file = || self.file().to_owned();
        built.ok_or_else(|| Error::NotBuilt { file: file(), view: layout.name })
    }

    /// Reads as at one moment.
    pub(super) fn read<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        self.lend(|connection| match &*self.source {
            Source::Memory(_) => job(connection),
            Source::File { .. } => {
                let moment = connection.unchecked_transaction();
                job(&*moment.map_err(|error| self.failed(error))?)
            }
        })
    }

    /// Lends a connection.
    pub(super) fn lend<T>(&self, job: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match &*self.source {
            Source::Memory(connection) => {
                let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
                job(&connection)
            }
            Source::File { file, idle, .. } => {
                let lent = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
                let connection = match lent {
                    Some(connection) => connection,
                    None => open_to_read(file).map_err(|error| self.failed(error))?,
                };
                let done = job(&connection);
                let mut idle = idle.lock().unwrap_or_else(PoisonError::into_inner);
                if idle.len() < IDLE_MAX {
                    idle.push(connection);
                }
                done
            }
        }
    }

    pub(super) fn failed(&self, error: rusqlite::Error) -> Error {
        Error::of_sqlite(self.file(), error)
    }

    fn file(&self) -> &Path {
        match &*self.source {
            Source::File { file, .. } => file,
            Source::Memory(_) => Path::new(":memory:"),
        }
    }

    fn parse<V: View>(&self, key: &str, json: &str) -> Result<V::Document> {
        parse::<V>(key, json).map_err(|error| match error {
            Error::BadDocument { view, key, what, .. } => {
                Error::BadDocument { file: self.file().to_owned(), view, key, what }
            }
            other => other,
        })
    }

    /// Some rows after a key, and where to go on.
    fn stride<V: View>(
        &self,
        connection: &Connection,
        newer: &Newer<'_>,
        after: &str,
    ) -> Result<(BTreeMap<String, String>, Option<String>)> {
        let table = self.entry(connection, Layout::of::<V>())?.table();
        let sql = format!(
            "SELECT key, document FROM \"{table}\" WHERE key > ? ORDER BY key LIMIT {STRIDE}"
        );
        let rows = connection.prepare_cached(&sql).and_then(|mut select| {
            select.query_map([after], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        });
        let mut rows: BTreeMap<String, String> = rows.map_err(|error| self.failed(error))?;
        let last = rows.last_key_value().filter(|_| rows.len() == STRIDE);
        let last = last.map(|(key, _)| key.clone());
        let until = last.as_deref().map_or(Bound::Unbounded, Bound::Included);
        for (key, row) in newer.range::<str, _>((Bound::Excluded(after), until)) {
            match &row.text {
                Some(text) => drop(rows.insert((*key).to_owned(), (**text).to_owned())),
                None => drop(rows.remove(*key)),
            }
        }
        Ok((rows, last))
    }
}

/// The document under a key of a table.
fn document(connection: &Connection, table: &str, key: &str) -> rusqlite::Result<Option<String>> {
    let sql = format!("SELECT document FROM \"{table}\" WHERE key = ?");
    let mut select = connection.prepare_cached(&sql)?;
    select.query_row([key], |row| row.get::<_, String>(0)).optional()
}
