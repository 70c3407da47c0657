//! The rules of the stock: what is promised is there, and what is not there is said.

use super::{
    AdjustReason, AtSite, BlockReason, Promise, Stage, Stock, StockCommand, StockFact,
    StockRefusal, places::Spot, promise::Source,
};
use compact_str::CompactString;
use kernel::{FulfilmentId, LineId, Quantity, SiteId};
use std::cmp::Reverse;

type Facts = Result<Vec<StockFact>, StockRefusal>;

/// Bins, lots and references.
const TEXT: std::ops::RangeInclusive<usize> = 1..=64;

fn one(fact: StockFact) -> Facts {
    Ok(vec![fact])
}

/// What was obeyed before is obeyed by doing nothing.
fn unless_none(units: u32, fact: StockFact) -> Facts {
    Ok(if units == 0 { vec![] } else { vec![fact] })
}

fn count(units: u64) -> u32 {
    u32::try_from(units).unwrap_or(u32::MAX)
}

fn ready(line: LineId, units: u32, there: u32) -> Result<(), StockRefusal> {
    if units > there { Err(StockRefusal::NotReady { line, there }) } else { Ok(()) }
}

fn brief(texts: &[&Option<CompactString>]) -> Result<(), StockRefusal> {
    let good =
        |text: &&Option<CompactString>| text.as_ref().is_none_or(|t| TEXT.contains(&t.len()));
    if texts.iter().all(good) { Ok(()) } else { Err(StockRefusal::BadText) }
}

/// Whether there may be more to promise than before.
fn frees(fact: &StockFact) -> bool {
    match fact {
        StockFact::Received { .. }
        | StockFact::Adjusted { .. }
        | StockFact::Released { .. }
        | StockFact::ShortPicked { .. }
        | StockFact::PutBack { .. }
        | StockFact::Restocked { .. }
        | StockFact::Unblocked { .. } => true,
        StockFact::Held { .. }
        | StockFact::Committed { .. }
        | StockFact::Allocated { .. }
        | StockFact::Picked { .. }
        | StockFact::Packed { .. }
        | StockFact::HandedOver { .. }
        | StockFact::Shortfall { .. }
        | StockFact::Covered { .. }
        | StockFact::Blocked { .. } => false,
    }
}

/// A bin of a site.
#[derive(Clone, Copy)]
struct At<'a> {
    site: &'a SiteId,
    location: &'a Option<CompactString>,
    lot: &'a Option<CompactString>,
}

impl<'a> At<'a> {
    fn spot(self) -> Spot<'a> {
        Spot::new(self.location, self.lot)
    }

    fn owned(self) -> (SiteId, Option<CompactString>, Option<CompactString>) {
        (self.site.clone(), self.location.clone(), self.lot.clone())
    }

    fn adjusted(self, change: i64, reason: AdjustReason) -> StockFact {
        let (site, location, lot) = self.owned();
        StockFact::Adjusted { site, change, reason, location, lot }
    }

    fn blocked(self, units: u32, reason: BlockReason) -> StockFact {
        let (site, location, lot) = self.owned();
        StockFact::Blocked { site, units, reason, location, lot }
    }

    fn unblocked(self, units: u32, reason: BlockReason) -> StockFact {
        let (site, location, lot) = self.owned();
        StockFact::Unblocked { site, units, reason, location, lot }
    }
}

