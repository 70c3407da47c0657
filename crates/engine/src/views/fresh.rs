//! What was folded and is not in the file yet. Who reads looks here first, so that nobody waits for
//! the disk, and the disk is given much at once.
//!
//! ```text
//! fold -> publish: open -> seal: sealed -> written, and gone from here
//! ```
//!
//! Who reads takes a [`Layer`] first and looks into the file afterwards: what was written in between
//! is then found in both places and never in none.

use super::{Side, fold::Changed};
use kernel::Columns;
use rustc_hash::FxHashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a row costs beside its text, roughly.
const ROW: usize = 256;

/// Documents that wait, by their keys.
pub(super) type Rows = FxHashMap<Arc<str>, Arc<Row>>;

/// A document that waits to be written.
#[derive(Debug)]
pub(super) struct Row {
    /// None where the document is as before its first fact, and is to be removed.
    pub(super) text: Option<Arc<str>>,
    pub(super) columns: Columns,
    /// It may be new to the table, or have other columns there.
    pub(super) whole: bool,
}

/// What waits of one table, as at one moment.
#[derive(Clone, Default)]
pub(super) struct Layer {
    /// What comes next to be written.
    open: Arc<Rows>,
    /// What is being written.
    sealed: Arc<Rows>,
}

impl Layer {
    pub(super) fn get(&self, key: &str) -> Option<&Arc<Row>> {
        self.open.get(key).or_else(|| self.sealed.get(key))
    }

    /// At least as many as there are.
    pub(super) fn len(&self) -> usize {
        self.open.len() + self.sealed.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Each key once, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Row)> {
        let older = self.sealed.iter().filter(|(key, _)| !self.open.contains_key(*key));
        self.open.iter().chain(older).map(|(key, row)| (key, &**row))
    }
}

/// The layers of all tables; shared by the one who folds and those who read.
#[derive(Clone, Default)]
pub(super) struct Fresh(Arc<Mutex<FxHashMap<(&'static str, Side), Waiting>>>);

#[derive(Default)]
struct Waiting {
    layer: Layer,
    /// Of what is open, roughly.
    bytes: usize,
}

impl Fresh {
    pub(super) fn layer(&self, view: &'static str, side: Side) -> Layer {
        self.all().get(&(view, side)).map(|waiting| waiting.layer.clone()).unwrap_or_default()
    }

    pub(super) fn get(&self, view: &'static str, side: Side, key: &str) -> Option<Arc<Row>> {
        self.all().get(&(view, side))?.layer.get(key).cloned()
    }

    /// From now on these are read.
    pub(super) fn publish(&self, view: &'static str, side: Side, changed: Vec<Changed>) {
        if changed.is_empty() {
            return;
        }
        let mut all = self.all();
        let Waiting { layer, bytes } = all.entry((view, side)).or_default();
        let open = Arc::make_mut(&mut layer.open);
        for Changed { key, mut row } in changed {
            *bytes += size(&row);
            if let Some(known) = open.get_mut(&*key) {
                *bytes -= size(known);
                row.whole |= known.whole;
                *known = Arc::new(row);
            } else {
                open.insert(key.into(), Arc::new(row));
            }
        }
    }

    /// What waits of a table is being written from now on, and can be read until it is.
    pub(super) fn seal(&self, view: &'static str, side: Side) -> Arc<Rows> {
        let mut all = self.all();
        let Some(Waiting { layer, bytes }) = all.get_mut(&(view, side)) else {
            return Arc::default();
        };
        *bytes = 0;
        layer.sealed = std::mem::take(&mut layer.open);
        layer.sealed.clone()
    }

    /// What was sealed is in the table.
    pub(super) fn written(&self, view: &'static str, side: Side) {
        if let Some(waiting) = self.all().get_mut(&(view, side)) {
            waiting.layer.sealed = Arc::default();
        }
    }

    /// Nothing waits for this table any more.
    pub(super) fn forget(&self, view: &'static str, side: Side) {
        self.all().remove(&(view, side));
    }

    /// Nothing waits any more.
    pub(super) fn forget_all(&self) {
        self.all().clear();
    }

    /// Bytes that wait to be sealed, roughly.
    pub(super) fn bytes(&self) -> usize {
        self.all().values().map(|waiting| waiting.bytes).sum()
    }

    fn all(&self) -> MutexGuard<'_, FxHashMap<(&'static str, Side), Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(row: &Row) -> usize {
    ROW + row.text.as_ref().map_or(0, |text| text.len())
}
