//! The documents of one view in memory: those that facts are changing, and those lately used.

use super::{Error, Memory, Result, fresh::Row};
use kernel::{Business, Columns, Position, Recorded, View};
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use serde::de::DeserializeOwned;
use std::{
    hash::{Hash, Hasher},
    str,
    sync::Arc,
};

/// Keys that were put out of memory and are still remembered; beyond that, the table is asked.
const PUT_OUT_MAX: usize = 1 << 20;

/// Where a document lies that is not in memory.
pub(super) type Load<'a> = &'a mut dyn FnMut(&str) -> Result<Option<Arc<str>>>;

/// A document that facts have changed.
pub(super) struct Changed {
    pub(super) key: String,
    pub(super) row: Row,
}

/// A view at work, with its types forgotten.
pub(super) trait Fold<B: Business>: Send {
    /// Folds facts, in order.
    ///
    /// # Errors
    /// When a document cannot be loaded.
    fn apply(&mut self, facts: &[Recorded<B>], load: Load<'_>) -> Result<()>;
    /// The fact that it is at, for whoever asks why it failed.
    fn at(&self) -> Position;
    /// True when more documents are in memory than should be.
    fn is_crowded(&self) -> bool;
    /// Puts what has changed into text: whatever may fail because of the view fails here, before
    /// anything is written. Whoever takes them answers for them: they may be put out of memory.
    ///
    /// # Errors
    /// When the view makes a document that cannot be stored.
    fn changed(&mut self) -> Result<Vec<Changed>>;
    /// True when two texts mean the same document.
    fn same(&self, one: &str, other: &str) -> bool;
    /// Compares a stored document with the one in memory and lets go of that; true when they are
    /// the same.
    fn check_off(&mut self, key: &str, json: &str) -> bool;
    /// Keys of documents that were not checked off.
    fn left(&self) -> Vec<String>;
}

/// The one implementation of [`Fold`].
pub(super) struct Folding<V: View> {
    documents: FxHashMap<String, Kept<V::Document>>,
    /// Keys of documents that have changed.
    dirty: Vec<String>,
    keys: Vec<String>,
    at: Position,
    /// Hashes of keys that are in the table and not in memory; none when the table must be asked.
    put_out: Option<FxHashSet<u64>>,
    most: usize,
    text: Vec<u8>,
}

struct Kept<D> {
    document: D,
    dirty: bool,
    used: bool,
    /// Hash of the columns as they were handed out last; none when unknown.
    columns: Option<u64>,
}

impl<V: View> Folding<V> {
    pub(super) fn new(memory: Memory) -> Folding<V> {
        Folding {
            documents: FxHashMap::default(),
            dirty: Vec::new(),
            keys: Vec::new(),
            at: 0,
            put_out: memory.begins.then(FxHashSet::default),
            most: memory.documents,
            text: Vec::new(),
        }
    }

    fn load(&self, key: &str, load: Load<'_>) -> Result<Kept<V::Document>> {
        let absent = self.put_out.as_ref().is_some_and(|keys| !keys.contains(&hash(key)));
        let document = match if absent { None } else { load(key)? } {
            None => V::Document::default(),
            Some(json) => parse::<V>(key, &json)?,
        };
        Ok(Kept { document, dirty: false, used: false, columns: None })
    }

    fn row(&mut self, key: &str, blank: &V::Document) -> Result<Option<Row>> {
        let Some(kept) = self.documents.get_mut(key) else { return Ok(None) };
        kept.dirty = false;
        if kept.document == *blank {
            kept.columns = None;
            return Ok(Some(Row { text: None, columns: Columns::new(), whole: true }));
        }
        let columns = V::columns(&kept.document);
        let unstorable =
            |what: String| Error::Unstorable { view: V::NAME, key: key.to_owned(), what };
        if columns.len() != V::COLUMNS.len() {
            let what = format!("{} columns instead of {}", columns.len(), V::COLUMNS.len());
            return Err(unstorable(what));
        }
        self.text.clear();
        serde_json::to_writer(&mut self.text, &kept.document)
            .map_err(|error| unstorable(error.to_string()))?;
        let text = str::from_utf8(&self.text).map_err(|error| unstorable(error.to_string()))?;
        let sum = Some(hash(&columns.iter().map(Part::of).collect::<Vec<_>>()));
        let whole = kept.columns != sum;
        kept.columns = sum;
        Ok(Some(Row { text: Some(text.into()), columns, whole }))
    }