impl Stock {
    pub(super) fn judge(&self, command: &StockCommand) -> Facts {
        match command {
            StockCommand::Receive { site, quantity, location, lot, reference } => {
                brief(&[location, lot, reference])?;
                let (site, units) = (site.clone(), quantity.units());
                let (location, lot, reference) = (location.clone(), lot.clone(), reference.clone());
                one(StockFact::Received { site, units, location, lot, reference })
            }
            StockCommand::Adjust { site, change, reason, location, lot } => {
                self.adjust(At { site, location, lot }, *change, *reason)
            }
            StockCommand::Hold { line, quantity } => self.hold(*line, quantity.units()),
            StockCommand::Commit { line } => {
                let held = self.known(*line)?.at(Stage::Held);
                unless_none(held, StockFact::Committed { line: *line, units: held })
            }
            StockCommand::Release { line, keep } => Ok(self.release(*line, *keep)),
            StockCommand::Allocate { line, fulfilment, site, units, location, lot } => {
                self.allocate(*line, *fulfilment, At { site, location, lot }, *units)
            }
            StockCommand::Pick { line, units } => self.pick(*line, *units),
            StockCommand::ShortPick { line, found } => self.short_pick(*line, *found),
            StockCommand::Pack { line, units } => {
                let promise = self.known(*line)?;
                let more = units.saturating_sub(promise.boxed);
                ready(*line, more, promise.at(Stage::Picked))?;
                unless_none(more, StockFact::Packed { line: *line, units: more })
            }
            StockCommand::HandOver { line } => self.hand_over(*line),
            StockCommand::PutBack { site, quantity, location, lot } => {
                brief(&[location, lot])?;
                let units = quantity.units();
                self.must_lie(site, Spot::ANY, BlockReason::ToPutBack, units)?;
                let (site, location, lot) = At { site, location, lot }.owned();
                one(StockFact::PutBack { site, units, location, lot })
            }
            StockCommand::Restock { site, return_id, line, quantity, disposition } => {
                let (return_id, line, disposition) = (*return_id, *line, *disposition);
                if self.restocked.contains(&(return_id, line, disposition)) {
                    return Ok(vec![]);
                }
                let (site, units) = (site.clone(), quantity.units());
                one(StockFact::Restocked { site, return_id, line, units, disposition })
            }
            StockCommand::Block { site, quantity, reason, location, lot } => {
                self.block(At { site, location, lot }, quantity.units(), *reason)
            }
            StockCommand::Unblock { site, quantity, reason, location, lot } => {
                let (at, units) = (At { site, location, lot }, quantity.units());
                self.must_lie(site, at.spot(), *reason, units)?;
                one(at.unblocked(units, *reason))
            }
        }
    }

    fn known(&self, line: LineId) -> Result<&Promise, StockRefusal> {
        self.promises.get(&line).ok_or(StockRefusal::NotPromised { line })
    }

    fn hold(&self, line: LineId, units: u32) -> Facts {
        let available = self.available();
        if self.promises.contains_key(&line) {
            Ok(vec![])
        } else if u64::from(units) > available {
            Err(StockRefusal::OutOfStock { available: count(available) })
        } else {
            one(StockFact::Held { line, units })
        }
    }

    /// From the earliest stage on, and of each what is short before what is there.
    fn release(&self, line: LineId, keep: u32) -> Vec<StockFact> {
        let Some(promise) = self.promises.get(&line) else { return vec![] };
        let mut left = promise.total().saturating_sub(keep);
        let mut facts = vec![];
        for stage in Stage::ALL {
            let units = left.min(promise.at(stage));
            left -= units;
            if units > 0 {
                let short = units.min(promise.short_at(stage));
                facts.push(StockFact::Released { line, units, stage, short });
            }
        }
        facts
    }

    fn allocate(&self, line: LineId, fulfilment: FulfilmentId, at: At<'_>, units: u32) -> Facts {
        brief(&[at.location, at.lot])?;
        let promise = self.known(line)?;
        if let Some(source) = &promise.source {
            if source.fulfilment == fulfilment.number {
                return Ok(vec![]);
            }
            if source.fulfilment > fulfilment.number || promise.at_site() > 0 {
                return Err(StockRefusal::OtherFulfilment { line });
            }
        }
        ready(line, units, promise.at(Stage::Committed) - promise.short_at(Stage::Committed))?;
        let mut free = self.site(at.site).map_or(0, AtSite::free);
        if at.spot() != Spot::ANY {
            free = free.min(self.units(at.site, at.spot(), None));
        }
        if u64::from(units) > free {
            let (site, available) = (at.site.clone(), count(free));
            return Err(StockRefusal::NotAtSite { site, available });
        }
        let (site, location, lot) = at.owned();
        let fact = StockFact::Allocated { line, fulfilment, site, units, location, lot };
        unless_none(units, fact)
    }

