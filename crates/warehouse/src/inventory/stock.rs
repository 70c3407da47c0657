//! The stock of one SKU: what may be asked, why not, and what is remembered.

use super::{
    AdjustReason, AtSite, BlockReason, Disposition, Promise, Stage, StockFact, places::Spot,
};
use compact_str::CompactString;
use kernel::{Decider, FulfilmentId, LineId, Quantity, ReturnId, SiteId, Sku, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// What may be asked of a SKU's stock.
///
/// A story that asks twice is obeyed once: its amounts are totals (`units` picked *in all*), or what
/// is to remain (`keep`). What a person asks (receive, adjust, put back, block) adds up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StockCommand {
    /// Goods have come in.
    Receive {
        /// Where.
        site: SiteId,
        /// How many.
        quantity: Quantity,
        /// Bin, where bins are kept.
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        lot: Option<CompactString>,
        /// Of the delivery.
        reference: Option<CompactString>,
    },
    /// There is more or less than was believed; never refused for what was promised.
    Adjust {
        /// Where.
        site: SiteId,
        /// How many more; negative: fewer. At most a million.
        change: i64,
        /// Why.
        reason: AdjustReason,
        /// Bin, where bins are kept.
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        lot: Option<CompactString>,
    },
    /// Keep these for a line. A line to which something is promised already gets no more.
    Hold {
        /// For which line.
        line: LineId,
        /// How many.
        quantity: Quantity,
    },
    /// It is paid for.
    Commit {
        /// Which line.
        line: LineId,
    },
    /// Promise the line no more than this.
    Release {
        /// Which line.
        line: LineId,
        /// How many units may stay, of all stages; the earliest stage gives way first.
        keep: u32,
    },
    /// A site will send these; what is left waits until they are with the carrier.
    Allocate {
        /// Which line.
        line: LineId,
        /// For which fulfilment of the order; numbers count up.
        fulfilment: FulfilmentId,
        /// From where.
        site: SiteId,
        /// How many.
        units: u32,
        /// Bin, where bins are kept.
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        lot: Option<CompactString>,
    },
    /// So many in all were taken from their bin for this fulfilment.
    Pick {
        /// Which line.
        line: LineId,
        /// In all.
        units: u32,
    },
    /// So many in all were found for this fulfilment, and no more.
    ShortPick {
        /// Which line.
        line: LineId,
        /// In all, picked ones included.
        found: u32,
    },
    /// So many in all are in the parcel of this fulfilment.
    Pack {
        /// Which line.
        line: LineId,
        /// In all.
        units: u32,
    },
    /// The parcel is with the carrier: all that is packed for the line.
    HandOver {
        /// Which line.
        line: LineId,
    },
    /// Taken for a cancelled order, and now back in a bin.
    PutBack {
        /// Where.
        site: SiteId,
        /// How many.
        quantity: Quantity,
        /// Bin, where bins are kept.
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        lot: Option<CompactString>,
    },
    /// Came back from a customer, and was inspected.
    Restock {
        /// Where.
        site: SiteId,
        /// With which return.
        return_id: ReturnId,
        /// Number of the line in its order.
        line: u32,
        /// How many.
        quantity: Quantity,
        /// What becomes of them; only what is restocked is on hand again.
        disposition: Disposition,
    },
    /// May not be sold for now; never refused for what was promised.
    Block {
        /// Where.
        site: SiteId,
        /// How many.
        quantity: Quantity,
        /// Why.
        reason: BlockReason,
        /// Bin, where bins are kept.
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        lot: Option<CompactString>,
    },
    /// May be sold again.
    Unblock {
        /// Where.
        site: SiteId,
        /// How many.
        quantity: Quantity,
        /// Why they were blocked.
        reason: BlockReason,
        /// Bin, where bins are kept.
        location: Option<CompactString>,
        /// Lot, where lots are kept.
        lot: Option<CompactString>,
    },
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum StockRefusal {
    /// Not enough is left.
    #[error("only {available} are available: ask for fewer, or wait for a delivery")]
    OutOfStock {
        /// Units that could be promised.
        available: u32,
    },
    /// Nothing is promised to this line, or no longer.
    #[error("nothing is promised to line {line}: hold it first")]
    NotPromised {
        /// Which line.
        line: LineId,
    },
    /// The promise has not come so far, or what is missing is not there.
    #[error("of line {line} only {there} more units are ready for this")]
    NotReady {
        /// Which line.
        line: LineId,
        /// How many more could go on.
        there: u32,
    },
    /// Another fulfilment sends it.
    #[error("line {line} belongs to another fulfilment: wait until that is with the carrier")]
    OtherFulfilment {
        /// Which line.
        line: LineId,
    },
    /// Not at this site, or not in this bin.
    #[error("site {site} has only {available} there that no picker is after: take another")]
    NotAtSite {
        /// Which site.
        site: SiteId,
        /// How many it has.
        available: u32,
    },
    /// More than lies there.
    #[error("only {there} lie there: count again, or name the right place")]
    NotThere {
        /// How many do.
        there: u32,
    },
    /// It changes nothing, or too much.
    #[error("an adjustment changes something, and by at most a million units")]
    BadChange,
    /// Too long to be printed on a shelf.
    #[error("a bin, a lot or a reference has 1 to 64 bytes")]
    BadText,
}

/// What is remembered of a SKU's stock.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stock {
    /// A handful, and mostly one.
    pub(super) sites: Vec<AtSite>,
    /// Lines of which nothing is left are forgotten.
    pub(super) promises: BTreeMap<LineId, Promise>,
    pub(super) held: u64,
    pub(super) committed: u64,
    /// Units held or committed that are not there.
    pub(super) short_open: u64,
    pub(super) promises_made: u64,
    /// The latest returns, so that asking twice restocks once.
    #[serde(skip_serializing_if = "VecDeque::is_empty")]
    pub(super) restocked: VecDeque<(ReturnId, u32, Disposition)>,
}