    /// Puts documents out of memory: those that were not used since the last time, and then some.
    fn make_room(&mut self) {
        if self.documents.len() <= self.most {
            return;
        }
        let used = self.documents.values().filter(|kept| kept.used).count();
        let mut room = if used <= self.most { self.most } else { self.most / 2 };
        let put_out = &mut self.put_out;
        self.documents.retain(|key, kept| {
            let stays = kept.dirty || (std::mem::take(&mut kept.used) && room > 0);
            if stays {
                room = room.saturating_sub(1);
            } else if let Some(keys) = put_out {
                keys.insert(hash(key));
            }
            stays
        });
        if put_out.as_ref().is_some_and(|keys| keys.len() > PUT_OUT_MAX) {
            *put_out = None;
        }
    }
}

impl<V: View> Fold<V::Business> for Folding<V> {
    fn apply(&mut self, facts: &[Recorded<V::Business>], load: Load<'_>) -> Result<()> {
        for recorded in facts {
            self.at = recorded.position;
            V::concerns(recorded, &mut self.keys);
            if self.keys.len() > 1 {
                self.keys.sort_unstable();
                self.keys.dedup();
            }
            while let Some(key) = self.keys.pop() {
                if let Some(kept) = self.documents.get_mut(&key) {
                    tell::<V>(kept, &key, recorded, &mut self.dirty);
                    continue;
                }
                let mut kept = self.load(&key, load)?;
                tell::<V>(&mut kept, &key, recorded, &mut self.dirty);
                self.documents.insert(key, kept);
            }
        }
        Ok(())
    }

    fn at(&self) -> Position {
        self.at
    }

    fn is_crowded(&self) -> bool {
        self.documents.len() > self.most
    }

    fn changed(&mut self) -> Result<Vec<Changed>> {
        let blank = V::Document::default();
        let mut changed = Vec::with_capacity(self.dirty.len());
        for key in std::mem::take(&mut self.dirty) {
            if let Some(row) = self.row(&key, &blank)? {
                changed.push(Changed { key, row });
            }
        }
        self.make_room();
        Ok(changed)
    }

    fn same(&self, one: &str, other: &str) -> bool {
        let parse = |text| serde_json::from_str::<V::Document>(text).ok();
        one == other || parse(one).is_some_and(|one| Some(one) == parse(other))
    }

    fn check_off(&mut self, key: &str, json: &str) -> bool {
        let Some(kept) = self.documents.get(key) else { return false };
        self.text.clear();
        let same_text = serde_json::to_writer(&mut self.text, &kept.document).is_ok()
            && self.text == json.as_bytes();
        // Maps may be written in another order and mean the same.
        let same = same_text || parse::<V>(key, json).is_ok_and(|found| found == kept.document);
        self.documents.remove(key);
        same
    }

    fn left(&self) -> Vec<String> {
        let blank = V::Document::default();
        let left = self.documents.iter().filter(|(_, kept)| kept.document != blank);
        let mut keys: Vec<String> = left.map(|(key, _)| key.clone()).collect();
        keys.sort_unstable();
        keys
    }
}

fn tell<V: View>(
    kept: &mut Kept<V::Document>,
    key: &str,
    recorded: &Recorded<V::Business>,
    dirty: &mut Vec<String>,
) {
    V::evolve(&mut kept.document, key, recorded);
    kept.used = true;
    if !kept.dirty {
        kept.dirty = true;
        dirty.push(key.to_owned());
    }
}

/// Reads a stored document; the file is named by whoever knows it.
pub(super) fn parse<V: View>(key: &str, json: &str) -> Result<V::Document>
where
    V::Document: DeserializeOwned,
{
    serde_json::from_str(json).map_err(|error| Error::BadDocument {
        file: "views.db".into(),
        view: V::NAME,
        key: key.to_owned(),
        what: error.to_string(),
    })
}

/// A column's value as something that can be hashed.
#[derive(Hash)]
enum Part<'a> {
    Nothing,
    Text(&'a str),
    Number(i64),
}

impl Part<'_> {
    fn of(column: &Option<kernel::Column>) -> Part<'_> {
        match column {
            None => Part::Nothing,
            Some(kernel::Column::Text(text)) => Part::Text(text),
            Some(kernel::Column::Number(number)) => Part::Number(*number),
        }
    }
}

fn hash(what: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = FxHasher::default();
    what.hash(&mut hasher);
    hasher.finish()
}
