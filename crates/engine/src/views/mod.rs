//! What people look at: facts folded into documents, in a file that may be deleted at any time.
//!
//! ```text
//! journal -> Runner: fold in memory -> publish: texts -> write: one transaction -> views.db
//!               |                           '-> Reader <-----------------------------'
//!               '-> beside the live table: a new shape, checked, then swapped
//! ```
//!
//! Read in this order: [`Views`] (which there are), [`fold`] (documents in memory), [`fresh`] (read,
//! but not written yet), [`table`] and [`store`] (documents on disk), [`runner`] (follows the
//! journal), [`writing`] and [`batch`] (from folded to read to written), [`rebuild`] (builds again),
//! [`replay`] (how fast, and to what end), [`pause`] (stands still for a while), [`driver`] (the thread), [`query`] and [`reader`] (what others see), [`past`] (as it was).

mod error;

mod fold;
mod fresh;

mod mark;
mod store;
mod table;
mod texts;

mod batch;
mod runner;
mod writing;

mod rebuild;
mod replay;

mod pause;

mod driver;
mod seen;

mod merged;
mod query;
mod reader;

mod past;

#[cfg(test)]
mod tests;

pub use driver::run;
pub use error::{Error, Result};
pub use past::{Compared, Difference, at, equal_to_rebuilt};
pub use query::{Cursor, NoCursor, Page, Query};
pub use reader::{Listed, Reader};
pub use replay::{Checked, Replay, Then};
pub use runner::Runner;
pub use seen::{Doing, Seen, Status};
pub use store::Store;
pub use table::Checksum;

use fold::{Fold, Folding};
use kernel::{Business, View};
use std::time::Duration;

/// The views that a program has.
pub struct Views<B: Business>(Vec<Kind<B>>);

/// How much the views hold back and keep in memory.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Facts that may be folded before documents are published.
    pub unpublished_facts: usize,
    /// Bytes of published documents that may wait to be written, roughly.
    pub unwritten: usize,
    /// How long what was folded may wait to be published while facts keep coming.
    pub delay: Duration,
    /// How long it may wait to be published when nothing else is to be done: what comes close
    /// together becomes one text. Nobody who asked for a position waits for this.
    pub linger: Duration,
    /// How long what is published may wait to be written. Longer, and less is written; but each list
    /// looks through all that waits.
    pub hold: Duration,
    /// Documents of each view that are kept in memory.
    pub documents: usize,
}

/// What the store must know of a view.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Layout {
    name: &'static str,
    shape: u32,
    columns: &'static [&'static str],
}

/// Which table of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Side {
    /// The one that is read.
    Live,
    /// The one that is being built.
    Beside,
}

/// A view with its types forgotten.
struct Kind<B: Business> {
    layout: Layout,
    fold: fn(Memory) -> Box<dyn Fold<B>>,
}

/// What a fold may keep in memory, and what it may take for granted.
#[derive(Clone, Copy, Debug)]
struct Memory {
    /// Documents.
    documents: usize,
    /// True when its table is empty: then memory alone tells that a document does not exist.
    begins: bool,
}

impl<B: Business> Views<B> {
    /// None yet.
    #[must_use]
    pub fn new() -> Views<B> {
        Views(Vec::new())
    }

    /// One more.
    ///
    /// # Panics
    /// When its name or a column is not made of `a-z`, `0-9` and `_`, or the name is taken: the
    /// program is wrong then.
    #[must_use]
    pub fn with<V: View<Business = B>>(mut self) -> Views<B> {
        let layout = Layout::of::<V>();
        let plain = |name: &str| {
            let known = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            !name.is_empty() && name.chars().all(known)
        };
        let named = plain(V::NAME) && V::COLUMNS.iter().all(|column| plain(column));
        assert!(named, "{} and its columns need plain names", V::NAME);
        let taken = self.0.iter().any(|kind| kind.layout.name == V::NAME);
        assert!(!taken, "there are two views named {}", V::NAME);
        self.0.push(Kind { layout, fold: |memory| Box::new(Folding::<V>::new(memory)) });
        self
    }

    /// Their names, in the order in which they were added.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|kind| kind.layout.name)
    }
}

impl<B: Business> Default for Views<B> {
    fn default() -> Views<B> {
        Views::new()
    }
}

impl<B: Business> Clone for Views<B> {
    fn clone(&self) -> Views<B> {
        Views(self.0.clone())
    }
}

impl<B: Business> Clone for Kind<B> {
    fn clone(&self) -> Kind<B> {
        *self
    }
}

impl<B: Business> Copy for Kind<B> {}

impl Layout {
    fn of<V: View>() -> Layout {
        Layout { name: V::NAME, shape: V::SHAPE, columns: V::COLUMNS }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds {
            unpublished_facts: 200_000,
            unwritten: 16 << 20,
            delay: Duration::from_secs(1),
            linger: Duration::from_millis(100),
            hold: Duration::from_millis(250),
            documents: 1 << 16,
        }
    }
}
