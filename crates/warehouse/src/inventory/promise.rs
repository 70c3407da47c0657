//! What is promised to one order line, and how far it has come.

use compact_str::CompactString;
use kernel::SiteId;
use serde::{Deserialize, Serialize};

/// How far a promise has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Until it is paid.
    Held,
    /// Paid for.
    Committed,
    /// A picker is on the way.
    Allocated,
    /// In a tote.
    Picked,
    /// In a parcel.
    Packed,
}

impl Stage {
    /// All, in the order in which a promise passes them; a release begins with the first.
    pub const ALL: [Stage; 5] =
        [Stage::Held, Stage::Committed, Stage::Allocated, Stage::Picked, Stage::Packed];
}

/// Units promised to a line, by stage. It has units held or units committed, never both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Promise {
    stages: [u32; 5],
    /// Held or committed units that are not there.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) short_open: u32,
    /// Allocated units that are not there.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) short_allocated: u32,
    /// Taken from the bin for this fulfilment, whatever became of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) taken: u32,
    /// Packed for this fulfilment, whatever became of them.
    #[serde(skip_serializing_if = "is_zero")]
    pub(super) boxed: u32,
    /// Which fulfilment sends it, and from where; the last one, when nothing of it is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) source: Option<Source>,
    /// Counts up with every promise of the SKU: the newest gives way first.
    pub(super) age: u64,
}

/// Where a promise is taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) fulfilment: u32,
    pub(super) site: SiteId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<CompactString>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) lot: Option<CompactString>,
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Promise {
    /// Units at a stage.
    pub fn at(&self, stage: Stage) -> u32 {
        self.stages[stage as usize]
    }

    /// Units of all stages.
    pub fn total(&self) -> u32 {
        self.stages.iter().sum()
    }

    /// Units that are promised and not there.
    pub fn short(&self) -> u32 {
        self.short_open + self.short_allocated
    }

    /// The site that sends it, once it is allocated.
    pub fn site(&self) -> Option<&SiteId> {
        self.source.as_ref().map(|source| &source.site)
    }

    /// Units at a stage that are not there.
    pub(super) fn short_at(&self, stage: Stage) -> u32 {
        match stage {
            Stage::Held | Stage::Committed => self.short_open.min(self.at(stage)),
            Stage::Allocated => self.short_allocated,
            // What is in a tote is there.
            Stage::Picked | Stage::Packed => 0,
        }
    }

    /// Units that a site has set aside, or has already taken.
    pub(super) fn at_site(&self) -> u32 {
        self.stages[Stage::Allocated as usize..].iter().sum()
    }

    pub(super) fn add(&mut self, stage: Stage, units: u32) {
        self.stages[stage as usize] += units;
    }

    /// Takes as many as there are, and says how many.
    pub(super) fn take(&mut self, stage: Stage, units: u32) -> u32 {
        let taken = units.min(self.at(stage));
        self.stages[stage as usize] -= taken;
        taken
    }
}
