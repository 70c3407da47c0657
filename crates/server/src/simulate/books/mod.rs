//! Books kept beside the shop, from its facts alone and by rules of their own: what must hold at
//! every fact, and what must hold in the end.

mod labels;
pub(super) mod money;
mod stock;

use super::machine::{Halt, broken};
use flows::{Fact, Shop};
use journal::{Journal, memory::Memory};
use kernel::{ParcelId, Position, Recorded, Sku};
use labels::LabelBook;
use money::MoneyBook;
use std::collections::BTreeMap;
use stock::StockBook;

/// How many of the last facts a complaint shows.
const SHOWN: usize = 12;

/// All books.
#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    pub(super) stock: BTreeMap<Sku, StockBook>,
    pub(super) money: MoneyBook,
    pub(super) labels: BTreeMap<ParcelId, LabelBook>,
    pub(super) position: Position,
}

impl Books {
    /// Reads the next fact.
    ///
    /// # Errors
    /// What it breaks.
    pub(super) fn read(&mut self, recorded: &Recorded<Shop>) -> Result<(), Halt> {
        if recorded.position != self.position + 1 {
            let what = format!("{} comes after {}", recorded.position, self.position);
            return broken("positions_have_no_gaps", what);
        }
        self.position = recorded.position;
        if let Fact::Stock(sku, fact) = &recorded.fact {
            let book = self.stock.entry(sku.clone()).or_default();
            book.read(fact);
            book.check().or_else(|what| {
                broken("stock_adds_up", format!("{sku} at {}: {what}", recorded.position))
            })?;
        }
        if let Fact::Parcel(parcel, fact) = &recorded.fact {
            let book = self.labels.entry(*parcel).or_default();
            book.read(fact).or_else(|what| {
                let what = format!("{parcel} at {}: {what}", recorded.position);
                broken("parcels_leave_with_their_label", what)
            })?;
        }
        self.money.read(recorded)
    }
}

/// The last facts up to a position, as they stand in the journal.
pub(super) fn last_facts(reader: &dyn journal::Reader, tip: Position) -> Vec<String> {
    let mut lines = Vec::new();
    let mut position = tip;
    while lines.len() < SHOWN
        && position > 0
        && let Ok(Some(block)) = reader.block_holding(position)
        && let Ok(text) = block.text()
    {
        lines.extend(text.lines().rev().take(SHOWN - lines.len()).map(str::to_owned));
        position = block.first - 1;
    }
    lines.reverse();
    lines
}

/// Everything that stands in a journal.
///
/// # Errors
/// When it cannot be read.
pub(super) fn text_of(memory: &Memory) -> journal::Result<String> {
    let reader = Journal::reader(memory)?;
    let (mut text, mut next) = (String::new(), reader.block_after(0)?);
    while let Some(block) = next {
        text.push_str(&block.text()?);
        next = reader.block_after(block.last)?;
    }
    Ok(text)
}
