//! Stock: how much of each SKU lies where, what of it is promised, and what may still be sold.

use super::brief::{add, is_default};
use crate::wiring::{Fact, Shop};
use kernel::{Column, Columns, LineId, Recorded, SiteId, View};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use warehouse::inventory::{Disposition, Stage, StockFact};

/// Stock, under the SKU. Columns: `low`, which is what is available where that is not plenty.
pub struct Stocks;

/// Up to so many units a SKU is listed in the order of what is left. What is plentiful is not: its
/// place in that order would change with every order, for nobody.
const LOW: i64 = 100;

/// One SKU, in units: *on hand + short = held + committed + allocated + picked + packed + blocked +
/// available*.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Stock {
    /// Where it lies, and what a site has set aside; the site that was heard of first comes first.
    pub sites: Vec<StockAtSite>,
    /// Kept for lines until they are paid.
    #[serde(skip_serializing_if = "is_default")]
    pub held: i64,
    /// Paid for, and no site sends it yet.
    #[serde(skip_serializing_if = "is_default")]
    pub committed: i64,
    /// Promised and not there.
    #[serde(skip_serializing_if = "is_default")]
    pub short: i64,
    /// What came and went, ever.
    pub moved: StockMoved,
    /// Of its stream.
    pub version: u64,
    /// Lines that another site than the first sends: which, and how many units. A line that is not
    /// named is the first site's.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    elsewhere: BTreeMap<LineId, (usize, i64)>,
}

/// What lies at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StockAtSite {
    /// Which.
    pub site: SiteId,
    /// In the building, also in totes and parcels.
    #[serde(default, skip_serializing_if = "is_default")]
    pub on_hand: i64,
    /// Set aside for a picker.
    #[serde(default, skip_serializing_if = "is_default")]
    pub allocated: i64,
    /// In totes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub picked: i64,
    /// In parcels.
    #[serde(default, skip_serializing_if = "is_default")]
    pub packed: i64,
    /// Not to be sold: damaged, being counted, or to be put back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub blocked: i64,
}

/// What came and went, ever; on hand is what remains of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StockMoved {
    /// Came in from suppliers.
    #[serde(skip_serializing_if = "is_default")]
    pub received: i64,
    /// Left with a carrier.
    #[serde(skip_serializing_if = "is_default")]
    pub handed_over: i64,
    /// Came back and can be sold.
    #[serde(skip_serializing_if = "is_default")]
    pub restocked: i64,
    /// Found less lost.
    #[serde(skip_serializing_if = "is_default")]
    pub adjusted: i64,
}

impl View for Stocks {
    type Business = Shop;
    type Document = Stock;

    const NAME: &'static str = "stock";
    const SHAPE: u32 = 1;
    const COLUMNS: &'static [&'static str] = &["low"];

    fn concerns(recorded: &Recorded<Shop>, keys: &mut Vec<String>) {
        if let Fact::Stock(sku, _) = &recorded.fact {
            keys.push(sku.to_string());
        }
    }

    fn evolve(stock: &mut Stock, _: &str, recorded: &Recorded<Shop>) {
        let Fact::Stock(_, fact) = &recorded.fact else { return };
        stock.version = recorded.version;
        stock.hear(fact);
    }

    fn columns(stock: &Stock) -> Columns {
        let available = stock.available();
        vec![(available <= LOW).then_some(Column::Number(available))]
    }
}

/// What others may ask.
impl Stock {
    /// In the buildings, also in totes and parcels.
    pub fn on_hand(&self) -> i64 {
        self.sum(|site| site.on_hand)
    }

    /// Set aside for a picker.
    pub fn allocated(&self) -> i64 {
        self.sum(|site| site.allocated)
    }

    /// In totes.
    pub fn picked(&self) -> i64 {
        self.sum(|site| site.picked)
    }

    /// In parcels.
    pub fn packed(&self) -> i64 {
        self.sum(|site| site.packed)
    }

    /// Not to be sold.
    pub fn blocked(&self) -> i64 {
        self.sum(|site| site.blocked)
    }

    /// Promised to order lines, at any stage.
    pub fn promised(&self) -> i64 {
        self.held + self.committed + self.sum(|site| site.allocated + site.picked + site.packed)
    }

    /// What may still be promised.
    pub fn available(&self) -> i64 {
        self.on_hand() - self.blocked() - self.promised() + self.short
    }

    fn sum(&self, units: impl Fn(&StockAtSite) -> i64) -> i64 {
        self.sites.iter().map(units).sum()
    }
}

