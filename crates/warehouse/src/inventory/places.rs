//! What lies where at a site: bins and lots, what may not be sold, and what is in totes and parcels.

use super::{BlockReason, Stage};
use compact_str::CompactString;
use kernel::SiteId;
use serde::{Deserialize, Serialize};

/// One SKU at one site.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtSite {
    pub(super) site: SiteId,
    /// A handful, and mostly one; an empty one is not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    places: Vec<Place>,
    /// Sum of the places that can be sold from.
    #[serde(default, skip_serializing_if = "is_zero")]
    in_bins: u64,
    /// Sum of the places that cannot.
    #[serde(default, skip_serializing_if = "is_zero")]
    blocked: u64,
    /// Pickers are after these; they lie in bins, but for those that are short.
    #[serde(default, skip_serializing_if = "is_zero")]
    allocated: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    picked: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    packed: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    short: u64,
}

/// Units in one place, of one lot, that share a status.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Bin, where bins are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<CompactString>,
    /// Lot, where lots are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<CompactString>,
    /// Why they may not be sold; none: they may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<BlockReason>,
    /// How many.
    pub units: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A bin and a lot; neither where they are not kept.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Spot<'a> {
    pub(super) location: Option<&'a str>,
    pub(super) lot: Option<&'a str>,
}

impl<'a> Spot<'a> {
    /// Where nobody keeps bins or lots.
    pub(super) const ANY: Spot<'static> = Spot { location: None, lot: None };

    pub(super) fn new(
        location: &'a Option<CompactString>,
        lot: &'a Option<CompactString>,
    ) -> Spot<'a> {
        Spot { location: location.as_deref(), lot: lot.as_deref() }
    }
}

impl Place {
    fn is(&self, spot: Spot<'_>, blocked: Option<BlockReason>) -> bool {
        self.blocked == blocked && Spot::new(&self.location, &self.lot) == spot
    }
}

/// What others may ask.
impl AtSite {
    /// Which site.
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// Bins, and what is blocked; not what is in totes and parcels.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Units at the site, also in totes and parcels.
    pub fn on_hand(&self) -> u64 {
        self.sellable() + self.blocked
    }

    /// On hand, less what is blocked.
    pub fn sellable(&self) -> u64 {
        self.in_bins + self.picked + self.packed
    }

    /// Units that may not be sold.
    pub fn blocked(&self) -> u64 {
        self.blocked
    }

    /// Units at a stage here; what is held or committed is promised by no site in particular.
    pub fn at(&self, stage: Stage) -> u64 {
        match stage {
            Stage::Held | Stage::Committed => 0,
            Stage::Allocated => self.allocated,
            Stage::Picked => self.picked,
            Stage::Packed => self.packed,
        }
    }

    /// Units that pickers are after and that are not there.
    pub fn short(&self) -> u64 {
        self.short
    }

    /// Units in bins that no picker is after.
    pub fn free(&self) -> u64 {
        (self.in_bins + self.short).saturating_sub(self.allocated)
    }

    /// Units blocked for a reason, in all places.
    pub fn blocked_for(&self, reason: BlockReason) -> u64 {
        let same = |place: &&Place| place.blocked == Some(reason);
        self.places.iter().filter(same).map(|place| place.units).sum()
    }
}

/// Memory.
impl AtSite {
    pub(super) fn new(site: SiteId) -> AtSite {
        AtSite {
            site,
            places: vec![],
            in_bins: 0,
            blocked: 0,
            allocated: 0,
            picked: 0,
            packed: 0,
            short: 0,
        }
    }

    pub(super) fn units(&self, spot: Spot<'_>, blocked: Option<BlockReason>) -> u64 {
        self.places.iter().find(|place| place.is(spot, blocked)).map_or(0, |place| place.units)
    }

    pub(super) fn put(&mut self, spot: Spot<'_>, blocked: Option<BlockReason>, units: u64) {
        *self.sum(blocked) += units;
        match self.places.iter_mut().find(|place| place.is(spot, blocked)) {
            Some(place) => place.units += units,
            None => self.places.push(Place {
                location: spot.location.map(CompactString::from),
                lot: spot.lot.map(CompactString::from),
                blocked,
                units,
            }),
        }
    }

    /// As many as there are, from this place alone.
    pub(super) fn take(&mut self, spot: Spot<'_>, blocked: Option<BlockReason>, units: u64) -> u64 {
        let Some(at) = self.places.iter().position(|place| place.is(spot, blocked)) else {
            return 0;
        };
        let taken = units.min(self.places[at].units);
        self.places[at].units -= taken;
        if self.places[at].units == 0 {
            self.places.remove(at);
        }
        *self.sum(blocked) -= taken;
        taken
    }

    /// From this place first, then from the others: so many are somewhere at the site.
    pub(super) fn take_near(&mut self, spot: Spot<'_>, units: u64) {
        let mut left = units - self.take(spot, None, units);
        for place in self.places.iter_mut().filter(|place| place.blocked.is_none()) {
            let taken = left.min(place.units);
            place.units -= taken;
            left -= taken;
            self.in_bins -= taken;
        }
        self.places.retain(|place| place.units > 0);
    }

    pub(super) fn count(&mut self, stage: Stage) -> Option<&mut u64> {
        match stage {
            Stage::Held | Stage::Committed => None,
            Stage::Allocated => Some(&mut self.allocated),
            Stage::Picked => Some(&mut self.picked),
            Stage::Packed => Some(&mut self.packed),
        }
    }

    pub(super) fn shortage(&mut self) -> &mut u64 {
        &mut self.short
    }

    fn sum(&mut self, blocked: Option<BlockReason>) -> &mut u64 {
        if blocked.is_none() { &mut self.in_bins } else { &mut self.blocked }
    }
}
