//! Views as they were, and whether they are what the journal says.

use super::{Error, Memory, Reader, Result, Views, fold::Fold, table::each_row};
use journal::LineReader;
use kernel::{Business, Position, Recorded, View};

/// Differences that are named.
const NAMED: usize = 20;

/// A document that is not what the journal says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Whose.
    pub view: &'static str,
    /// Under which key.
    pub key: String,
}

/// What a comparison with the journal found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Facts read.
    pub facts: u64,
    /// Stored documents compared.
    pub documents: u64,
    /// How many are not what the journal says.
    pub different: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
}

/// A document as it was after the fact at `position`; folds the journal up to there.
///
/// # Errors
/// When the journal cannot be read.
pub fn at<V: View>(
    journal: &dyn journal::Reader,
    key: &str,
    position: Position,
) -> Result<Option<V::Document>> {
    let mut past = Blocks::<V::Business>::new(journal.another()?);
    let mut document = V::Document::default();
    let mut keys = Vec::new();
    let mut from = 0;
    while from < position
        && let Some(facts) = past.after(from)?
    {
        for recorded in facts.iter().filter(|recorded| recorded.position <= position) {
            V::concerns(recorded, &mut keys);
            if keys.drain(..).any(|concerned| concerned == key) {
                V::evolve(&mut document, key, recorded);
            }
        }
        from = facts.last().map_or(position, |recorded| recorded.position);
    }
    Ok(Some(document).filter(|document| *document != V::Document::default()))
}

/// Builds every view again in memory, reading each fact once, and compares it with what is stored,
/// each at the position at which it is stored. Views that are being built are left out.
///
/// # Errors
/// When the journal or the store cannot be read.
pub fn equal_to_rebuilt<B: Business>(
    views: &Views<B>,
    reader: &Reader,
    journal: &dyn journal::Reader,
) -> Result<Compared> {
    let mut past = Blocks::new(journal.another()?);
    reader.read(|connection| {
        let mut lanes: Vec<Lane<B>> = Vec::new();
        for kind in &views.0 {
            let entry = match reader.entry(connection, kind.layout) {
                Err(Error::NotBuilt { .. }) => continue,
                entry => entry?,
            };
            let fold = (kind.fold)(Memory { documents: usize::MAX, begins: true });
            let (table, position) = (entry.table(), entry.position);
            lanes.push(Lane { view: kind.layout.name, table, position, fold });
        }
        let mut compared = Compared::default();
        let until = lanes.iter().map(|lane| lane.position).max().unwrap_or(0);
        while compared.facts < until {
            let after = compared.facts;
            let facts = past.after(after)?.ok_or(Error::NoFact { after })?;
            for Lane { position, fold, .. } in &mut lanes {
                let end = facts.partition_point(|recorded| recorded.position <= *position);
                fold.apply(&facts[..end], &mut |_| Ok(None))?;
            }
            compared.facts += facts.len() as u64;
        }
        compared.facts = until;
        for Lane { view, table, fold, .. } in &mut lanes {
            each_row(connection, table, |key, json| {
                compared.documents += 1;
                if !fold.check_off(key, json) {
                    compared.note(view, key.to_owned());
                }
                true
            })
            .map_err(|error| reader.failed(error))?;
            fold.left().into_iter().for_each(|key| compared.note(view, key));
        }
        Ok(compared)
    })
}

impl Compared {
    fn note(&mut self, view: &'static str, key: String) {
        self.different += 1;
        if self.differences.len() < NAMED {
            self.differences.push(Difference { view, key });
        }
    }
}

/// A view that is being compared.
struct Lane<B: Business> {
    view: &'static str,
    table: String,
    position: Position,
    fold: Box<dyn Fold<B>>,
}

/// Reads facts block by block.
pub(super) struct Blocks<B: Business> {
    journal: Box<dyn journal::Reader>,
    lines: LineReader<B>,
}

impl<B: Business> Blocks<B> {
    pub(super) fn new(journal: Box<dyn journal::Reader>) -> Blocks<B> {
        Blocks { journal, lines: LineReader::default() }
    }

    /// The facts after a position that lie in one block; none at the end.
    pub(super) fn after(&mut self, position: Position) -> Result<Option<Vec<Recorded<B>>>> {
        let Some(block) = self.journal.block_holding(position + 1)? else { return Ok(None) };
        let mut facts = Vec::new();
        for line in block.text()?.lines() {
            facts.push(self.lines.read(line)?);
        }
        facts.retain(|recorded: &Recorded<B>| recorded.position > position);
        Ok(Some(facts).filter(|facts| !facts.is_empty()))
    }

    /// One fact; none when the journal does not hold it.
    pub(super) fn fact(&mut self, position: Position) -> Result<Option<Recorded<B>>> {
        let Some(before) = position.checked_sub(1) else { return Ok(None) };
        let facts = self.after(before)?.unwrap_or_default();
        Ok(facts.into_iter().next().filter(|recorded| recorded.position == position))
    }
}
