//! How the stock remembers its facts: every count moves here and nowhere else.

use super::{
    AtSite, BlockReason, Disposition, Promise, Stage, Stock, StockFact, places::Spot,
    promise::Source,
};
use kernel::{LineId, SiteId};

/// Returns that are remembered. A story asks again at once or after a restart, not after so many
/// others; and the name of its command guards it for ever.
const RETURNS: usize = 256;

impl Stock {
    pub(super) fn remember(&mut self, fact: &StockFact) {
        match fact {
            StockFact::Received { site, units, location, lot, .. } => {
                self.here(site).put(Spot::new(location, lot), None, u64::from(*units));
            }
            StockFact::Adjusted { site, change, location, lot, .. } => {
                let (spot, units) = (Spot::new(location, lot), change.unsigned_abs());
                if *change > 0 {
                    self.here(site).put(spot, None, units);
                } else {
                    self.here(site).take(spot, None, units);
                }
            }
            StockFact::Held { line, units } => self.held(*line, *units),
            StockFact::Committed { line, .. } => {
                self.shift(*line, Stage::Held, Stage::Committed, u32::MAX);
            }
            StockFact::Released { line, units, stage, short } => {
                self.cover(*line, *stage, *short);
                self.released(*line, *stage, *units);
            }
            StockFact::Allocated { line, fulfilment, site, units, location, lot } => {
                let (location, lot) = (location.clone(), lot.clone());
                let site = site.clone();
                let source = Source { fulfilment: fulfilment.number, site, location, lot };
                self.allocated(*line, source, *units);
            }
            StockFact::Picked { line, units } => self.picked(*line, *units),
            StockFact::ShortPicked { line, units } => self.short_picked(*line, *units),
            StockFact::Packed { line, units } => {
                self.shift(*line, Stage::Picked, Stage::Packed, *units);
                self.change(*line, |promise| promise.boxed += units);
            }
            StockFact::HandedOver { line, units } => {
                self.subtract(*line, Stage::Packed, *units);
            }
            StockFact::PutBack { site, units, location, lot } => {
                let reason = Some(BlockReason::ToPutBack);
                let taken = self.here(site).take(Spot::ANY, reason, u64::from(*units));
                self.here(site).put(Spot::new(location, lot), None, taken);
            }
            StockFact::Restocked { site, return_id, line, units, disposition } => {
                if self.restocked.len() == RETURNS {
                    self.restocked.pop_front();
                }
                self.restocked.push_back((*return_id, *line, *disposition));
                if *disposition == Disposition::Restock {
                    self.here(site).put(Spot::ANY, None, u64::from(*units));
                }
            }
            StockFact::Shortfall { line, units, stage } => self.fall_short(*line, *stage, *units),
            StockFact::Covered { line, units, stage } => self.cover(*line, *stage, *units),
            StockFact::Blocked { site, units, reason, location, lot } => {
                let spot = Spot::new(location, lot);
                let taken = self.here(site).take(spot, None, u64::from(*units));
                self.here(site).put(spot, Some(*reason), taken);
            }
            StockFact::Unblocked { site, units, reason, location, lot } => {
                let spot = Spot::new(location, lot);
                let taken = self.here(site).take(spot, Some(*reason), u64::from(*units));
                self.here(site).put(spot, None, taken);
            }
        }
    }

    fn held(&mut self, line: LineId, units: u32) {
        self.promises_made += 1;
        let age = self.promises_made;
        self.held += u64::from(units);
        let promise = self.promises.entry(line).or_default();
        promise.age = age;
        promise.add(Stage::Held, units);
    }

    fn allocated(&mut self, line: LineId, source: Source, units: u32) {
        self.change(line, |promise| {
            promise.source = Some(source);
            promise.taken = 0;
            promise.boxed = 0;
        });
        self.shift(line, Stage::Committed, Stage::Allocated, units);
    }

    fn picked(&mut self, line: LineId, units: u32) {
        self.shift(line, Stage::Allocated, Stage::Picked, units);
        self.change(line, |promise| promise.taken += units);
        let Some(source) = self.promises.get(&line).and_then(|promise| promise.source.clone())
        else {
            return;
        };
        let spot = Spot::new(&source.location, &source.lot);
        self.here(&source.site).take_near(spot, u64::from(units));
    }