impl Decider for Stock {
    type Id = Sku;
    type Command = StockCommand;
    type Fact = StockFact;
    type Refusal = StockRefusal;

    fn decide(&self, command: &StockCommand, _: Timestamp) -> Result<Vec<StockFact>, StockRefusal> {
        self.judge(command).map(|facts| self.and_covered(facts))
    }

    fn evolve(&mut self, fact: &StockFact) {
        self.remember(fact);
    }
}

/// What others may ask.
impl Stock {
    /// Units that can be promised.
    pub fn available(&self) -> u64 {
        let free: u64 = self.sites.iter().map(AtSite::free).sum();
        (free + self.short_open).saturating_sub(self.held + self.committed)
    }

    /// Units that lie anywhere, also in totes and parcels.
    pub fn on_hand(&self) -> u64 {
        self.sites.iter().map(AtSite::on_hand).sum()
    }

    /// On hand, less what is blocked.
    pub fn sellable(&self) -> u64 {
        self.sites.iter().map(AtSite::sellable).sum()
    }

    /// Units that may not be sold.
    pub fn blocked(&self) -> u64 {
        self.sites.iter().map(AtSite::blocked).sum()
    }

    /// Units that are promised and not there.
    pub fn short(&self) -> u64 {
        self.short_open + self.sites.iter().map(AtSite::short).sum::<u64>()
    }

    /// Units at a stage, of all lines.
    pub fn at(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Held => self.held,
            Stage::Committed => self.committed,
            further => self.sites.iter().map(|site| site.at(further)).sum(),
        }
    }

    /// What is promised to a line.
    pub fn promise(&self, line: LineId) -> Option<&Promise> {
        self.promises.get(&line)
    }

    /// What is promised, to whom.
    pub fn promises(&self) -> impl Iterator<Item = (LineId, &Promise)> {
        self.promises.iter().map(|(line, promise)| (*line, promise))
    }

    /// What lies at a site; none where nothing ever lay.
    pub fn site(&self, site: &SiteId) -> Option<&AtSite> {
        self.sites.iter().find(|known| known.site == *site)
    }

    /// Every site where some of it lies or lay.
    pub fn sites(&self) -> &[AtSite] {
        &self.sites
    }

    pub(super) fn units(&self, site: &SiteId, spot: Spot<'_>, why: Option<BlockReason>) -> u64 {
        self.site(site).map_or(0, |site| site.units(spot, why))
    }
}