    /// What is in a picker's hand is there, even if it was believed to be missing.
    fn pick(&self, line: LineId, units: u32) -> Facts {
        let promise = self.known(line)?;
        let more = units.saturating_sub(promise.taken);
        let allocated = promise.at(Stage::Allocated);
        ready(line, more, allocated)?;
        let found = more.saturating_sub(allocated - promise.short_allocated);
        let mut facts = vec![];
        if let (1.., Some(Source { site, location, lot, .. })) = (found, &promise.source) {
            let at = At { site, location, lot };
            facts.push(at.adjusted(i64::from(found), AdjustReason::Found));
            facts.push(StockFact::Covered { line, units: found, stage: Stage::Allocated });
        }
        if more > 0 {
            facts.push(StockFact::Picked { line, units: more });
        }
        Ok(facts)
    }

    fn short_pick(&self, line: LineId, found: u32) -> Facts {
        let promise = self.known(line)?;
        let coming = found.saturating_sub(promise.taken);
        let missing = promise.at(Stage::Allocated).saturating_sub(coming);
        let (1.., Some(Source { site, location, lot, .. })) = (missing, &promise.source) else {
            return Ok(vec![]);
        };
        let at = At { site, location, lot };
        let news = missing - missing.min(promise.short_allocated);
        let believed = self.units(site, at.spot(), None);
        // A heap without bins may hide them anywhere; an empty bin is empty for everybody.
        let left = match at.spot() == Spot::ANY {
            true => u64::from(news).min(believed),
            false => believed.saturating_sub(u64::from(coming)),
        };
        let mut facts = vec![StockFact::ShortPicked { line, units: missing }];
        if left > 0 {
            let after = self.after(&facts);
            facts.extend(after.undercut(site, left));
            facts.push(at.blocked(count(left), BlockReason::Counting));
        }
        Ok(facts)
    }

    /// A parcel that has gone has gone: nothing packed is old news once something was.
    fn hand_over(&self, line: LineId) -> Facts {
        let Some(promise) = self.promises.get(&line) else { return Ok(vec![]) };
        match promise.at(Stage::Packed) {
            0 if promise.boxed == 0 => Err(StockRefusal::NotReady { line, there: 0 }),
            units => unless_none(units, StockFact::HandedOver { line, units }),
        }
    }

    /// What is gone was being counted, or could be sold, or was blocked: in this order.
    fn adjust(&self, at: At<'_>, change: i64, reason: AdjustReason) -> Facts {
        brief(&[at.location, at.lot])?;
        if change == 0 || change.unsigned_abs() > u64::from(Quantity::MAX) {
            return Err(StockRefusal::BadChange);
        }
        if change > 0 {
            return one(at.adjusted(change, reason));
        }
        let [counting, others @ ..] =
            BlockReason::ALL.map(|why| (why, self.units(at.site, at.spot(), Some(why))));
        let sellable = self.units(at.site, at.spot(), None);
        let there = counting.1 + sellable + others.iter().map(|(_, units)| units).sum::<u64>();
        let mut left = change.unsigned_abs();
        if left > there {
            return Err(StockRefusal::NotThere { there: count(there) });
        }
        let mut unblocked = vec![];
        let mut unblock = |(why, units): (BlockReason, u64), left: &mut u64| {
            let gone = units.min(*left);
            *left -= gone;
            if gone > 0 {
                unblocked.push(at.unblocked(count(gone), why));
            }
        };
        unblock(counting, &mut left);
        let sold = sellable.min(left);
        left -= sold;
        others.into_iter().for_each(|other| unblock(other, &mut left));
        let mut facts = self.undercut(at.site, sold);
        facts.append(&mut unblocked);
        facts.push(at.adjusted(change, reason));
        Ok(facts)
    }

