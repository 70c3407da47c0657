//! The views of a program, and what each keeps in memory between two flushes.

use super::store;
use kernel::{Business, Recorded, View};
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;
use std::marker::PhantomData;

/// Documents of one view that are kept in memory at most.
const KEPT: usize = 50_000;

/// Which views a program has.
pub struct Views<B: Business>(pub(super) Vec<Box<dyn Fold<B>>>);

impl<B: Business> Default for Views<B> {
    fn default() -> Views<B> {
        Views(Vec::new())
    }
}

impl<B: Business> Views<B> {
    /// None yet.
    pub fn new() -> Views<B> {
        Views::default()
    }

    /// Adds a view.
    #[must_use]
    pub fn with<V: View<Business = B>>(mut self) -> Views<B> {
        self.0.push(Box::new(Folded::<V>::default()));
        self
    }
}

/// One view, whatever its documents are.
pub(super) trait Fold<B: Business>: Send {
    fn name(&self) -> &'static str;
    fn shape(&self) -> u32;
    fn columns(&self) -> &'static [&'static str];
    /// The same view with nothing in it.
    fn fresh(&self) -> Box<dyn Fold<B>>;
    /// Remembers a fact; reads documents that memory lacks from `table`.
    fn hear(&mut self, connection: &Connection, table: &str, recorded: &Recorded<B>) -> Result<(), String>;
    /// Writes what has changed into `table`.
    fn write(&mut self, connection: &Connection, table: &str) -> Result<(), String>;
    /// Forgets what has not been written.
    fn forget(&mut self);
}

struct Folded<V: View> {
    documents: FxHashMap<String, Kept<V::Document>>,
    keys: Vec<String>,
    changed: usize,
    view: PhantomData<fn() -> V>,
}

struct Kept<D> {
    document: D,
    changed: bool,
}

impl<V: View> Default for Folded<V> {
    fn default() -> Folded<V> {
        let (documents, keys) = (FxHashMap::default(), Vec::new());
        Folded { documents, keys, changed: 0, view: PhantomData }
    }
}

impl<V: View> Fold<V::Business> for Folded<V> {
    fn name(&self) -> &'static str {
        V::NAME
    }

    fn shape(&self) -> u32 {
        V::SHAPE
    }

    fn columns(&self) -> &'static [&'static str] {
        V::COLUMNS
    }

    fn fresh(&self) -> Box<dyn Fold<V::Business>> {
        Box::new(Folded::<V>::default())
    }

    fn hear(
        &mut self,
        connection: &Connection,
        table: &str,
        recorded: &Recorded<V::Business>,
    ) -> Result<(), String> {
        let mut keys = std::mem::take(&mut self.keys);
        V::concerns(&recorded.fact, &mut keys);
        for key in keys.drain(..) {
            let kept = match self.documents.get_mut(&key) {
                Some(kept) => kept,
                None => {
                    let document = read::<V>(connection, table, &key)?.unwrap_or_default();
                    let kept = Kept { document, changed: false };
                    self.documents.entry(key.clone()).or_insert(kept)
                }
            };
            self.changed += usize::from(!kept.changed);
            kept.changed = true;
            V::evolve(&mut kept.document, &key, recorded);
        }
        self.keys = keys;
        Ok(())
    }

    fn write(&mut self, connection: &Connection, table: &str) -> Result<(), String>;
    /// Forgets what has not been written.
    fn forget(&mut self);
}

struct Folded<V: View> {
    documents: FxHashMap<String, Kept<V::Document>>,
    keys: Vec<String>,
    changed: usize,
    view: PhantomData<fn() -> V>,
}

struct Kept<D> {
    document: D,
    changed: bool,
}

impl<V: View> Default for Folded<V> {
    fn default() -> Folded<V> {
        let (documents, keys) = (FxHashMap::default(), Vec::new());
        Folded { documents, keys, changed: 0, view: PhantomData }
    }
}

impl<V: View> Fold<V::Business> for Folded<V> {
    fn name(&self) -> &'static str {
        V::NAME
    }

    fn shape(&self) -> u32 {
        V::SHAPE
    }

    fn columns(&self) -> &'static [&'static str] {
        V::COLUMNS
    }

    fn fresh(&self) -> Box<dyn Fold<V::Business>> {
        Box::new(Folded::<V>::default())
    }

    fn hear(
        &mut self,
        connection: &Connection,
        table: &str,
        recorded: &Recorded<V::Business>,
    ) -> Result<(), String> {
        V::concerns(&recorded.fact, &mut self.keys);
        for key in self.keys.drain(..) {
            let kept = match self.documents.entry(key) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let document = read::<V>(connection, table, unknown.key())?.unwrap_or_default();
                    unknown.insert(Kept { document, changed: false })
                }
            };
            self.changed += usize::from(!kept.changed);
            kept.changed = true;
        }
        // The keys were taken: asked for once more rather than cloned for every fact.
        V::concerns(&recorded.fact, &mut self.keys);
        for key in self.keys.drain(..) {
            if let Some(kept) = self.documents.get_mut(&key) {
                V::evolve(&mut kept.document, &key, recorded);
            }
        }
        Ok(())
    }

    fn write(&mut self, connection: &Connection, table: &str) -> Result<(), String> {
        if self.changed == 0 {
            return Ok(());
        }
        let text = |error: &dyn ToString| error.to_string();
        let marks = ", ?".repeat(V::COLUMNS.len());
        let insert = format!("INSERT OR REPLACE INTO \"{table}\" VALUES (?, ?{marks})");
        let delete = format!("DELETE FROM \"{table}\" WHERE key = ?");
        let mut insert = connection.prepare_cached(&insert).map_err(|error| text(&error))?;
        let mut delete = connection.prepare_cached(&delete).map_err(|error| text(&error))?;
        for (key, kept) in self.documents.iter_mut().filter(|(_, kept)| kept.changed) {
            kept.changed = false;
            if kept.document == V::Document::default() {
                delete.execute([key]).map_err(|error| text(&error))?;
                continue;
            }
            let json = serde_json::to_string(&kept.document).map_err(|error| text(&error))?;
            let columns = V::columns(&kept.document);
            let fixed = [key.clone().into(), json.into()].into_iter();
            let values = fixed.chain((0..V::COLUMNS.len()).map(|n| {
                store::value(columns.get(n).and_then(Option::as_ref))
            }));
            insert
                .execute(rusqlite::params_from_iter(values))
                .map_err(|error| text(&error))?;
        }
        self.changed = 0;
        self.documents.retain(|_, kept| kept.document != V::Document::default());
        if self.documents.len() > KEPT {
            self.documents.clear();
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.documents.clear();
        self.changed = 0;
    }
}

fn read<V: View>(
    connection: &Connection,
    table: &str,
    key: &str,
) -> Result<Option<V::Document>, String> {
    let find = format!("SELECT document FROM \"{table}\" WHERE key = ?");
    let json: Option<String> = connection
        .prepare_cached(&find)
        .and_then(|mut find| find.query_row([key], |row| row.get(0)).optional())
        .map_err(|error| error.to_string())?;
    json.map(|json| serde_json::from_str(&json)).transpose().map_err(|error| error.to_string())
}