    /// What was known to be missing goes first: it is as short as before, only earlier.
    fn short_picked(&mut self, line: LineId, units: u32) {
        let known = self.promises.get(&line).map_or(0, |promise| promise.short_allocated);
        let still = known.min(units);
        self.cover(line, Stage::Allocated, still);
        self.shift(line, Stage::Allocated, Stage::Committed, units);
        self.fall_short(line, Stage::Committed, still);
    }

    fn released(&mut self, line: LineId, stage: Stage, units: u32) {
        let site = self.promises.get(&line).and_then(Promise::site).cloned();
        let taken = self.subtract(line, stage, units);
        if let (Stage::Picked | Stage::Packed, Some(site)) = (stage, site) {
            let reason = Some(BlockReason::ToPutBack);
            self.here(&site).put(Spot::ANY, reason, u64::from(taken));
        }
    }

    fn fall_short(&mut self, line: LineId, stage: Stage, units: u32) {
        let Some(promise) = self.promises.get_mut(&line) else { return };
        let site = promise.site().cloned();
        match (stage, site) {
            (Stage::Held | Stage::Committed, _) => {
                promise.short_open += units;
                self.short_open += u64::from(units);
            }
            (Stage::Allocated, Some(site)) => {
                promise.short_allocated += units;
                *self.here(&site).shortage() += u64::from(units);
            }
            (Stage::Allocated | Stage::Picked | Stage::Packed, _) => {}
        }
    }

    fn cover(&mut self, line: LineId, stage: Stage, units: u32) {
        let Some(promise) = self.promises.get_mut(&line) else { return };
        let units = units.min(promise.short_at(stage));
        let site = promise.site().cloned();
        match (stage, site) {
            (Stage::Held | Stage::Committed, _) => {
                promise.short_open -= units;
                self.short_open -= u64::from(units);
            }
            (Stage::Allocated, Some(site)) => {
                promise.short_allocated -= units;
                *self.here(&site).shortage() -= u64::from(units);
            }
            (Stage::Allocated | Stage::Picked | Stage::Packed, _) => {}
        }
    }

    fn shift(&mut self, line: LineId, from: Stage, to: Stage, units: u32) {
        let Some(promise) = self.promises.get_mut(&line) else { return };
        let moved = promise.take(from, units);
        promise.add(to, moved);
        if moved > 0 {
            let site = promise.site().cloned();
            *self.count(from, site.as_ref()) -= u64::from(moved);
            *self.count(to, site.as_ref()) += u64::from(moved);
        }
    }

    /// Units that leave the promise; a line of which nothing is left is forgotten.
    fn subtract(&mut self, line: LineId, stage: Stage, units: u32) -> u32 {
        let Some(promise) = self.promises.get_mut(&line) else { return 0 };
        let taken = promise.take(stage, units);
        let (site, nothing_left) = (promise.site().cloned(), promise.total() == 0);
        if taken > 0 {
            *self.count(stage, site.as_ref()) -= u64::from(taken);
        }
        if nothing_left {
            self.promises.remove(&line);
        }
        taken
    }

    fn change(&mut self, line: LineId, change: impl FnOnce(&mut Promise)) {
        if let Some(promise) = self.promises.get_mut(&line) {
            change(promise);
        }
    }

    fn count(&mut self, stage: Stage, site: Option<&SiteId>) -> &mut u64 {
        match (stage, site) {
            (Stage::Held, _) => &mut self.held,
            (Stage::Committed, _) => &mut self.committed,
            (further, site) => {
                let site = site.expect("what is allocated, picked or packed has a site");
                self.here(site).count(further).expect("a site counts what it has set aside")
            }
        }
    }

    fn here(&mut self, site: &SiteId) -> &mut AtSite {
        let at = match self.sites.iter().position(|known| known.site == *site) {
            Some(at) => at,
            None => {
                self.sites.push(AtSite::new(site.clone()));
                self.sites.len() - 1
            }
        };
        &mut self.sites[at]
    }
}