impl Stock {
    fn hear(&mut self, fact: &StockFact) {
        match fact {
            StockFact::Received { site, units, .. } => {
                self.site(site).on_hand += i64::from(*units);
                self.moved.received += i64::from(*units);
            }
            StockFact::Adjusted { site, change, .. } => {
                self.site(site).on_hand += change;
                self.moved.adjusted += change;
            }
            StockFact::Restocked { site, units, disposition: Disposition::Restock, .. } => {
                self.site(site).on_hand += i64::from(*units);
                self.moved.restocked += i64::from(*units);
            }
            StockFact::Restocked { .. } => {}
            StockFact::PutBack { site, units, .. } | StockFact::Unblocked { site, units, .. } => {
                self.site(site).blocked -= i64::from(*units);
            }
            StockFact::Blocked { site, units, .. } => {
                self.site(site).blocked += i64::from(*units);
            }
            StockFact::Shortfall { units, .. } => self.short += i64::from(*units),
            StockFact::Covered { units, .. } => self.short -= i64::from(*units),
            StockFact::Held { .. }
            | StockFact::Committed { .. }
            | StockFact::Released { .. }
            | StockFact::Allocated { .. }
            | StockFact::Picked { .. }
            | StockFact::ShortPicked { .. }
            | StockFact::Packed { .. }
            | StockFact::HandedOver { .. } => self.hear_promise(fact),
        }
    }

    fn hear_promise(&mut self, fact: &StockFact) {
        match fact {
            StockFact::Held { units, .. } => self.held += i64::from(*units),
            StockFact::Committed { units, .. } => {
                self.held -= i64::from(*units);
                self.committed += i64::from(*units);
            }
            StockFact::Allocated { line, site, units, .. } => {
                let units = i64::from(*units);
                self.committed -= units;
                let at = self.place(site);
                self.sites[at].allocated += units;
                if at > 0 {
                    let (_, there) = self.elsewhere.entry(*line).or_insert((at, 0));
                    *there += units;
                }
            }
            StockFact::ShortPicked { line, units } => {
                self.of_line(*line).allocated -= i64::from(*units);
                self.leave(*line, i64::from(*units));
                self.committed += i64::from(*units);
            }
            StockFact::Picked { line, units } => {
                let site = self.of_line(*line);
                site.allocated -= i64::from(*units);
                site.picked += i64::from(*units);
            }
            StockFact::Packed { line, units } => {
                let site = self.of_line(*line);
                site.picked -= i64::from(*units);
                site.packed += i64::from(*units);
            }
            StockFact::HandedOver { line, units } => {
                let units = i64::from(*units);
                let site = self.of_line(*line);
                site.packed -= units;
                site.on_hand -= units;
                self.leave(*line, units);
                self.moved.handed_over += units;
            }
            StockFact::Released { line, units, stage, short } => {
                self.released(*line, i64::from(*units), *stage, i64::from(*short));
            }
            _ => {}
        }
    }

    fn released(&mut self, line: LineId, units: i64, stage: Stage, short: i64) {
        self.short -= short;
        match stage {
            Stage::Held => self.held -= units,
            Stage::Committed => self.committed -= units,
            Stage::Allocated => self.of_line(line).allocated -= units,
            // What was taken from its bin has to be put back before it can be sold.
            Stage::Picked => {
                let site = self.of_line(line);
                site.picked -= units;
                site.blocked += units - short;
            }
            Stage::Packed => {
                let site = self.of_line(line);
                site.packed -= units;
                site.blocked += units - short;
            }
        }
        if let Stage::Allocated | Stage::Picked | Stage::Packed = stage {
            self.leave(line, units);
        }
    }

    fn place(&mut self, site: &SiteId) -> usize {
        match self.sites.iter().position(|known| known.site == *site) {
            Some(at) => at,
            None => {
                let (on_hand, allocated, picked, packed, blocked) = Default::default();
                let site = site.clone();
                add(
                    &mut self.sites,
                    StockAtSite { site, on_hand, allocated, picked, packed, blocked },
                );
                self.sites.len() - 1
            }
        }
    }

    fn site(&mut self, site: &SiteId) -> &mut StockAtSite {
        let at = self.place(site);
        &mut self.sites[at]
    }

    /// The site that sends a line.
    fn of_line(&mut self, line: LineId) -> &mut StockAtSite {
        let at = self.elsewhere.get(&line).map_or(0, |(at, _)| *at);
        &mut self.sites[at]
    }

    /// Units of a line that no site has to send any more.
    fn leave(&mut self, line: LineId, units: i64) {
        if let Some((_, there)) = self.elsewhere.get_mut(&line) {
            *there -= units;
            if *there <= 0 {
                self.elsewhere.remove(&line);
            }
        }
    }
}