    fn block(&self, at: At<'_>, units: u32, reason: BlockReason) -> Facts {
        brief(&[at.location, at.lot])?;
        let there = self.units(at.site, at.spot(), None);
        if u64::from(units) > there {
            return Err(StockRefusal::NotThere { there: count(there) });
        }
        let mut facts = self.undercut(at.site, u64::from(units));
        facts.push(at.blocked(units, reason));
        Ok(facts)
    }

    fn must_lie(
        &self,
        site: &SiteId,
        spot: Spot<'_>,
        reason: BlockReason,
        units: u32,
    ) -> Result<(), StockRefusal> {
        let there = self.units(site, spot, Some(reason));
        if u64::from(units) > there {
            return Err(StockRefusal::NotThere { there: count(there) });
        }
        Ok(())
    }
}

/// What is promised and not there.
impl Stock {
    /// A site's bins are about to have so many units fewer: whose promises that breaks. Pickers at
    /// this site are hit where it has nothing else; all others by age, the newest first, holds before
    /// commitments.
    fn undercut(&self, site: &SiteId, fewer: u64) -> Vec<StockFact> {
        let mut here = fewer.saturating_sub(self.site(site).map_or(0, AtSite::free));
        let mut open = fewer.saturating_sub(self.available()).saturating_sub(here);
        if here + open == 0 {
            return vec![];
        }
        let mut newest: Vec<(LineId, &Promise)> = self.promises().collect();
        newest.sort_unstable_by_key(|(_, promise)| Reverse(promise.age));
        let mut facts = vec![];
        for stage in [Stage::Held, Stage::Committed, Stage::Allocated] {
            let missing = if stage == Stage::Allocated { &mut here } else { &mut open };
            for (line, promise) in &newest {
                let hit = stage != Stage::Allocated || promise.site() == Some(site);
                let there = u64::from(promise.at(stage) - promise.short_at(stage));
                let units = if hit { there.min(*missing) } else { 0 };
                *missing -= units;
                if units > 0 {
                    facts.push(StockFact::Shortfall { line: *line, units: count(units), stage });
                }
            }
        }
        facts
    }

    /// Whatever has come free serves the promises that are short, the oldest first, before anybody
    /// else can have it.
    pub(super) fn and_covered(&self, mut facts: Vec<StockFact>) -> Vec<StockFact> {
        let falls = |fact: &StockFact| matches!(fact, StockFact::Shortfall { .. });
        // The common case: nothing is short and nothing has become so, or nothing has come free.
        if !facts.iter().any(|fact| falls(fact) || (self.short() > 0 && frees(fact))) {
            return facts;
        }
        let mut stock = self.after(&facts);
        let mut short: Vec<(u64, LineId)> = stock
            .promises()
            .filter(|(_, promise)| promise.short() > 0)
            .map(|(line, promise)| (promise.age, line))
            .collect();
        short.sort_unstable();
        for (_, line) in short {
            for stage in [Stage::Allocated, Stage::Committed, Stage::Held] {
                let units = stock.coverable(line, stage);
                if units > 0 {
                    let fact = StockFact::Covered { line, units, stage };
                    stock.remember(&fact);
                    facts.push(fact);
                }
            }
        }
        facts
    }

    fn coverable(&self, line: LineId, stage: Stage) -> u32 {
        let Some(promise) = self.promises.get(&line) else { return 0 };
        let mut free = self.available();
        if stage == Stage::Allocated {
            free =
                free.min(promise.site().and_then(|site| self.site(site)).map_or(0, AtSite::free));
        }
        promise.short_at(stage).min(count(free))
    }

    fn after(&self, facts: &[StockFact]) -> Stock {
        let mut stock = self.clone();
        facts.iter().for_each(|fact| stock.remember(fact));
        stock
    }
}
